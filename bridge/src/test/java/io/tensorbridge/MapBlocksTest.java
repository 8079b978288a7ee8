package io.tensorbridge;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static org.apache.spark.sql.functions.array_repeat;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.sum;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.tensorbridge.tensor.ElementType;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.Programs;
import io.tensorbridge.tensor.SignatureMismatchException;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class MapBlocksTest {

    private static final int ROWS = 10_000;

    private static Dataset<Row> numbers(SparkSession spark) {
        return spark.range(0, ROWS, 1, 3)
                .select(
                        col("id").cast("double").as("x"),
                        col("id").cast("string").as("s"));
    }

    private static final Program SUM_OF_SQUARES = Program.build(tf -> {
        var x = Program.placeholder(tf, "x", TFloat32.class, Shape.of(-1, -1));
        return Program.outputs("y", tf.reduceSum(tf.math.square(x), tf.constant(1)));
    });

    private static void assertPlusThree(Dataset<Row> result, long rows) {
        var collected = result.collectAsList();
        assertThat(collected).hasSize((int) rows);
        for (Row row : collected) {
            double x = row.getAs("x");
            assertThat(row.<Double>getAs("z")).isEqualTo(x + 3);
            assertThat(row.<String>getAs("s")).isEqualTo(Long.toString((long) x));
        }
    }

    @Test
    void appendsAColumn(SparkSession spark) {
        Dataset<Row> result = mapBlocks(Programs.plusThree()).apply(numbers(spark));
        assertThat(result.columns()).containsExactly("x", "s", "z");
        assertPlusThree(result, ROWS);
        RunMetrics metrics = RunMetrics.of(result);
        assertThat(metrics.rows()).isEqualTo(ROWS);
        assertThat(metrics.blocks()).isEqualTo(3);
        assertThat(metrics.bytesAliased()).isEqualTo(2L * ROWS * Double.BYTES);
        assertThat(metrics.bytesCopied())
                .containsEntry("rows", (long) ROWS * Double.BYTES)
                .containsEntry("misaligned", 0L)
                .containsEntry("program", 0L);
    }

    @Test
    void computesInHalvesOnColumnsOfFloats(SparkSession spark) {
        Program half = Programs.identity(ElementType.FLOAT16, Shape.of(-1));
        Dataset<Row> result = mapBlocks(half).narrow("x").apply(numbers(spark).select(col("x").cast("float")));
        assertThat(result.schema().apply("y").dataType()).isEqualTo(DataTypes.FloatType);
        for (Row row : result.collectAsList()) {
            float x = row.getAs("x");
            assertThat(row.<Float>getAs("y")).isCloseTo(x, withinPercentage(0.1));
        }
        assertThat(RunMetrics.of(result).bytesCopied()).containsEntry("half", (2L + 4L) * ROWS);
    }

    @ParameterizedTest
    @ValueSource(strings = {"false", "true"})
    void readsParquet(String offHeap, SparkSession spark, @TempDir Path directory) {
        String path = directory.resolve("numbers").toString();
        numbers(spark).write().parquet(path);
        spark.conf().set("spark.sql.columnVector.offheap.enabled", offHeap);
        try {
            Dataset<Row> result =
                    mapBlocks(Programs.plusThree()).apply(spark.read().parquet(path));
            assertPlusThree(result, ROWS);
            assertThat(RunMetrics.of(result).bytesCopied()).containsEntry("columns", (long) ROWS * Double.BYTES);
        } finally {
            spark.conf().unset("spark.sql.columnVector.offheap.enabled");
        }
    }

    /** Few values, so that Parquet keeps them in dictionaries: of four bytes and of eight, each in a row group of its own. */
    @ParameterizedTest
    @ValueSource(strings = {"false", "true"})
    void decodesDictionaries(String offHeap, SparkSession spark, @TempDir Path directory) {
        String path = directory.resolve("few").toString();
        spark.range(0, ROWS, 1, 2)
                .selectExpr(
                        "id",
                        "id % 7 + 0.5d as x",
                        "id % 5 as l",
                        "cast(id % 3 as int) as i",
                        "cast(id % 9 as float) as f")
                .write()
                .parquet(path);
        Program program = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1));
            var l = Program.placeholder(tf, "l", TInt64.class, Shape.of(-1));
            var i = Program.placeholder(tf, "i", TInt32.class, Shape.of(-1));
            var f = Program.placeholder(tf, "f", TFloat32.class, Shape.of(-1));
            return Program.outputs("x2", tf.math.add(x, x))
                    .and("l2", tf.math.add(l, l))
                    .and("i2", tf.math.add(i, i))
                    .and("f2", tf.math.add(f, f));
        });
        spark.conf().set("spark.sql.columnVector.offheap.enabled", offHeap);
        try {
            Dataset<Row> result =
                    mapBlocks(program).blockRows(900).apply(spark.read().parquet(path));
            for (Row row : result.collectAsList()) {
                long id = row.getAs("id");
                assertThat(row.<Double>getAs("x2")).isEqualTo(2 * (id % 7) + 1.0);
                assertThat(row.<Long>getAs("l2")).isEqualTo(2 * (id % 5));
                assertThat(row.<Integer>getAs("i2")).isEqualTo((int) (2 * (id % 3)));
                assertThat(row.<Float>getAs("f2")).isEqualTo(2f * (id % 9));
            }
            assertThat(RunMetrics.of(result).bytesCopied()).containsEntry("dictionary", ROWS * (8L + 8 + 4 + 4));
        } finally {
            spark.conf().unset("spark.sql.columnVector.offheap.enabled");
        }
    }

    @Test
    void chainsWithoutACopyBetween(SparkSession spark) {
        var plus3 = mapBlocks(Programs.plusThree());
        Dataset<Row> result = plus3.feed("x", "z").fetch("z", "y").apply(plus3.apply(numbers(spark)));
        assertThat(result.filter("y = x + 6").count()).isEqualTo(ROWS);
        result.collectAsList();
        assertThat(RunMetrics.of(result).bytesCopied())
                .containsEntry("rows", (long) ROWS * Double.BYTES)
                .containsEntry("columns", 0L)
                .containsEntry("misaligned", 0L);
    }

    @Test
    void readsArraysFromEverywhere(SparkSession spark, @TempDir Path directory) {
        Dataset<Row> arrays = spark.range(0, 3_000, 1, 2)
                .select(array_repeat(col("id").cast("float"), 784).as("x"), col("id"));
        String path = directory.resolve("arrays").toString();
        arrays.write().parquet(path);
        Dataset<Row> cached = arrays.cache();
        double expected = 784.0 * (2_999.0 * 3_000 * 5_999 / 6);
        try {
            for (Dataset<Row> source : java.util.List.of(arrays, spark.read().parquet(path), cached)) {
                Dataset<Row> result = mapBlocks(SUM_OF_SQUARES).blockRows(500).apply(source);
                assertThat(result.agg(sum("y")).first().getDouble(0)).isCloseTo(expected, within(expected));
                assertThat(result.select("id").agg(sum("id")).first().getLong(0))
                        .isEqualTo(2_999L * 1_500);
            }
        } finally {
            cached.unpersist();
        }
    }

    /** A run cannot be interrupted, and how long one takes is not known before the first. */
    @Test
    void beginsWithFewRowsWhereTheProgramIsLarge(SparkSession spark) {
        Program large = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1));
            var weights = tf.constant(new double[1 << 20]); // 8 MiB
            return Program.outputs("y", tf.math.add(x, tf.reduceSum(weights, tf.constant(0))));
        });
        Dataset<Row> result = mapBlocks(large)
                .apply(spark.range(0, 1_000, 1, 1)
                        .select(col("id").cast("double").as("x")));
        assertThat(result.collectAsList()).hasSize(1_000);
        assertThat(RunMetrics.of(result).blocks()).isGreaterThan(1);
    }

    @Test
    void feedsSeveralInputsWithOneColumn(SparkSession spark) {
        Program twice = Program.build(tf -> {
                    var a = Program.placeholder(tf, "a", TFloat32.class, Shape.of(-1, -1));
                    var b = Program.placeholder(tf, "b", TFloat32.class, Shape.of(-1, 3));
                    return Program.outputs("y", tf.math.add(a, b));
                })
                .named("twice");
        Dataset<Row> df =
                spark.range(10).select(array_repeat(col("id").cast("float"), 3).as("x"), col("id"));
        Dataset<Row> result = mapBlocks(twice).feed("a", "x").feed("b", "x").apply(df);
        for (Row row : result.collectAsList()) {
            float id = row.<Long>getAs("id");
            assertThat(row.<Float>getList(2)).containsExactly(2 * id, 2 * id, 2 * id);
        }
        assertThat(RunMetrics.of(result).bytesCopied()).containsEntry("rows", 10L * 3 * Float.BYTES);
    }

    @Test
    void refusesOneColumnAsTwoShapes(SparkSession spark) {
        Program odd = Program.build(tf -> {
                    var a = Program.placeholder(tf, "a", TFloat32.class, Shape.of(-1, 4));
                    var b = Program.placeholder(tf, "b", TFloat32.class, Shape.of(-1, 3));
                    return Program.outputs("y", tf.concat(List.of(a, b), tf.constant(1)));
                })
                .named("odd");
        Dataset<Row> df =
                spark.range(10).select(array_repeat(col("id").cast("float"), 3).as("x"));
        assertThatThrownBy(() -> mapBlocks(odd).feed("a", "x").feed("b", "x").apply(df))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot run program 'odd' on this DataFrame:
                          - input 'b': expected DT_FLOAT[?, 3], found column 'x' to be fed to input 'a' as DT_FLOAT[?, 4]. Feed one of them with a column of its own""");
    }

    @Test
    void holdsADeclaredShapeOfAnOutputAgainstEveryRun(SparkSession spark) {
        Program any = Program.build(tf -> {
                    var x = Program.placeholder(tf, "x", TFloat32.class, Shape.unknown());
                    return Program.outputs("y", tf.math.neg(x));
                })
                .named("any");
        Dataset<Row> df =
                spark.range(10).select(array_repeat(col("id").cast("float"), 3).as("x"));
        assertThatThrownBy(() -> mapBlocks(any).shape("y", 2).apply(df).collectAsList())
                .hasStackTraceContaining(
                        "expected cells of output 'y' to have shape [2], found tensor of shape [5, 3]");
        assertThat(mapBlocks(any).shape("y", -1).apply(df).collectAsList()).hasSize(10);
    }

    @Test
    void tellsSparkHowLargeItsColumnsAre(SparkSession spark) {
        Program wide = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat32.class, Shape.of(-1));
            return Program.outputs(
                    "y",
                    tf.math.mul(
                            tf.expandDims(x, tf.constant(1)),
                            tf.zeros(tf.constant(new int[] {1, 1024}), TFloat32.class)));
        });
        Dataset<Row> df = spark.range(1_000).select(col("id").cast("float").as("x"));
        var plan = ((org.apache.spark.sql.classic.Dataset<Row>) mapBlocks(wide).apply(df)).queryExecution();
        assertThat(plan.optimizedPlan().stats().sizeInBytes().toLong()).isGreaterThan(500 * 4_096L);
        assertThat(mapBlocks(wide).apply(df).count()).isEqualTo(1_000);
    }

    /** An external process is fed by a thread of its own, which may be at work when the task ends. */
    @Test
    void feedsExternalProcesses(SparkSession spark) {
        Dataset<Row> result = mapBlocks(Programs.plusThree()).blockRows(100).apply(numbers(spark));
        assertThat(result.select("z").toJavaRDD().pipe("cat").count()).isEqualTo(ROWS);
        assertThat(result.select("z").toJavaRDD().pipe("head -n 1").take(1)).isNotEmpty();
    }

    private static org.assertj.core.data.Offset<Double> within(double of) {
        return org.assertj.core.data.Offset.offset(of * 1e-5);
    }
}
