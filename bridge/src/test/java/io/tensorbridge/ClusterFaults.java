package io.tensorbridge;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.udf;

import io.tensorbridge.tensor.Program;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.SparkException;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat64;

/** The driver of a cluster of two executors, in a process of its own: prints what becomes of operations there under faults. */
final class ClusterFaults {

    static final List<Surrounded> OPERATIONS =
            List.of(Surrounded.MAP_BLOCKS, Surrounded.MAP_ROWS_RAGGED, Surrounded.REDUCE_BLOCKS, Surrounded.AGGREGATE);

    /** What happens in the first attempt at a task, at a row of the second of three partitions of three blocks each. */
    enum Fault {
        NONE(-1),
        AN_EXCEPTION_IN_THE_FIRST_BLOCK(205),
        AN_EXCEPTION_IN_A_MIDDLE_BLOCK(305),
        AN_EXCEPTION_IN_THE_LAST_BLOCK(395),
        AN_EXECUTOR_THAT_HALTS(305);

        private final double row;

        Fault(double row) {
            this.row = row;
        }
    }

    private ClusterFaults() {}

    public static void main(String[] arguments) throws Exception {
        try (SparkSession spark = ClusterDriver.session(/* executors= */ 2, arguments[0], arguments[1])) {
            ClusterDriver.print("A_LONG_MODEL", ClusterModels.longModel(spark));
            ClusterDriver.print(
                    "A_TAMPERED_MODEL", ClusterModels.tamperedModel(spark)); // while there is still an executor 0
            for (Surrounded operation : OPERATIONS) {
                List<String> expected = sorted(operation.sparks().apply(Surrounded.numbers(spark)));
                for (Fault fault : Fault.values()) {
                    ClusterDriver.print(fault + " " + operation, outcome(operation, fault, expected, spark));
                }
                ClusterDriver.print(
                        "A_BAD_ROW " + operation, message(operation.ours().apply(alwaysFailing(spark))));
            }
            ClusterDriver.print(
                    "A_BAD_PROGRAM",
                    message(TensorFrames.mapBlocks(pairs()).blockRows(75).apply(Surrounded.numbers(spark))));
        }
        Path cache = Files.createTempFile("file", null).resolve("cache");
        String option = " -Dorg.bytedeco.javacpp.cachedir=" + cache;
        try (SparkSession spark = ClusterDriver.session(/* executors= */ 1, arguments[0], arguments[1] + option)) {
            ClusterDriver.print("NO_NATIVES", ClusterModels.withoutNatives(spark));
        }
    }

    private static String outcome(Surrounded operation, Fault fault, List<String> expected, SparkSession spark) {
        Dataset<Row> df = Surrounded.numbers(spark);
        List<String> found = sorted(operation.ours().apply(failingOnce(df, fault)));
        return found.equals(expected) ? "exact" : "%d rows instead of %d".formatted(found.size(), expected.size());
    }

    private static List<String> sorted(Dataset<Row> df) {
        return df.collectAsList().stream().map(Row::toString).sorted().toList();
    }

    private static Dataset<Row> failingOnce(Dataset<Row> df, Fault fault) {
        double row = fault.row;
        boolean halting = fault == Fault.AN_EXECUTOR_THAT_HALTS;
        UDF1<Double, Double> failing = x -> {
            if (x == row && TaskContext.get().attemptNumber() == 0) {
                if (halting) {
                    Runtime.getRuntime().halt(134);
                }
                throw new IllegalStateException("once");
            }
            return x;
        };
        return df.withColumn("x", udf(failing, DataTypes.DoubleType).apply(col("x")));
    }

    // no function of SQL, whose failures Spark throws without a word on attempts
    private static Dataset<Row> alwaysFailing(SparkSession spark) {
        Dataset<Row> df = Surrounded.numbers(spark);
        return spark.createDataFrame(
                df.toJavaRDD().map(row -> {
                    if (row.getDouble(0) == 305) {
                        throw new IllegalStateException("row 305 is bad");
                    }
                    return row;
                }),
                df.schema());
    }

    private static Program pairs() {
        return Program.build(tf -> {
                    var x = TensorFrames.placeholder(tf, "x", TFloat64.class, Shape.of(-1));
                    var pairs = tf.reshape(x, tf.constant(new int[] {-1, 2}));
                    return TensorFrames.outputs("z", tf.reshape(pairs, tf.constant(new int[] {-1})));
                })
                .named("pairs");
    }

    /** Runs what must fail; returns what is said. */
    static String message(Dataset<Row> df) {
        try {
            return "no failure, and %d rows".formatted(df.collectAsList().size());
        } catch (Exception e) {
            if (e instanceof SparkException) { // a checked exception, of which Scala does not tell
                return String.valueOf(e.getMessage());
            }
            throw e;
        }
    }
}
