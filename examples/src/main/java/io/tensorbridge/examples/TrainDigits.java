package io.tensorbridge.examples;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Session;
import org.tensorflow.Signature;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;

/**
 * Makes what {@link ScoreDigits} scores with: trains the digit classifier and writes it as a saved model, its weights frozen
 * into constants; and writes the digits held out as Parquet.
 *
 * <p>Reads {@code examples/data/digits/digits.png}. Run it again with {@code examples/run TrainDigits}, which takes about a
 * minute and replaces {@code model} and {@code held-out.parquet} beside the picture; or name another directory to write to.
 */
public final class TrainDigits {

    private static final int EPOCHS = 14;
    private static final int BATCH = 50;
    private static final float LEARNING_RATE = 0.001f;
    private static final long SEED = 7;

    private TrainDigits() {}

    public static void main(String[] args) throws IOException {
        Path directory = args.length > 0 ? Path.of(args[0]) : ExampleFiles.data("digits");
        DigitPictures.Split digits = DigitPictures.read(ExampleFiles.data("digits/digits.png"));
        Map<String, TFloat32> weights = train(digits.training());
        try {
            export(weights, directory.resolve("model"));
        } finally {
            weights.values().forEach(TFloat32::close);
        }
        writeHeldOut(digits.heldOut(), directory.resolve("held-out.parquet"));
        System.out.println("model: " + directory.resolve("model"));
        System.out.println("held out: " + digits.heldOut().size());
    }

    /** Trains by Adam on the cross-entropy; returns the weights, which the caller closes. */
    private static Map<String, TFloat32> train(List<DigitPictures.Digit> digits) {
        try (var graph = new Graph()) {
            Ops tf = Ops.create(graph);
            var pixels = tf.withName("pixels")
                    .placeholder(TUint8.class, Placeholder.shape(Shape.of(-1, DigitPictures.SIDE, DigitPictures.SIDE)));
            var labels = tf.withName("labels").placeholder(TInt32.class, Placeholder.shape(Shape.of(-1)));
            var variables = new Variables(tf);
            Operand<TFloat32> logits = DigitNetwork.logits(tf, pixels, variables::add);
            Operand<TFloat32> oneHot =
                    tf.oneHot(labels, tf.constant(DigitNetwork.CLASSES), tf.constant(1f), tf.constant(0f));
            Operand<TFloat32> loss = tf.math.mean(
                    tf.nn.softmaxCrossEntropyWithLogits(logits, oneHot).loss(), tf.constant(0));
            List<Op> steps = variables.adam(graph, loss);
            var onCallingThread =
                    ConfigProto.newBuilder().setInterOpParallelismThreads(-1).build();
            try (var session = new Session(graph, onCallingThread)) {
                variables.initializers.forEach(
                        init -> session.runner().addTarget(init).run().close());
                var random = new Random(SEED);
                int step = 0;
                for (int epoch = 0; epoch < EPOCHS; epoch++) {
                    List<DigitPictures.Digit> shuffled = new ArrayList<>(digits);
                    java.util.Collections.shuffle(shuffled, random);
                    double sum = 0;
                    for (int at = 0; at + BATCH <= shuffled.size(); at += BATCH) {
                        sum += step(session, shuffled.subList(at, at + BATCH), loss, steps, ++step, random);
                    }
                    System.out.println(String.format(
                            Locale.ROOT, "epoch %d: loss %.4f", epoch + 1, sum * BATCH / shuffled.size()));
                }
                return variables.read(session);
            }
        }
    }

    private static double step(
            Session session,
            List<DigitPictures.Digit> batch,
            Operand<TFloat32> loss,
            List<Op> steps,
            int number,
            Random random) {
        int[] labels = batch.stream().mapToInt(DigitPictures.Digit::label).toArray();
        try (var pixels = pixelsOf(batch, random);
                var label = TInt32.vectorOf(labels);
                var decay1 = TFloat32.scalarOf((float) Math.pow(Variables.BETA_1, number));
                var decay2 = TFloat32.scalarOf((float) Math.pow(Variables.BETA_2, number))) {
            var runner = session.runner()
                    .feed("pixels", pixels)
                    .feed("labels", label)
                    .feed("decay1", decay1)
                    .feed("decay2", decay2)
                    .fetch(loss);
            steps.forEach(runner::addTarget);
            try (Result result = runner.run()) {
                return ((TFloat32) result.get(0)).getFloat();
            }
        }
    }

    /** Returns the pictures, each moved by up to two pixels: a digit is the same digit there. */
    private static TUint8 pixelsOf(List<DigitPictures.Digit> batch, Random random) {
        int side = DigitPictures.SIDE;
        byte[] all = new byte[batch.size() * side * side];
        for (int n = 0; n < batch.size(); n++) {
            int right = random.nextInt(5) - 2;
            int down = random.nextInt(5) - 2;
            for (int y = Math.max(0, down); y < Math.min(side, side + down); y++) {
                for (int x = Math.max(0, right); x < Math.min(side, side + right); x++) {
                    all[(n * side + y) * side + x] = batch.get(n).pixels()[(y - down) * side + x - right];
                }
            }
        }
        return TUint8.tensorOf(Shape.of(batch.size(), side, side), DataBuffers.of(all));
    }

    /** Writes the network with its weights as constants. */
    private static void export(Map<String, TFloat32> weights, Path directory) throws IOException {
        try (var graph = new Graph()) {
            Ops tf = Ops.create(graph);
            var pixels = tf.withName("pixels")
                    .placeholder(TUint8.class, Placeholder.shape(Shape.of(-1, DigitPictures.SIDE, DigitPictures.SIDE)));
            Operand<TFloat32> logits =
                    DigitNetwork.logits(tf, pixels, (name, shape) -> tf.constantOf(weights.get(name)));
            var probabilities = tf.withName("probabilities").nn.softmax(logits);
            var digit = tf.withName("digit").math.argMax(logits, tf.constant(1), TInt32.class);
            try (var session = new Session(graph)) {
                SavedModelBundle.exporter(directory.toString())
                        .withTags("serve")
                        .withSession(session)
                        .withSignature(Signature.builder()
                                .key("serving_default")
                                .input("pixels", pixels)
                                .output("digit", digit)
                                .output("probabilities", probabilities)
                                .build())
                        .export();
            }
        }
    }

    private static void writeHeldOut(List<DigitPictures.Digit> digits, Path file) throws IOException {
        try (SparkSession spark = SparkSession.builder()
                .master("local[1]")
                .appName("TrainDigits")
                .config("spark.ui.enabled", "false")
                .getOrCreate()) {
            List<Row> rows = digits.stream()
                    .map(digit -> RowFactory.create(digit.label(), digit.pixels()))
                    .toList();
            spark.createDataFrame(
                            rows, new StructType().add("label", "int", false).add("pixels", "binary", false))
                    .coalesce(1)
                    .write()
                    .mode(SaveMode.Overwrite)
                    .parquet(file.toString());
        }
    }

    /** Resource variables, and Adam over them. */
    private static final class Variables {

        static final float BETA_1 = 0.9f;
        static final float BETA_2 = 0.999f;

        private final Ops tf;
        private final Map<String, Output<TFloat32>> values = new LinkedHashMap<>();
        private final List<VarHandleOp> handles = new ArrayList<>();
        private final List<Op> initializers = new ArrayList<>();
        private long seed = SEED;

        Variables(Ops tf) {
            this.tf = tf;
        }

        Operand<TFloat32> add(String name, Shape shape) {
            VarHandleOp handle = variable(name, shape);
            Operand<TFloat32> start = shape.numDimensions() == 1
                    ? tf.zeros(tf.constant(shape), TFloat32.class)
                    : tf.math.mul(
                            tf.random.statelessTruncatedNormal(
                                    tf.constant(shape), tf.constant(new long[] {SEED, seed++}), TFloat32.class),
                            tf.constant((float) Math.sqrt(2.0 / fanIn(shape))));
            initializers.add(tf.assignVariableOp(handle, start));
            Output<TFloat32> value = tf.readVariableOp(handle, TFloat32.class).asOutput();
            values.put(name, value);
            handles.add(handle);
            return value;
        }

        private VarHandleOp variable(String name, Shape shape) {
            return tf.varHandleOp(TFloat32.class, shape, VarHandleOp.sharedName(name));
        }

        private static double fanIn(Shape shape) {
            double product = 1;
            for (int i = 0; i < shape.numDimensions() - 1; i++) {
                product *= shape.get(i);
            }
            return product;
        }

        List<Op> adam(Graph graph, Operand<TFloat32> loss) {
            var decay1 = tf.withName("decay1").placeholder(TFloat32.class, Placeholder.shape(Shape.scalar()));
            var decay2 = tf.withName("decay2").placeholder(TFloat32.class, Placeholder.shape(Shape.scalar()));
            Output<?>[] gradients =
                    graph.addGradients(loss.asOutput(), values.values().toArray(Output[]::new));
            List<Op> steps = new ArrayList<>();
            int i = 0;
            for (var value : values.entrySet()) {
                Shape shape = value.getValue().shape();
                VarHandleOp first = variable(value.getKey() + ".m", shape);
                VarHandleOp second = variable(value.getKey() + ".v", shape);
                var zeros = tf.zeros(tf.constant(shape), TFloat32.class);
                initializers.add(tf.assignVariableOp(first, zeros));
                initializers.add(tf.assignVariableOp(second, zeros));
                @SuppressWarnings("unchecked")
                var gradient = (Output<TFloat32>) gradients[i];
                steps.add(tf.train.resourceApplyAdam(
                        handles.get(i++),
                        first,
                        second,
                        decay1,
                        decay2,
                        tf.constant(LEARNING_RATE),
                        tf.constant(BETA_1),
                        tf.constant(BETA_2),
                        tf.constant(1e-7f),
                        gradient));
            }
            return steps;
        }

        Map<String, TFloat32> read(Session session) {
            Map<String, TFloat32> read = new LinkedHashMap<>();
            values.forEach((name, value) -> {
                try (Result result = session.runner().fetch(value).run()) {
                    read.put(name, TFloat32.tensorOf((TFloat32) result.get(0)));
                }
            });
            return read;
        }
    }
}
