package io.tensorbridge.benchmarks;

import static io.tensorbridge.TensorFrames.mapRows;
import static io.tensorbridge.benchmarks.Comparison.print;
import static io.tensorbridge.benchmarks.Comparison.seconds;
import static org.apache.spark.sql.functions.array_repeat;
import static org.apache.spark.sql.functions.col;

import io.tensorbridge.tensor.AlignedMemory;
import io.tensorbridge.tensor.BlockRunner;
import io.tensorbridge.tensor.ElementType;
import io.tensorbridge.tensor.Feed;
import io.tensorbridge.tensor.Fetch;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.ProgramRewrites;
import io.tensorbridge.tensor.ProgramSession;
import io.tensorbridge.tensor.SessionOptions;
import io.tensorbridge.tensor.TransferLedger;
import java.util.List;
import java.util.function.DoubleSupplier;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.types.TFloat32;

/**
 * A row program, {@code y = sum(x * x) + 1} over 16 floats: over a block of rows beside a run of TensorFlow Java's session for
 * each row.
 */
final class MapRowsSuite {

    private static final int ROWS = 10_000;
    private static final int WIDTH = 16;
    private static final long ROWS_OF_DATAFRAME = 1_000_000;
    private static final int WARM_UPS = 3;
    private static final int ROUNDS = 7;

    private MapRowsSuite() {}

    static void run() {
        // TensorFlow's pools belong to the process and the first session decides. That is the rival's here, at its
        // defaults,
        // so it has the threads that it has where there is nobody else; ours runs on the calling thread whatever they
        // are.
        try (var graph = graph();
                var byDefault = new Session(graph);
                var onCaller = new Session(
                        graph,
                        ConfigProto.newBuilder()
                                .setInterOpParallelismThreads(-1)
                                .build())) {
            runEachRow(byDefault);
            Program program = program();
            beside(byDefault, onCaller, ProgramRewrites.overRows(program));
            overDataFrame(program);
        }
    }

    private static Program program() {
        return Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat32.class, Shape.of(WIDTH));
            return Program.outputs("y", tf.math.add(tf.reduceSum(tf.math.square(x), tf.constant(0)), tf.constant(1f)));
        });
    }

    private static Graph graph() {
        var graph = new Graph();
        Ops tf = Ops.create(graph);
        var x = tf.withName("x").placeholder(TFloat32.class, Placeholder.shape(Shape.of(WIDTH)));
        tf.withName("y").math.add(tf.reduceSum(tf.math.square(x), tf.constant(0)), tf.constant(1f));
        return graph;
    }

    private static void beside(Session byDefault, Session onCaller, Program overRows) {
        try (var session = ProgramSession.load(overRows, SessionOptions.onCallingThread(1));
                var allocator = AlignedMemory.newRootAllocator(Long.MAX_VALUE);
                var x = column(allocator);
                var runner = session.runner(
                        overRows,
                        List.of(Feed.of("x", "x")),
                        List.of(Fetch.of("y", ElementType.FLOAT32.field("y", 0))),
                        allocator,
                        new TransferLedger())) {
            DoubleSupplier ours = () -> microsOfRow(ROWS, () -> runBlock(runner, x));
            var first = Comparison.inTurn(WARM_UPS, ROUNDS, ours, () -> microsOfRow(ROWS, () -> runEachRow(byDefault)));
            var second = Comparison.inTurn(WARM_UPS, ROUNDS, ours, () -> microsOfRow(ROWS, () -> runEachRow(onCaller)));
            print("maprows: ours %.2f us a row, Session.runner() for each row %.2f us", first.ours(), first.theirs());
            print(
                    "maprows: ours %.2f us a row, Session.runner() with inter-op -1 for each row %.2f us",
                    second.ours(), second.theirs());
            print("ratio maprows-inter-op-1: %.2f", second.theirsOverOurs());
            print("ratio maprows: %.2f", first.theirsOverOurs());
        }
    }

    private static void overDataFrame(Program program) {
        SparkSession spark = LocalSpark.on(1);
        try {
            Dataset<Row> df = spark.range(0, ROWS_OF_DATAFRAME, 1, 1)
                    .select(array_repeat(col("id").cast("float"), WIDTH).as("x"))
                    .cache();
            df.count();
            double[] micros = new double[ROUNDS];
            for (int round = -WARM_UPS; round < ROUNDS; round++) {
                double time = microsOfRow(
                        ROWS_OF_DATAFRAME,
                        () -> mapRows(program)
                                .apply(df)
                                .write()
                                .format("noop")
                                .mode("overwrite")
                                .save());
                if (round >= 0) {
                    micros[round] = time;
                }
            }
            print(
                    "maprows: mapRows over a DataFrame of %d cached rows at local[1] %.2f us a row",
                    ROWS_OF_DATAFRAME, Comparison.median(micros));
        } finally {
            spark.stop();
        }
    }

    private static double microsOfRow(long rows, Runnable work) {
        return seconds(work) / rows * 1e6;
    }

    private static void runBlock(BlockRunner runner, ListVector x) {
        try (var outputs = runner.run(List.of(x))) {
            float last = ((Float4Vector) outputs.getVector(0)).get(ROWS - 1);
            check(last);
        }
    }

    private static void runEachRow(Session session) {
        float last = 0;
        float[] row = new float[WIDTH];
        for (int i = 0; i < ROWS; i++) {
            java.util.Arrays.fill(row, i % WIDTH);
            try (var x = TFloat32.vectorOf(row);
                    Result result = session.runner().feed("x", x).fetch("y").run()) {
                last = ((TFloat32) result.get(0)).getFloat();
            }
        }
        check(last);
    }

    /** Holds both sides to their task. */
    private static void check(float last) {
        int value = (ROWS - 1) % WIDTH;
        if (last != WIDTH * value * value + 1) {
            throw new IllegalStateException("Expected %d, found %f".formatted(WIDTH * value * value + 1, last));
        }
    }

    private static ListVector column(BufferAllocator allocator) {
        var x = (ListVector) ElementType.FLOAT32.field("x", 1).createVector(allocator);
        x.setInitialCapacity(ROWS);
        x.allocateNew();
        for (int row = 0; row < ROWS; row++) {
            x.startNewValue(row);
            x.endValue(row, WIDTH);
        }
        var values = (Float4Vector) x.getDataVector();
        values.allocateNew(ROWS * WIDTH);
        for (int i = 0; i < ROWS * WIDTH; i++) {
            values.set(i, i / WIDTH % WIDTH);
        }
        values.setValueCount(ROWS * WIDTH);
        x.setValueCount(ROWS);
        return x;
    }
}
