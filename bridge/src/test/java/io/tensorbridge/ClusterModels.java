package io.tensorbridge;

import static java.util.Objects.requireNonNull;
import static org.apache.spark.sql.functions.col;

import io.tensorbridge.model.internal.FileContents;
import io.tensorbridge.model.internal.PrivateDirectory;
import io.tensorbridge.tensor.Program;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskFailedReason;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.tensorflow.Graph;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Session;
import org.tensorflow.Signature;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat64;

/** What becomes of models on a cluster: how their files get there, and what is said if they do not load. */
final class ClusterModels {

    private static final int ROWS = 400;

    private ClusterModels() {}

    /** Runs a model whose weights do not fit into one piece; its directory is gone before. */
    static String longModel(SparkSession spark) throws IOException {
        double[] weights = new Random(7).doubles(2_500_000).toArray(); // 20 MB that no compression makes shorter
        return outcome(model("weights", weights), weights[weights.length - 1], spark);
    }

    /** Runs a model of which a file is another when one of the executors reads it for the first time. */
    static String tamperedModel(SparkSession spark) throws IOException {
        double[] weights = {1, 2, 3};
        Program model = model("tampered", weights);
        Program shipped = model.movedBy(files -> files.movedBy((path, contents) -> {
            try (InputStream in = contents.open()) {
                return path.startsWith("variables/variables.data") ? new TamperedOnce(in.readAllBytes()) : contents;
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }));
        Failures failures = new Failures();
        spark.sparkContext().addSparkListener(failures);
        String outcome = outcome(shipped, weights[2], spark);
        return "%s, %s".formatted(outcome, failures.sayingOnly("they were changed on their way"));
    }

    /** Runs a program where its natives cannot be unpacked. */
    static String withoutNatives(SparkSession spark) throws InterruptedException {
        Failures failures = new Failures();
        spark.sparkContext().addSparkListener(failures);
        Program program = Program.build(tf -> {
            var x = TensorFrames.placeholder(tf, "x", TFloat64.class, Shape.of(-1));
            return TensorFrames.outputs("z", tf.math.neg(x));
        });
        String message = ClusterFaults.message(
                TensorFrames.mapBlocks(program).apply(numbers(spark).coalesce(1)));
        return "%s / %s".formatted(failures.sayingOnly("Cannot load TensorFlow"), message);
    }

    private static Dataset<Row> numbers(SparkSession spark) {
        return spark.range(0, ROWS, 1, 4).select(col("id").cast("double").as("x"));
    }

    private static String outcome(Program program, double added, SparkSession spark) {
        List<Double> expected =
                IntStream.range(0, ROWS).mapToObj(x -> x + added).toList();
        List<Double> found = TensorFrames.mapBlocks(program)
                .apply(numbers(spark))
                .select("z")
                .as(Encoders.DOUBLE())
                .collectAsList();
        return found.equals(expected) ? "exact" : "not exact";
    }

    /** Returns a model that adds the last of its weights to every row. */
    private static Program model(String name, double[] weights) throws IOException {
        Path directory = Files.createTempDirectory("model").resolve(name);
        try (var graph = new Graph();
                var values = TFloat64.tensorOf(StdArrays.ndCopyOf(weights))) {
            Ops tf = Ops.create(graph);
            var variable = tf.withName("v").variable(Shape.of(weights.length), TFloat64.class);
            var value = tf.placeholder(TFloat64.class, Placeholder.shape(Shape.of(weights.length)));
            var assign = tf.assign(variable, value);
            var x = tf.placeholder(TFloat64.class, Placeholder.shape(Shape.of(-1)));
            var last = tf.slice(variable, tf.constant(new int[] {weights.length - 1}), tf.constant(new int[] {1}));
            try (var session = new Session(graph)) {
                session.runner().feed(value, values).addTarget(assign).run().close();
                SavedModelBundle.exporter(directory.toString())
                        .withTags("serve")
                        .withSession(session)
                        .withSignature(Signature.builder()
                                .key("serving_default")
                                .input("x", x)
                                .output("z", tf.math.add(x, last))
                                .build())
                        .export();
            }
        }
        try {
            return Program.fromSavedModel(directory);
        } finally {
            PrivateDirectory.delete(requireNonNull(directory.getParent()));
        }
    }

    /** Contents that are others on one executor, once. */
    private static final class TamperedOnce implements FileContents, Serializable {

        private static final AtomicBoolean TAMPERED = new AtomicBoolean();

        private final byte[] bytes;

        TamperedOnce(byte[] bytes) {
            this.bytes = bytes;
        }

        @Override
        public InputStream open() {
            byte[] read = bytes.clone();
            if (SparkEnv.get().executorId().equals("0") && TAMPERED.compareAndSet(false, true)) {
                read[0] ^= 1;
            }
            return new ByteArrayInputStream(read);
        }
    }

    /** Why tasks failed. */
    private static final class Failures extends SparkListener {

        private final Queue<String> reasons = new ConcurrentLinkedQueue<>();

        @Override
        public void onTaskEnd(SparkListenerTaskEnd end) {
            if (end.reason() instanceof TaskFailedReason failed) {
                reasons.add(failed.toErrorString());
            }
        }

        /** Returns in how many attempts this was said, unless something else was said in some. */
        String sayingOnly(String words) {
            List<String> others =
                    reasons.stream().filter(reason -> !reason.contains(words)).toList();
            return others.isEmpty() ? "said in %d attempts".formatted(reasons.size()) : others.get(0);
        }
    }
}
