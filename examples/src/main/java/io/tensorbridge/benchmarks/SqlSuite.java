package io.tensorbridge.benchmarks;

import static io.tensorbridge.benchmarks.Comparison.print;
import static io.tensorbridge.benchmarks.Comparison.seconds;

import io.tensorbridge.TensorFrames;
import io.tensorbridge.tensor.Program;
import java.util.List;
import java.util.function.DoubleSupplier;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF4;
import org.apache.spark.sql.types.DataTypes;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.Squeeze;
import org.tensorflow.op.core.Stack;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.types.TFloat32;

/**
 * A small network over four columns of floats, 4 to 8 to 1, called in SQL: our function beside one of Java that holds a
 * session in a static field and runs it for each row.
 */
final class SqlSuite {

    private static final long ROWS = 2_000_000;
    private static final long ROWS_OF_RIVAL = 20_000;
    private static final int WARM_UPS = 2;
    private static final int ROUNDS = 7;

    // Static, for the function to find them in its tasks. The first session of the process decides how many threads
    // TensorFlow has: that is the rival's, at its defaults.
    private static final Graph GRAPH = graph();
    private static final Session BY_DEFAULT = new Session(GRAPH);
    private static final Session ON_CALLER = new Session(
            GRAPH, ConfigProto.newBuilder().setInterOpParallelismThreads(-1).build());

    private SqlSuite() {}

    static void run() {
        try (GRAPH;
                BY_DEFAULT;
                ON_CALLER) {
            score(BY_DEFAULT, 1, 2, 3, 4);
            SparkSession spark = LocalSpark.on(1);
            try {
                compare(spark);
            } finally {
                spark.stop();
            }
        }
    }

    private static void compare(SparkSession spark) {
        TensorFrames.register(spark, "score", program());
        spark.udf()
                .register(
                        "by_row",
                        (UDF4<Float, Float, Float, Float, Float>) (a, b, c, d) -> score(BY_DEFAULT, a, b, c, d),
                        DataTypes.FloatType);
        spark.udf()
                .register(
                        "by_row_on_caller",
                        (UDF4<Float, Float, Float, Float, Float>) (a, b, c, d) -> score(ON_CALLER, a, b, c, d),
                        DataTypes.FloatType);
        points(spark, ROWS).createOrReplaceTempView("points");
        points(spark, ROWS_OF_RIVAL).createOrReplaceTempView("few");
        check(spark);
        DoubleSupplier ours = () -> micros(spark, "select score(a, b, c, d) from points", ROWS);
        var first = Comparison.inTurn(
                WARM_UPS, ROUNDS, ours, () -> micros(spark, "select by_row(a, b, c, d) from few", ROWS_OF_RIVAL));
        var second = Comparison.inTurn(
                WARM_UPS,
                ROUNDS,
                ours,
                () -> micros(spark, "select by_row_on_caller(a, b, c, d) from few", ROWS_OF_RIVAL));
        print("sql: ours %.3f us a row, a session's run for each row %.2f us", first.ours(), first.theirs());
        print(
                "sql: ours %.3f us a row, a session's run with inter-op -1 for each row %.2f us",
                second.ours(), second.theirs());
        print("ratio sql-inter-op-1: %.2f", second.theirsOverOurs());
        print("ratio sql: %.2f", first.theirsOverOurs());
    }

    private static Dataset<Row> points(SparkSession spark, long rows) {
        Dataset<Row> df = spark.range(0, rows, 1, 1)
                .selectExpr(
                        "cast(id % 100 as float) as a",
                        "cast(id % 10 as float) as b", "cast(id % 7 as float) as c", "cast(-id % 3 as float) as d")
                .cache();
        df.count();
        return df;
    }

    private static double micros(SparkSession spark, String query, long rows) {
        return seconds(() -> spark.sql(query)
                        .write()
                        .format("noop")
                        .mode("overwrite")
                        .save())
                / rows
                * 1e6;
    }

    /** Holds both sides to their task. */
    private static void check(SparkSession spark) {
        Row largest = spark.sql(
                        "select max(abs(score(a, b, c, d) - by_row(a, b, c, d))), max(score(a, b, c, d)) from few")
                .first();
        if (largest.getFloat(0) > 1e-4 || largest.getFloat(1) <= 1) {
            throw new IllegalStateException("Expected equal scores, found them to differ by %f of %f"
                    .formatted(largest.getFloat(0), largest.getFloat(1)));
        }
    }

    private static Program program() {
        return Program.build(tf -> {
            List<Operand<TFloat32>> columns = List.of(
                    Program.placeholder(tf, "a", TFloat32.class, Shape.of(-1)),
                    Program.placeholder(tf, "b", TFloat32.class, Shape.of(-1)),
                    Program.placeholder(tf, "c", TFloat32.class, Shape.of(-1)),
                    Program.placeholder(tf, "d", TFloat32.class, Shape.of(-1)));
            return Program.outputs(
                    "score", tf.squeeze(network(tf, tf.stack(columns, Stack.axis(1L))), Squeeze.axis(List.of(1L))));
        });
    }

    private static Graph graph() {
        var graph = new Graph();
        Ops tf = Ops.create(graph);
        var x = tf.withName("x").placeholder(TFloat32.class, Placeholder.shape(Shape.of(-1, 4)));
        tf.withName("score").identity(network(tf, x));
        return graph;
    }

    private static Operand<TFloat32> network(Ops tf, Operand<TFloat32> x) {
        Operand<TFloat32> hidden =
                tf.nn.relu(tf.math.add(tf.linalg.matMul(x, tf.constant(weights(4, 8))), tf.constant(weights(1, 8)[0])));
        return tf.math.add(tf.linalg.matMul(hidden, tf.constant(weights(8, 1))), tf.constant(weights(1, 1)[0]));
    }

    private static float[][] weights(int rows, int columns) {
        float[][] weights = new float[rows][columns];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                weights[i][j] = ((i * 7 + j * 3) % 11 - 4) / 10f;
            }
        }
        return weights;
    }

    private static float score(Session session, float a, float b, float c, float d) {
        try (TFloat32 x = TFloat32.tensorOf(Shape.of(1, 4), values -> {
                    values.setFloat(a, 0, 0);
                    values.setFloat(b, 0, 1);
                    values.setFloat(c, 0, 2);
                    values.setFloat(d, 0, 3);
                });
                Result result = session.runner().feed("x", x).fetch("score").run()) {
            return ((TFloat32) result.get(0)).getFloat(0, 0);
        }
    }
}
