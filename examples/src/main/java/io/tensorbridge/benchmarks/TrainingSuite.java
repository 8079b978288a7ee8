package io.tensorbridge.benchmarks;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.benchmarks.Comparison.print;
import static org.apache.spark.sql.functions.col;

import io.tensorbridge.examples.FashionPictures;
import io.tensorbridge.train.TrainedProgram;
import io.tensorbridge.train.Trainer;
import io.tensorbridge.train.graph.Initialiser;
import io.tensorbridge.train.graph.LearningRate;
import io.tensorbridge.train.graph.Optimizer;
import io.tensorbridge.train.graph.TrainingGraph;
import io.tensorbridge.train.graph.TrainingProgram;
import io.tensorbridge.train.graph.UpdateRule;
import io.tensorbridge.train.worker.EpochResult;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.ToDoubleFunction;
import org.apache.spark.ml.classification.MultilayerPerceptronClassificationModel;
import org.apache.spark.ml.classification.MultilayerPerceptronClassifier;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;

/**
 * Training: against Spark ML's perceptron on the same rows to the same accuracy; a step against the same graph in a bare loop; and
 * two workers against two that do not know of each other.
 */
final class TrainingSuite {

    private static final int PIXELS = FashionPictures.SIDE * FashionPictures.SIDE;
    private static final int HIDDEN = 128;
    private static final int CLASSES = 10;
    private static final int WORKERS = 2;
    private static final int BATCH = 128;
    private static final double RATE = 0.001;
    private static final int ROUNDS = 3;
    private static final int EPOCHS = 3;
    private static final int ITERATIONS = 60;

    private TrainingSuite() {}

    static void run(Path wholeDataSet) throws Exception {
        SparkSession spark = LocalSpark.on(WORKERS);
        try {
            FashionPictures.Split pictures = java.nio.file.Files.isDirectory(wholeDataSet)
                    ? FashionPictures.whole(spark, wholeDataSet)
                    : FashionPictures.split(spark, 8_000);
            Dataset<Row> training = vectors(spark, pictures.training());
            Dataset<Row> heldOut = vectors(spark, pictures.heldOut());
            double mlp = perceptron(training, heldOut);
            double step = step(bytes(pictures.training()));
            double scaling = scaling(training);
            print("ratio mlp: %.2f", mlp);
            print("ratio step: %.3f", step);
            print("ratio scaling: %.3f", scaling);
        } finally {
            spark.stop();
        }
    }

    /** Returns the pictures as Spark ML takes them, cached: {@code features}, from 0 to 1, and {@code label}. */
    private static Dataset<Row> vectors(SparkSession spark, Dataset<Row> pictures) {
        StructType schema = new StructType()
                .add("features", SQLDataTypes.VectorType(), false)
                .add("label", "double", false);
        List<Row> rows = new ArrayList<>();
        for (Row row : pictures.collectAsList()) {
            byte[] bytes = row.getAs("pixels");
            double[] values = new double[bytes.length];
            for (int i = 0; i < values.length; i++) {
                values[i] = (bytes[i] & 0xff) / 255.0;
            }
            rows.add(RowFactory.create(Vectors.dense(values), (double) row.getInt(1)));
        }
        Dataset<Row> df =
                spark.createDataFrame(rows, schema).repartition(WORKERS).persist(StorageLevel.MEMORY_ONLY());
        df.count();
        return df;
    }

    private static Dataset<Row> bytes(Dataset<Row> pictures) {
        Dataset<Row> df = pictures.repartition(WORKERS).persist(StorageLevel.MEMORY_ONLY());
        df.count();
        return df;
    }

    /** The rule of all steps here. */
    static UpdateRule rule(LearningRate rate) {
        return new UpdateRule(
                Optimizer.adam(),
                rate,
                /* weightDecay= */ 0,
                Double.POSITIVE_INFINITY,
                Double.POSITIVE_INFINITY,
                /* accumulate= */ 1,
                UpdateRule.Wire.FLOAT);
    }

    /**
     * Returns what is trained, on {@code features} and {@code label} as Spark ML has them.
     *
     * @param name {@code small}: 784-128-10; {@code bytes}: the same on pixels of a byte; {@code large}: convolutions, whose step takes 50 ms and more and whose gradients are few
     */
    static TrainingProgram program(String name) {
        return TrainingProgram.build(t -> {
            Ops tf = t.ops();
            boolean bytes = name.equals("bytes");
            Operand<TFloat32> pixels = bytes
                    ? tf.math.div(
                            tf.dtypes.cast(t.input("pixels", TUint8.class, PIXELS), TFloat32.class), tf.constant(255f))
                    : tf.dtypes.cast(t.input("features", TFloat64.class, PIXELS), TFloat32.class);
            Operand<TInt32> label = bytes
                    ? t.input("label", TInt32.class)
                    : tf.dtypes.cast(t.input("label", TFloat64.class), TInt32.class);
            Operand<TFloat32> values = pixels;
            int width = PIXELS;
            if (name.equals("large")) {
                Operand<TFloat32> picture =
                        tf.reshape(pixels, tf.constant(new int[] {-1, FashionPictures.SIDE, FashionPictures.SIDE, 1}));
                Operand<TFloat32> second = convolution(t, "second", convolution(t, "first", picture, 1, 32), 32, 48);
                width = 7 * 7 * 48;
                values = tf.reshape(pooled(tf, pooled(tf, second)), tf.constant(new int[] {-1, width}));
            } else {
                values = tf.nn.relu(dense(t, "hidden", pixels, PIXELS, HIDDEN));
                width = HIDDEN;
            }
            Operand<TFloat32> scores = dense(t, "scores", values, width, CLASSES);
            Operand<TFloat32> oneHot = tf.oneHot(label, tf.constant(CLASSES), tf.constant(1f), tf.constant(0f));
            t.loss(tf.math.mean(
                    tf.nn.softmaxCrossEntropyWithLogits(scores, oneHot).loss(), tf.constant(0)));
            t.output("guess", tf.dtypes.cast(tf.math.argMax(scores, tf.constant(1), TInt32.class), TFloat64.class));
        });
    }

    private static Operand<TFloat32> dense(TrainingGraph t, String name, Operand<TFloat32> x, int from, int to) {
        Operand<TFloat32> kernel = t.variable(name + "/kernel", Initialiser.glorot(), from, to);
        return t.ops().math.add(t.ops().linalg.matMul(x, kernel), t.variable(name + "/bias", Initialiser.zeros(), to));
    }

    private static Operand<TFloat32> convolution(TrainingGraph t, String name, Operand<TFloat32> x, int from, int to) {
        Operand<TFloat32> kernel = t.variable(name + "/kernel", Initialiser.he(), 3, 3, from, to);
        return t.ops().nn.relu(t.ops().nn.conv2d(x, kernel, List.of(1L, 1L, 1L, 1L), "SAME"));
    }

    private static Operand<TFloat32> pooled(Ops tf, Operand<TFloat32> x) {
        Operand<TInt32> two = tf.constant(new int[] {1, 2, 2, 1});
        return tf.nn.maxPool(x, two, two, "VALID");
    }

    /** Returns how many times as long Spark ML's perceptron takes to the same accuracy. */
    private static double perceptron(Dataset<Row> training, Dataset<Row> heldOut) {
        Trainer trainer = Trainer.of(program("small"))
                .workers(WORKERS)
                .epochs(EPOCHS)
                .batchRows(BATCH)
                .learningRate(2 * RATE);
        MultilayerPerceptronClassifier perceptron = new MultilayerPerceptronClassifier()
                .setLayers(new int[] {PIXELS, HIDDEN, CLASSES})
                .setBlockSize(128)
                .setSeed(1);
        trainer.epochs(1).fit(training); // the first of all
        perceptron.copy(ParamMap.empty()).setMaxIter(2).fit(training);
        double[] ours = new double[ROUNDS];
        double[] theirs = new double[ROUNDS];
        for (int round = 0; round < ROUNDS; round++) {
            List<MultilayerPerceptronClassificationModel> model = new ArrayList<>();
            theirs[round] = Comparison.seconds(
                    () -> model.add(perceptron.setMaxIter(ITERATIONS).fit(training)));
            List<TrainedProgram> trained = new ArrayList<>();
            ours[round] = Comparison.seconds(() -> trained.add(trainer.fit(training)));
            double their = accuracy(model.get(0).transform(heldOut), "prediction");
            double our = accuracy(mapBlocks(trained.get(0).program()).apply(heldOut), "guess");
            print(
                    "perceptron 784-128-10 on %d rows: ours %.2f s to %.4f, MultilayerPerceptronClassifier %.2f s to %.4f",
                    training.count(), ours[round], our, theirs[round], their);
            if (our < their) {
                throw new IllegalStateException("Expected an accuracy of %f and more, found %f".formatted(their, our));
            }
        }
        return Comparison.median(theirs) / Comparison.median(ours);
    }

    private static double accuracy(Dataset<Row> scored, String guess) {
        return (double) scored.where(col(guess).equalTo(col("label"))).count() / scored.count();
    }

    /** Returns how many times as long a step of ours takes as the same graph in a bare loop. */
    private static double step(Dataset<Row> training) {
        Trainer trainer = Trainer.of(program("bytes"))
                .workers(WORKERS)
                .batchRows(BATCH)
                .learningRate(RATE)
                .epochs(8);
        Comparison.Result result = Comparison.inTurn(
                0,
                ROUNDS,
                () -> {
                    List<EpochResult> epochs = trainer.fit(training).epochs();
                    return medianOf(epochs, epoch -> 1e3 * epoch.seconds() / stepsOf(epochs, epoch));
                },
                () -> bareSteps(BATCH));
        print("step of 2 x %d rows: ours %.3f ms, bare %.3f ms", BATCH, result.ours(), result.theirs());
        return result.oursOverTheirs();
    }

    private static long stepsOf(List<EpochResult> epochs, EpochResult epoch) {
        return epoch.step()
                / epochs.stream().filter(each -> each.step() <= epoch.step()).count();
    }

    /** Returns the median over the epochs, but for the first one, in which all is done for the first time. */
    private static double medianOf(List<EpochResult> epochs, ToDoubleFunction<EpochResult> what) {
        return Comparison.median(epochs.stream().skip(1).mapToDouble(what).toArray());
    }

    /** Runs bare workers in processes of their own, as ours are; returns the milliseconds of a step of the first. */
    private static double bareSteps(int batch) {
        try {
            int port = freePorts();
            List<Process> workers = new ArrayList<>();
            for (int rank = 0; rank < WORKERS; rank++) {
                List<String> command = new ArrayList<>(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-Xmx256m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        BareWorker.class.getName()));
                for (int argument : new int[] {rank, WORKERS, port, batch, 230, 8}) {
                    command.add(Integer.toString(argument));
                }
                workers.add(new ProcessBuilder(command)
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start());
            }
            List<Double> rounds = new ArrayList<>();
            try (BufferedReader lines = workers.get(0).inputReader(StandardCharsets.UTF_8)) {
                lines.lines().forEach(line -> rounds.add(Double.parseDouble(line)));
            }
            for (Process worker : workers) {
                worker.destroyForcibly().waitFor();
            }
            return Comparison.median(
                    rounds.stream().skip(1).mapToDouble(Double::doubleValue).toArray());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException("Interrupted", e);
        }
    }

    /** Returns the first of as many free ports as there are workers. */
    private static int freePorts() throws IOException {
        while (true) {
            try (var first = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                int port = first.getLocalPort();
                try (var second = new ServerSocket(port + 1, 1, InetAddress.getLoopbackAddress())) {
                    return second.getLocalPort() - 1;
                } catch (IOException taken) {
                    print("port %d is taken", port + 1);
                }
            }
        }
    }

    /** Returns the rows a second of two workers over those of two that do not know of each other, at the same time. */
    private static double scaling(Dataset<Row> training) {
        Trainer trainer =
                Trainer.of(program("large")).batchRows(BATCH).learningRate(RATE).epochs(3);
        Dataset<Row> rows =
                training.limit(WORKERS * BATCH * 15).repartition(WORKERS).persist(StorageLevel.MEMORY_ONLY());
        Dataset<Row> half = training.limit(BATCH * 15).repartition(1).persist(StorageLevel.MEMORY_ONLY());
        rows.count();
        half.count();
        Comparison.Result result = Comparison.inTurn(
                0, ROUNDS, () -> rowsASecond(trainer.workers(WORKERS).fit(rows)), () -> {
                    List<CompletableFuture<TrainedProgram>> fits = new ArrayList<>();
                    for (int i = 0; i < WORKERS; i++) {
                        fits.add(CompletableFuture.supplyAsync(
                                () -> trainer.workers(1).fit(half)));
                    }
                    return fits.stream()
                            .mapToDouble(fit -> rowsASecond(fit.join()))
                            .sum();
                });
        print(
                "large network: %.0f rows a second of two workers, a step %.1f ms; %.0f of two alone",
                result.ours(), 1e3 * WORKERS * BATCH / result.ours(), result.theirs());
        rows.unpersist();
        half.unpersist();
        return result.oursOverTheirs();
    }

    private static double rowsASecond(TrainedProgram trained) {
        return medianOf(trained.epochs(), epoch -> epoch.rows() / epoch.seconds());
    }
}
