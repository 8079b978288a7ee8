package io.tensorbridge.internal.run;

import io.tensorbridge.arrow.BlockCopies;
import io.tensorbridge.tensor.CopyReason;
import io.tensorbridge.tensor.TransferLedger;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.execution.metric.SQLMetric;
import org.apache.spark.sql.execution.metric.SQLMetrics;
import scala.jdk.javaapi.CollectionConverters;

/** What one operator counts: shown on its node in Spark's UI, summed over tasks on the driver. */
public final class TaskMetrics implements Serializable {

    public static final String BLOCKS = "blocks";
    public static final String ROWS = "numOutputRows";
    public static final String DROPPED = "rowsDropped";
    public static final String FAILED = "rowsFailed";
    public static final String ALIASED = "bytesAliased";
    public static final String SESSIONS = "sessionsLoaded";
    public static final String LOAD = "sessionLoadTime";
    public static final String RUN = "runTime";
    public static final String PEAK = "peakNativeBytes";
    public static final String ON_GPU = "sessionsOnGpu";
    private static final String COPIED = "bytesCopied.";

    /** What nearly every task has something to add to. */
    private static final List<String> USUAL =
            List.of(BLOCKS, ROWS, ALIASED, RUN, PEAK, key(BlockCopies.Source.ROWS), key(BlockCopies.Source.COLUMNS));

    private final SQLMetric[] usual; // in the order of USUAL, whose words need not travel with each task
    private final RareMetrics rare;

    private TaskMetrics(Map<String, SQLMetric> metrics) {
        Map<String, SQLMetric> others = new LinkedHashMap<>(metrics);
        usual = USUAL.stream().map(others::remove).toArray(SQLMetric[]::new);
        rare = new RareMetrics(others);
    }

    /** Creates the metrics, on the driver. */
    public static TaskMetrics register(SparkContext context) {
        Map<String, SQLMetric> metrics = new LinkedHashMap<>();
        metrics.put(BLOCKS, SQLMetrics.createMetric(context, "number of blocks"));
        metrics.put(ROWS, SQLMetrics.createMetric(context, "number of output rows"));
        metrics.put(DROPPED, SQLMetrics.createMetric(context, "rows dropped for nulls"));
        metrics.put(FAILED, SQLMetrics.createMetric(context, "rows that failed alone"));
        metrics.put(ALIASED, SQLMetrics.createSizeMetric(context, "bytes aliased", 0));
        for (Enum<?> reason : reasons()) {
            metrics.put(key(reason), SQLMetrics.createSizeMetric(context, "bytes copied: " + label(reason.name()), 0));
        }
        metrics.put(SESSIONS, SQLMetrics.createMetric(context, "sessions loaded"));
        metrics.put(LOAD, SQLMetrics.createTimingMetric(context, "session load time", 0));
        metrics.put(RUN, SQLMetrics.createNanoTimingMetric(context, "time in Session.run", 0));
        metrics.put(ON_GPU, SQLMetrics.createMetric(context, "sessions used on a GPU"));
        metrics.put(PEAK, SQLMetrics.createSizeMetric(context, "peak native bytes", 0));
        return new TaskMetrics(metrics);
    }

    /** Returns all reasons: the one bulk copy into the block, what comes between Arrow and TensorFlow, and the rest. */
    private static List<Enum<?>> reasons() {
        var bulk = EnumSet.of(BlockCopies.Source.ROWS, BlockCopies.Source.COLUMNS);
        List<Enum<?>> reasons = new ArrayList<>(bulk);
        reasons.addAll(List.of(CopyReason.values()));
        reasons.addAll(EnumSet.complementOf(bulk));
        return reasons;
    }

    private static String key(Enum<?> reason) {
        return COPIED + label(reason.name());
    }

    private static String label(String name) {
        return name.toLowerCase(Locale.ROOT);
    }

    /** Returns the metrics by key, as a plan node hands them to Spark. */
    public scala.collection.immutable.Map<String, SQLMetric> byKey() {
        return scala.collection.immutable.Map.from(CollectionConverters.asScala(all()));
    }

    private Map<String, SQLMetric> all() {
        Map<String, SQLMetric> all = new LinkedHashMap<>(rare.all());
        for (int i = 0; i < usual.length; i++) {
            all.put(USUAL.get(i), usual[i]);
        }
        return all;
    }

    /** Returns the bytes copied, by reason. */
    public Map<String, Long> copied() {
        Map<String, Long> copied = new LinkedHashMap<>();
        all().forEach((key, metric) -> {
            if (key.startsWith(COPIED)) {
                copied.put(key.substring(COPIED.length()), (Long) metric.value());
            }
        });
        return copied;
    }

    /** Returns what was counted under a key. */
    public long value(String key) {
        return (Long) metric(key).value();
    }

    void add(String key, long value) {
        if (value != 0) {
            metric(key).add(value);
        }
    }

    void addCopies(BlockCopies copies) {
        for (BlockCopies.Source source : BlockCopies.Source.values()) {
            add(key(source), copies.bytes(source));
        }
    }

    void addTransfers(TransferLedger ledger) {
        add(ALIASED, ledger.aliasedBytes());
        for (CopyReason reason : CopyReason.values()) {
            add(key(reason), ledger.copiedBytes(reason));
        }
    }

    private SQLMetric metric(String key) {
        int index = USUAL.indexOf(key);
        SQLMetric metric = index >= 0 ? usual[index] : rare.all().get(key);
        if (metric == null) {
            throw new IllegalArgumentException("No metric '%s'".formatted(key));
        }
        return metric;
    }
}
