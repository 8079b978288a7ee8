package io.tensorbridge;

import io.tensorbridge.arrow.BlockLimits;
import io.tensorbridge.arrow.GroupLimits;
import io.tensorbridge.internal.bind.RunSettings;
import io.tensorbridge.model.ModelPolicy;
import io.tensorbridge.tensor.Device;
import io.tensorbridge.tensor.Devices;
import io.tensorbridge.tensor.SessionOptions;
import java.time.Duration;
import java.util.Arrays;
import java.util.regex.Pattern;
import org.apache.spark.SparkContext;
import org.apache.spark.network.util.JavaUtils;
import org.apache.spark.sql.RuntimeConfig;

/** The keys that a Spark session's configuration may set, and their defaults. */
public final class TensorFramesOptions {

    /** Rows in a block, at most: {@value} (default {@value #DEFAULT_BLOCK_ROWS}). */
    public static final String BLOCK_ROWS = "spark.tensorbridge.blockRows";

    /** Bytes of a block's fed columns and of what they yield, about: {@value} (default {@value #DEFAULT_BLOCK_BYTES}). */
    public static final String BLOCK_BYTES = "spark.tensorbridge.blockBytes";

    /**
     * How long one run of a program may take: {@value} (default {@value #DEFAULT_RUN_TIMEOUT}), with a unit as in {@code 30s}.
     * A loop that does not end is cut short then, and the task fails.
     */
    public static final String RUN_TIMEOUT = "spark.tensorbridge.runTimeout";

    /**
     * Bytes that the groups of an aggregation may take in a task, about, before they are given up to the shuffle: {@value}
     * (default {@value #DEFAULT_AGGREGATE_BYTES}). Twice as much goes to keys.
     */
    public static final String AGGREGATE_BYTES = "spark.tensorbridge.aggregateBytes";

    /**
     * How many sessions that no task uses an executor keeps, at most: {@value} (default {@value #DEFAULT_IDLE_SESSIONS}). What
     * the last task said holds; 0 keeps none.
     */
    public static final String IDLE_SESSIONS = "spark.tensorbridge.idleSessions";

    /**
     * How many bytes these have, at most, by the files of their programs: {@value} (default
     * {@value #DEFAULT_IDLE_SESSION_BYTES}).
     */
    public static final String IDLE_SESSION_BYTES = "spark.tensorbridge.idleSessionBytes";

    /**
     * Operations that models may have beyond the standard policy, separated by commas: {@value} (default none), for models
     * that are loaded through the session. It is read from the configuration that the SparkContext was started with: what
     * a session sets later, as by SQL's {@code SET}, does not widen it.
     */
    public static final String ALLOW_OPS = "spark.tensorbridge.allowOps";

    /**
     * Whether programs may run only if their models were loaded with the SHA-256 that they must have: {@value} (default
     * {@code false}). Read likewise. Programs that driver code builds are no models.
     */
    public static final String REQUIRE_PINNED_MODELS = "spark.tensorbridge.requirePinnedModels";

    /**
     * Where programs run: {@value} (default {@value #DEFAULT_DEVICE}), which is a GPU if TensorFlow finds one and else the
     * CPU; {@code cpu}; or {@code gpu}, which is an error where there is none. A task that Spark has given a GPU runs on
     * that one.
     */
    public static final String DEVICE = "spark.tensorbridge.device";

    private static final Pattern LOCAL = Pattern.compile("local(\\[.*])?");

    static final String DEFAULT_DEVICE = "auto";
    static final String DEFAULT_RUN_TIMEOUT = "10min";
    static final int DEFAULT_BLOCK_ROWS = 16_384;
    static final long DEFAULT_BLOCK_BYTES = 4L << 20;
    static final long DEFAULT_AGGREGATE_BYTES = 64L << 20;
    static final int DEFAULT_IDLE_SESSIONS = 16;
    static final long DEFAULT_IDLE_SESSION_BYTES =
            2L << 30; // a few models of the size of BERT, any number of small ones

    /**
     * Rows of a partition's first run by bytes of the program: a run cannot be interrupted, and nobody knows yet how long it
     * takes. A model of 440 MB begins with a row, one of 4 KB with as many as there are.
     */
    private static final long BYTES_OF_FIRST_RUN = 64L << 20;

    private TensorFramesOptions() {}

    private static int blockRows(RuntimeConfig conf) {
        long rows = number(conf, BLOCK_ROWS, DEFAULT_BLOCK_ROWS);
        if (rows > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("Invalid %s: must be at most %d, found %d. Lower it"
                    .formatted(BLOCK_ROWS, Integer.MAX_VALUE, rows));
        }
        return (int) rows;
    }

    /**
     * Returns the limits that hold in a session for an operation, which may set its own rows.
     *
     * @param resultBytesPerRow bytes that the program gives for a row, as far as is known
     */
    static BlockLimits limits(RuntimeConfig conf, Refinements refinements, long resultBytesPerRow) {
        var limits = new BlockLimits(
                refinements.blockRows().orElseGet(() -> blockRows(conf)),
                number(conf, BLOCK_BYTES, DEFAULT_BLOCK_BYTES),
                resultBytesPerRow);
        return limits.beginningWith(Math.max(
                1, BYTES_OF_FIRST_RUN / Math.max(1, refinements.program().bytes())));
    }

    /** Returns what holds in a session for running programs. */
    static RunSettings runSettings(RuntimeConfig conf) {
        return new RunSettings(
                runTimeout(conf),
                device(conf),
                (int) Math.min(Integer.MAX_VALUE, number(conf, IDLE_SESSIONS, DEFAULT_IDLE_SESSIONS, 0)),
                number(conf, IDLE_SESSION_BYTES, DEFAULT_IDLE_SESSION_BYTES, 0));
    }

    /** Where this process is the executor as well, what is not there is found out before a job starts. */
    private static Device device(RuntimeConfig conf) {
        String value = conf.get(DEVICE, DEFAULT_DEVICE);
        Device device = Arrays.stream(Device.values())
                .filter(any -> any.name().equalsIgnoreCase(value))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "Invalid %s: must be auto, cpu or gpu, found '%s'".formatted(DEVICE, value)));
        if (device == Device.GPU && LOCAL.matcher(conf.get("spark.master", "")).matches()) {
            var options = SessionOptions.onCallingThread(Integer.parseInt(conf.get("spark.task.cpus", "1")));
            Devices.require("Cannot run programs on a GPU", options.device(device));
        }
        return device;
    }

    private static Duration runTimeout(RuntimeConfig conf) {
        String value = conf.get(RUN_TIMEOUT, DEFAULT_RUN_TIMEOUT);
        long millis;
        try {
            millis = JavaUtils.timeStringAsMs(value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "Invalid %s: must be a time with a unit, such as 30s, found '%s'".formatted(RUN_TIMEOUT, value), e);
        }
        if (millis < 1) {
            throw new IllegalArgumentException("Invalid %s: must be positive, found %s".formatted(RUN_TIMEOUT, value));
        }
        return Duration.ofMillis(millis);
    }

    /** Returns the limits of blocks of grouped rows. */
    static GroupLimits groupLimits(RuntimeConfig conf, BlockLimits limits) {
        return new GroupLimits(limits, number(conf, AGGREGATE_BYTES, DEFAULT_AGGREGATE_BYTES));
    }

    /** Returns what models may do that are loaded through a session. */
    static ModelPolicy modelPolicy(SparkContext context) {
        String[] ops = Arrays.stream(context.getConf().get(ALLOW_OPS, "").split(","))
                .map(String::strip)
                .filter(op -> !op.isEmpty())
                .toArray(String[]::new);
        try {
            return ModelPolicy.standard().allowOps(ops);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "Invalid %s: must be names of operations, separated by commas, found '%s' (%s)"
                            .formatted(ALLOW_OPS, String.join(",", ops), e.getMessage()),
                    e);
        }
    }

    static boolean requiresPinnedModels(SparkContext context) {
        String value = context.getConf().get(REQUIRE_PINNED_MODELS, "false");
        if (!value.equals("true") && !value.equals("false")) {
            throw new IllegalArgumentException(
                    "Invalid %s: must be true or false, found '%s'".formatted(REQUIRE_PINNED_MODELS, value));
        }
        return value.equals("true");
    }

    private static long number(RuntimeConfig conf, String key, long otherwise) {
        return number(conf, key, otherwise, 1);
    }

    private static long number(RuntimeConfig conf, String key, long otherwise, int least) {
        String value = conf.get(key, Long.toString(otherwise));
        long number;
        try {
            number = Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("Invalid %s: must be a number, found '%s'".formatted(key, value), e);
        }
        if (number < least) {
            throw new IllegalArgumentException("Invalid %s: must %s, found %s"
                    .formatted(key, least == 0 ? "not be negative" : "be positive", value));
        }
        return number;
    }
}
