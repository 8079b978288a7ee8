package io.tensorbridge;

import static io.tensorbridge.TensorFrames.aggregate;
import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.sum;
import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.arrow.NullPolicy;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.Programs;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/** Groups against Spark's own grouping, and against plain Java where Spark has no such reduction. */
@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class AggregateTest {

    private static final int ROWS = 10_000;

    private static final Program SUM = Program.build(tf -> {
        var x = placeholder(tf, "x_input", TFloat64.class, Shape.of(-1));
        return outputs("x", tf.reduceSum(x, tf.constant(0)));
    });

    /** Three outputs, each a plain reduction. */
    private static <T extends TNumber> Program sumLeastGreatest(Class<T> type) {
        return Program.build(tf -> {
            var sum = placeholder(tf, "sum_input", type, Shape.of(-1));
            var least = placeholder(tf, "least_input", type, Shape.of(-1));
            var greatest = placeholder(tf, "greatest_input", type, Shape.of(-1));
            return outputs("sum", tf.reduceSum(sum, tf.constant(0)))
                    .and("least", tf.reduceMin(least, tf.constant(0)))
                    .and("greatest", tf.reduceMax(greatest, tf.constant(0)));
        });
    }

    /** No plain reduction, so groups are stacked. */
    private static final Program LOG_SUM_EXP = Program.build(tf -> {
                var x = placeholder(tf, "x_input", TFloat64.class, Shape.of(-1));
                return outputs("x", tf.math.log(tf.reduceSum(tf.math.exp(x), tf.constant(0))));
            })
            .named("log-sum-exp");

    private static Dataset<Row> numbers(SparkSession spark, long keys) {
        return spark.range(0, ROWS, 1, 3)
                .select(
                        col("id").multiply(7_919).mod(keys).as("k"),
                        col("id").mod(100).cast("double").as("x"),
                        col("id"));
    }

    private static void assertSums(Dataset<Row> result, Dataset<Row> df) {
        assertThat(result.collectAsList())
                .containsExactlyInAnyOrderElementsOf(
                        df.groupBy("k").agg(sum("x").as("x")).collectAsList());
    }

    @ParameterizedTest(name = "{0} keys, blocks of {1}")
    @CsvSource({"1, 16384", "1, 7", "37, 16384", "37, 10", "1000, 1", "3000, 64", "10000, 16384", "10000, 100"})
    void sumsAsSparkDoes(long keys, int blockRows, SparkSession spark) {
        Dataset<Row> df = numbers(spark, keys);
        Dataset<Row> result = aggregate(SUM).by("k").blockRows(blockRows).apply(df);
        assertThat(result.columns()).containsExactly("k", "x");
        assertSums(result, df);
    }

    @ParameterizedTest
    @ValueSource(strings = {"double", "float", "long", "int"})
    void reducesEveryTypeAsSparkDoes(String type, SparkSession spark) {
        Program program = switch (type) {
            case "double" -> sumLeastGreatest(TFloat64.class);
            case "float" -> sumLeastGreatest(TFloat32.class);
            case "long" -> sumLeastGreatest(TInt64.class);
            default -> sumLeastGreatest(TInt32.class);
        };
        Dataset<Row> df = numbers(spark, 37).withColumn("v", col("x").minus(50).cast(type));
        Dataset<Row> result = aggregate(program)
                .by("k")
                .feed("sum_input", "v")
                .feed("least_input", "v")
                .feed("greatest_input", "v")
                .fetch("greatest", "g")
                .fetch("sum", "s")
                .fetch("least", "l")
                .blockRows(500)
                .apply(df);
        assertThat(result.columns()).containsExactly("k", "g", "s", "l");
        assertThat(result.collectAsList())
                .containsExactlyInAnyOrderElementsOf(df.groupBy("k")
                        .agg(max("v"), sum("v").cast(type), min("v"))
                        .collectAsList());
    }

    @ParameterizedTest(name = "{0} keys, blocks of {1}")
    @CsvSource({"1, 100", "37, 16384", "37, 50", "5000, 1000"})
    void reducesByAnyProgram(long keys, int blockRows, SparkSession spark) {
        Dataset<Row> df = numbers(spark, keys);
        Map<Long, Double> expected = new HashMap<>();
        for (Row row : df.collectAsList()) {
            expected.merge(row.getLong(0), Math.exp(row.getDouble(1)), Double::sum);
        }
        List<Row> rows =
                aggregate(LOG_SUM_EXP).by("k").blockRows(blockRows).apply(df).collectAsList();
        assertThat(rows).hasSize(expected.size());
        for (Row row : rows) {
            assertThat(row.getDouble(1))
                    .isCloseTo(
                            Math.log(expected.getOrDefault(row.getLong(0), Double.NaN)),
                            Percentage.withPercentage(1e-8));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void reducesArrays(boolean segmented, SparkSession spark) {
        Program program = Program.build(tf -> {
            var x = placeholder(tf, "x_input", TFloat32.class, Shape.of(-1, 3));
            var sum = tf.reduceSum(x, tf.constant(0));
            return outputs("x", segmented ? sum : tf.math.neg(tf.math.neg(sum)));
        });
        Dataset<Row> df = numbers(spark, 37)
                .withColumn("x", array(col("x"), col("x").plus(1), lit(1)).cast("array<float>"));
        List<Row> rows = aggregate(program).by("k").blockRows(70).apply(df).collectAsList();
        Map<Long, List<Float>> expected = new HashMap<>();
        df.groupBy("k")
                .agg(array(sum(col("x").getItem(0)), sum(col("x").getItem(1)), sum(col("x").getItem(2)))
                        .cast("array<float>"))
                .collectAsList()
                .forEach(row -> expected.put(row.getLong(0), row.getList(1)));
        assertThat(rows)
                .hasSize(37)
                .allSatisfy(row -> assertThat(row.<Float>getList(1)).isEqualTo(expected.get(row.getLong(0))));
    }

    @Test
    void keepsTheShapeOfFlatCells(SparkSession spark) {
        Program program = Program.build(tf -> {
            var x = placeholder(tf, "x_input", TFloat32.class, Shape.of(-1, 2, 2));
            return outputs("x", tf.reduceSum(x, tf.constant(0)));
        });
        Dataset<Row> df = numbers(spark, 2)
                .withColumn("x", array(lit(1), lit(2), lit(3), col("k")).cast("array<float>"));
        List<Row> rows = aggregate(program)
                .by("k")
                .shape("x", 2, 2)
                .blockRows(700)
                .apply(df)
                .orderBy("k")
                .collectAsList();
        assertThat(rows.get(1).toString())
                .isEqualTo("[1,ArraySeq(ArraySeq(5000.0, 10000.0), ArraySeq(15000.0, 5000.0))]");
    }

    @Test
    void givesGroupsUpWhenTheyAreTooMany(SparkSession spark) {
        spark.conf().set(TensorFramesOptions.AGGREGATE_BYTES, "2000");
        try {
            Dataset<Row> df = numbers(spark, 3_000);
            Dataset<Row> result = aggregate(SUM).by("k").apply(df);
            assertSums(result, df);
            Dataset<Row> byText = df.withColumn("k", col("k").cast("string"));
            assertSums(aggregate(SUM).by("k").apply(byText), byText);
            assertThat(aggregate(LOG_SUM_EXP).by("k").apply(df).count()).isEqualTo(3_000);
        } finally {
            spark.conf().unset(TensorFramesOptions.AGGREGATE_BYTES);
        }
    }

    @Test
    void readsColumnsFromEverywhere(SparkSession spark, @TempDir Path directory) {
        Dataset<Row> df = numbers(spark, 100);
        String path = directory.resolve("numbers").toString();
        df.write().parquet(path);
        Dataset<Row> cached = numbers(spark, 100).cache();
        try {
            for (Dataset<Row> source : List.of(cached, spark.read().parquet(path), df.union(df))) {
                assertSums(aggregate(SUM).by("k").blockRows(800).apply(source), source);
                Dataset<Row> byText = source.withColumn("k", col("k").cast("string"));
                assertSums(aggregate(SUM).by("k").apply(byText), byText);
            }
            Dataset<Row> sums = aggregate(SUM).by("k").apply(cached);
            RunMetrics metrics = metricsOf(sums);
            assertThat(metrics.bytesCopied()).containsEntry("columns", (long) ROWS * Double.BYTES);
        } finally {
            cached.unpersist();
        }
    }

    private static RunMetrics metricsOf(Dataset<Row> df) {
        df.collectAsList();
        return RunMetrics.of(df);
    }

    @Test
    void standsAmongSparksOperators(SparkSession spark, @TempDir Path directory) {
        Dataset<Row> df = numbers(spark, 100);
        Dataset<Row> sums = aggregate(SUM).by("k").fetch("x", "total").apply(df);
        Dataset<Row> expected = df.groupBy("k").agg(sum("x").as("total"));
        assertThat(sums.join(df, "k").count()).isEqualTo(ROWS);
        assertThat(sums.as("a").join(sums.as("b"), "k").count()).isEqualTo(100);
        assertThat(sums.filter("k < 10").orderBy("k").collectAsList())
                .isEqualTo(expected.filter("k < 10").orderBy("k").collectAsList());
        assertThat(sums.union(sums).count()).isEqualTo(200);
        assertThat(sums.agg(sum("total")).first()).isEqualTo(df.agg(sum("x")).first());
        Dataset<Row> mapped = mapBlocks(Programs.plusThree()).feed("x", "total").apply(sums);
        assertThat(mapped.filter("z = total + 3").count()).isEqualTo(100);
        Dataset<Row> again = aggregate(SUM)
                .feed("x_input", "total")
                .by(col("k").mod(10).as("digit"))
                .apply(sums);
        assertThat(again.columns()).containsExactly("digit", "x");
        assertThat(again.count()).isEqualTo(10);
        String path = directory.resolve("sums").toString();
        sums.write().parquet(path);
        assertThat(spark.read().parquet(path).orderBy("k").collectAsList())
                .isEqualTo(expected.orderBy("k").collectAsList());
        Dataset<Row> cached = sums.cache();
        try {
            assertThat(cached.orderBy("k").collectAsList())
                    .isEqualTo(expected.orderBy("k").collectAsList());
        } finally {
            cached.unpersist();
        }
    }

    @ParameterizedTest
    @CsvSource({"true, true", "true, false", "false, true", "false, false"})
    void runsWithAndWithoutAdaptionAndGeneratedCode(String adaptive, String codegen, SparkSession spark) {
        spark.conf().set("spark.sql.adaptive.enabled", adaptive);
        spark.conf().set("spark.sql.codegen.wholeStage", codegen);
        try {
            Dataset<Row> df = numbers(spark, 300);
            assertSums(aggregate(SUM).by("k").apply(df), df);
        } finally {
            spark.conf().unset("spark.sql.adaptive.enabled");
            spark.conf().unset("spark.sql.codegen.wholeStage");
        }
    }

    @Test
    void hasNoGroupsOfNoRows(SparkSession spark) {
        Dataset<Row> none = numbers(spark, 3).filter("id < 0");
        assertThat(aggregate(SUM).by("k").apply(none).collectAsList()).isEmpty();
        assertThat(aggregate(LOG_SUM_EXP).by("k").apply(none).collectAsList()).isEmpty();
    }

    @Test
    void dropsOrFillsNulls(SparkSession spark) {
        Dataset<Row> df = numbers(spark, 37)
                .selectExpr(
                        "k",
                        "if(id % 3 = 0 or k = 5, null, x) as x",
                        "coalesce(if(id % 3 = 0 or k = 5, null, x), 7D) as filled");
        for (Dataset<Row> source : List.of(df, df.cache())) {
            assertThat(aggregate(SUM)
                            .by("k")
                            .onNull(NullPolicy.dropRow())
                            .apply(source)
                            .collectAsList())
                    .containsExactlyInAnyOrderElementsOf(source.filter("x is not null")
                            .groupBy("k")
                            .agg(sum("x"))
                            .collectAsList());
            assertThat(aggregate(SUM)
                            .by("k")
                            .onNull(NullPolicy.fill(7))
                            .apply(source)
                            .collectAsList())
                    .containsExactlyInAnyOrderElementsOf(
                            source.groupBy("k").agg(sum("filled")).collectAsList());
        }
        df.unpersist();
    }

    @Test
    void addsSmallFloatsToLargeSums(SparkSession spark) {
        Program floats = Program.build(tf -> {
            var x = placeholder(tf, "x_input", TFloat32.class, Shape.of(-1));
            return outputs("x", tf.reduceSum(x, tf.constant(0)));
        });
        // 2^24 + 1 is no float: a running sum of ones would stop there
        Dataset<Row> ones = spark.range(0, 20_000_000, 1, 1).select(lit(1).as("k"), lit(1f).as("x"));
        assertThat(aggregate(floats).by("k").apply(ones).first().getFloat(1)).isEqualTo(20_000_000f);
    }

    @Test
    void reducesAMillionGroups(SparkSession spark) {
        Dataset<Row> df = spark.range(0, 2_000_000, 1, 2)
                .select(
                        col("id").mod(1_000_000).as("k"),
                        col("id").cast("double").as("x"));
        Dataset<Row> result = aggregate(SUM).by("k").apply(df);
        assertThat(result.filter("x = 2 * k + 1000000").count()).isEqualTo(1_000_000);
    }

    @Test
    void pushesFiltersOnKeysBelow(SparkSession spark, @TempDir Path directory) {
        String path = directory.resolve("numbers").toString();
        numbers(spark, 10).write().parquet(path);
        Dataset<Row> read = spark.read().parquet(path);
        Dataset<Row> sums =
                aggregate(SUM).by(col("k"), col("k").mod(2).as("odd")).apply(read);
        Dataset<Row> filtered = sums.filter("k < 3 and odd = 0 and x > 0");
        assertThat(filtered.queryExecution().optimizedPlan().toString().lines())
                .anySatisfy(line -> assertThat(line).contains("Filter").contains("< 3"))
                .satisfiesOnlyOnce(line -> assertThat(line).contains("Filter (x#"));
        assertThat(filtered.queryExecution().executedPlan().toString())
                .contains("LessThan(k,3)")
                .contains("ReadSchema: struct<k:bigint,x:double>");
        assertThat(filtered.collectAsList())
                .containsExactlyInAnyOrderElementsOf(
                        read.groupBy(col("k"), col("k").mod(2).as("odd"))
                                .agg(sum("x").as("x"))
                                .filter("k < 3 and odd = 0 and x > 0")
                                .collectAsList())
                .hasSize(2);
    }

    @Test
    void leavesFiltersOnKeysOfACollationAbove(SparkSession spark) {
        Dataset<Row> df = numbers(spark, 4)
                .selectExpr("collate(if(k % 2 = 0, 'a', 'A'), 'UTF8_LCASE') as c", "x", "k")
                .filter("k < 3");
        Dataset<Row> filtered = aggregate(SUM).by("c").apply(df).filter("hex(cast(c as binary)) in ('41', '61')");
        assertThat(filtered.collectAsList()).hasSize(1);
        assertThat(filtered.first().getDouble(1))
                .isEqualTo(df.agg(sum("x")).first().getDouble(0));
    }

    @Test
    void explainsWhatItWouldDo(SparkSession spark) {
        Dataset<Row> df = numbers(spark, 4);
        String expected = """
                Aggregate %s
                  key     column 'k'
                  key     column 'id'
                  feed    x_input <- column 'x': DT_DOUBLE[?], on null fail
                  fetch   x -> column 'x': DT_DOUBLE[?]
                  result  one row for each group: the keys and the new columns
                  groups  %s
                  block   at most 1000 rows, about 4194304 bytes, 500 ms a run
                          more where there are many groups, about 67108864 bytes
                  copies  into the block: 1 copy, in bulk from columns
                          block to tensors: 0
                          tensors to columns: 0
                  device  a GPU if TensorFlow finds one, else the CPU""";
        String segmented = aggregate(SUM).by("k", "id").blockRows(1000).explain(df);
        String stacked = aggregate(LOG_SUM_EXP).by("k", "id").blockRows(1000).explain(df);
        assertThat(segmented)
                .isEqualTo(expected.formatted(nameIn(segmented), "segments: one run for all groups of a block"));
        assertThat(stacked)
                .isEqualTo(expected.formatted(
                        nameIn(stacked), "stacked: one run for all groups of a block that have equally many rows"));
        assertThat(nameIn(stacked)).startsWith("log-sum-exp");
    }

    /** The name has a digest of the rewritten program. */
    private static String nameIn(String explanation) {
        return explanation.lines().findFirst().orElseThrow().substring("Aggregate ".length());
    }
}
