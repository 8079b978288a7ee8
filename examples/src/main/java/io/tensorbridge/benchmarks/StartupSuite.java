package io.tensorbridge.benchmarks;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.benchmarks.Comparison.median;
import static io.tensorbridge.benchmarks.Comparison.print;
import static io.tensorbridge.benchmarks.Comparison.seconds;
import static org.apache.spark.sql.functions.col;

import io.tensorbridge.RunMetrics;
import io.tensorbridge.tensor.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.tensorflow.Graph;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Session;
import org.tensorflow.Signature;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Gather;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.random.RandomUniform;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/**
 * What a large model costs a job of many small partitions: it is shipped and loaded once, and each task pays next to nothing.
 *
 * <p>The model is a table of 100 MB, a variable in a checkpoint, of which a run looks up one row. It is another one in each
 * round, so nobody has it yet. Beside it stands what cannot be had for less: the same job with a projection in place of the
 * model, one load through TensorFlow's C API and as many runs.
 */
final class StartupSuite {

    private static final int PARTITIONS = 1_000;
    private static final int ROWS = 100_000;
    private static final int WIDTH = 256;
    private static final int WARM_UPS = 3;
    private static final int JOBS_OF_A_WARM_UP = 8; // code that is not compiled yet would be most of what is measured
    private static final int ROUNDS = 7;

    private StartupSuite() {}

    static void run() throws IOException {
        SparkSession spark = LocalSpark.on(2);
        Path models = Files.createTempDirectory("tensorbridge-startup-");
        try {
            Map<String, double[]> parts = new LinkedHashMap<>();
            for (int round = -WARM_UPS; round < ROUNDS; round++) {
                Path model = models.resolve("table" + (round + WARM_UPS));
                export(model, round);
                if (round < 0) {
                    warmUp(spark, model);
                }
                for (var part : measure(spark, model, round % 2 == 0).entrySet()) {
                    if (round >= 0) {
                        parts.computeIfAbsent(part.getKey(), any -> new double[ROUNDS])[round] = part.getValue();
                    }
                }
                delete(model);
            }
            parts.forEach((part, seconds) -> print("startup: %s %.3f s", part, median(seconds)));
            double[] ratios = new double[ROUNDS];
            double[] ratiosOfJobs = new double[ROUNDS];
            for (int round = 0; round < ROUNDS; round++) {
                double theirs = sum(parts, round, PROJECTION, LOAD, RUNS);
                ratios[round] = sum(parts, round, READ, JOB) / theirs;
                ratiosOfJobs[round] = sum(parts, round, JOB) / theirs;
            }
            print("ratio startup-of-the-job-alone: %.3f", median(ratiosOfJobs));
            print("ratio startup: %.3f", median(ratios));
        } finally {
            spark.stop();
            delete(models);
        }
    }

    private static final String READ = "reading the model on the driver";
    private static final String JOB = "1000 partitions of one row through the model";
    private static final String JOB_AGAIN = "the same again, with the session there";
    private static final String PROJECTION = "1000 partitions of one row through a projection";
    private static final String LOAD = "one bare load";
    private static final String RUNS = "1000 bare runs";

    private static double sum(Map<String, double[]> parts, int round, String... names) {
        double sum = 0;
        for (String name : names) {
            sum += parts.getOrDefault(name, new double[ROUNDS])[round];
        }
        return sum;
    }

    private static Map<String, Double> measure(SparkSession spark, Path model, boolean oursFirst) {
        Map<String, Double> parts = new LinkedHashMap<>();
        if (oursFirst) {
            ours(spark, model, parts);
        }
        Dataset<Row> ids = ids(spark);
        parts.put(PROJECTION, seconds(() -> write(projected(ids))));
        bare(model, parts);
        if (!oursFirst) {
            ours(spark, model, parts);
        }
        return parts;
    }

    private static void warmUp(SparkSession spark, Path model) {
        Dataset<Row> mapped = mapBlocks(Program.fromSavedModel(model)).apply(ids(spark));
        for (int job = 0; job < JOBS_OF_A_WARM_UP; job++) {
            write(mapped);
            write(projected(ids(spark)));
        }
    }

    private static Dataset<Row> projected(Dataset<Row> ids) {
        return ids.select(col("id"), col("id").cast("float").plus(1));
    }

    private static void ours(SparkSession spark, Path model, Map<String, Double> parts) {
        Program[] read = new Program[1];
        parts.put(READ, seconds(() -> read[0] = Program.fromSavedModel(model)));
        Dataset<Row> mapped = mapBlocks(read[0]).apply(ids(spark));
        parts.put(JOB, seconds(() -> write(mapped)));
        parts.put(JOB_AGAIN, seconds(() -> write(mapped)));
        long loads = RunMetrics.of(mapped).sessionsLoaded();
        if (loads > 1) {
            throw new IllegalStateException("Expected one load, found " + loads);
        }
    }

    private static void bare(Path model, Map<String, Double> parts) {
        BareModel[] loaded = new BareModel[1];
        parts.put(LOAD, seconds(() -> loaded[0] = new BareModel(model, "in", "out")));
        try (BareModel bare = loaded[0]) {
            parts.put(RUNS, seconds(() -> {
                for (int id = 0; id < PARTITIONS; id++) {
                    float sum = bare.run(id);
                    if (!(sum > 0 && sum < WIDTH)) {
                        throw new IllegalStateException("Expected a sum of %d values, found %f".formatted(WIDTH, sum));
                    }
                }
            }));
        }
    }

    private static Dataset<Row> ids(SparkSession spark) {
        return spark.range(0, PARTITIONS, 1, PARTITIONS).toDF();
    }

    private static void write(Dataset<Row> rows) {
        rows.write().format("noop").mode("overwrite").save();
    }

    private static void export(Path directory, long seed) throws IOException {
        try (var graph = new Graph()) {
            Ops tf = Ops.create(graph);
            var table = tf.withName("table").variable(Shape.of(ROWS, WIDTH), TFloat32.class);
            var values = tf.random.randomUniform(
                    tf.constant(new int[] {ROWS, WIDTH}),
                    TFloat32.class,
                    RandomUniform.seed(seed).seed2(1L));
            var assign = tf.assign(table, values);
            var id = tf.withName("in").placeholder(TInt64.class, Placeholder.shape(Shape.of(-1)));
            var rows = tf.gather(table, id, tf.constant(0), new Gather.Options[0]);
            var sum = tf.withName("out").reduceSum(rows, tf.constant(1));
            try (var session = new Session(graph)) {
                session.runner().addTarget(assign).run().close();
                SavedModelBundle.exporter(directory.toString())
                        .withTags("serve")
                        .withSession(session)
                        .withSignature(Signature.builder()
                                .key("serving_default")
                                .input("id", id)
                                .output("sum", sum)
                                .build())
                        .export();
            }
        }
    }

    private static void delete(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : (Iterable<Path>) files.sorted(Comparator.reverseOrder())::iterator) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
