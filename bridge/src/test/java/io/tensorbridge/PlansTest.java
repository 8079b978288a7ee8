package io.tensorbridge;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.sum;
import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.Programs;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.rdd.DeterministicLevel;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat64;

/** mapBlocks among Spark's own operators. */
@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class PlansTest {

    private static final int ROWS = 5_000;

    private static Dataset<Row> numbers(SparkSession spark) {
        return spark.range(0, ROWS, 1, 3)
                .select(
                        col("id").cast("double").as("x"),
                        col("id").cast("string").as("s"));
    }

    private static Dataset<Row> mapped(SparkSession spark) {
        return mapBlocks(Programs.plusThree()).blockRows(1_000).apply(numbers(spark));
    }

    private static void check(Dataset<Row> result, long rows) {
        assertThat(result.filter("z = x + 3").count()).isEqualTo(rows);
    }

    @ParameterizedTest(name = "codegen {0}, AQE {1}")
    @CsvSource({"true,true", "true,false", "false,true", "false,false"})
    void everythingSparkDoes(String codegen, String adaptive, SparkSession spark) {
        spark.conf().set("spark.sql.codegen.wholeStage", codegen);
        spark.conf().set("spark.sql.adaptive.enabled", adaptive);
        try {
            Dataset<Row> df = mapped(spark);
            check(df, ROWS);
            assertThat(df.limit(5).collectAsList()).hasSize(5);
            assertThat(df.coalesce(1).limit(3_500).count()).isEqualTo(3_500);
            assertThat(df.agg(sum("z")).first().getDouble(0)).isEqualTo(ROWS * (ROWS - 1) / 2 + 3.0 * ROWS);
            assertThat(df.groupBy(expr("z % 10")).count().collectAsList()).hasSize(10);
            assertThat(df.orderBy(col("z").desc()).first().getDouble(2)).isEqualTo(ROWS + 2);
            check(df.repartition(4), ROWS);
            check(df.union(df), 2L * ROWS);
            check(mapBlocks(Programs.plusThree()).apply(numbers(spark).repartition(4)), ROWS);
            check(mapBlocks(Programs.plusThree()).apply(numbers(spark).orderBy(col("x").desc())), ROWS);
            Dataset<Row> keys = numbers(spark).select(col("x").as("k"));
            check(mapBlocks(Programs.plusThree()).apply(numbers(spark).join(keys, expr("x = k"))), ROWS);
            assertThat(df.select("s").distinct().count()).isEqualTo(ROWS);
            assertThat(df.toJavaRDD().count()).isEqualTo(ROWS);
        } finally {
            spark.conf().unset("spark.sql.codegen.wholeStage");
            spark.conf().unset("spark.sql.adaptive.enabled");
        }
    }

    @Test
    void saysWhichResultsDoNotComeAgain(SparkSession spark) {
        Program noise = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1));
            return Program.outputs("z", tf.math.add(x, tf.random.randomUniform(tf.shape(x), TFloat64.class)));
        });
        assertThat(mapBlocks(noise).apply(numbers(spark)).toJavaRDD().rdd().outputDeterministicLevel())
                .isEqualTo(DeterministicLevel.INDETERMINATE());
        assertThat(mapped(spark).toJavaRDD().rdd().outputDeterministicLevel())
                .isEqualTo(DeterministicLevel.DETERMINATE());
    }

    @Test
    void joinsWithItself(SparkSession spark) {
        Dataset<Row> df = mapped(spark);
        assertThat(df.as("l").join(df.as("r"), expr("l.z = r.z")).count()).isEqualTo(ROWS);
        assertThat(df.join(df, "z").count()).isEqualTo(ROWS);
        assertThat(df.intersect(df).count()).isEqualTo(ROWS);
        assertThat(df.except(df).count()).isZero();
    }

    @Test
    void prunesColumnsThroughTheNode(SparkSession spark, @TempDir Path directory) {
        String path = directory.resolve("numbers").toString();
        numbers(spark).write().parquet(path);
        Dataset<Row> df = mapBlocks(Programs.plusThree())
                .apply(spark.read().parquet(path))
                .select("z");
        String plan = df.queryExecution().executedPlan().toString();
        assertThat(plan).contains("ReadSchema: struct<x:double>");
        assertThat(df.agg(sum("z")).first().getDouble(0)).isEqualTo(ROWS * (ROWS - 1) / 2 + 3.0 * ROWS);
    }

    @Test
    void pushesFiltersOnInputColumnsBelow(SparkSession spark, @TempDir Path directory) {
        String path = directory.resolve("numbers").toString();
        numbers(spark).write().parquet(path);
        Dataset<Row> df = mapBlocks(Programs.plusThree())
                .apply(spark.read().parquet(path))
                .filter("x < 100 and z >= 50");
        assertThat(df.collectAsList()).hasSize(53);
        assertThat(df.queryExecution().executedPlan().toString()).contains("LessThan(x,100.0)");
        assertThat(RunMetrics.of(df).rows()).isEqualTo(100);
    }

    @Test
    void findsWhatIsCached(SparkSession spark) {
        Dataset<Row> cached = mapped(spark).cache();
        try {
            check(cached, ROWS);
            assertThat(mapped(spark).queryExecution().withCachedData().toString())
                    .contains("InMemoryRelation");
            check(
                    mapBlocks(Programs.plusThree())
                            .feed("x", "z")
                            .fetch("z", "y")
                            .apply(cached)
                            .filter("y = z + 3"),
                    ROWS);
        } finally {
            cached.unpersist(true);
        }
    }

    @Test
    void worksThroughViewsAndOtherSessions(SparkSession spark) {
        mapped(spark).createOrReplaceTempView("mapped");
        assertThat(spark.sql("select sum(z) from mapped where x < 3").first().getDouble(0))
                .isEqualTo(12);
        SparkSession other = spark.newSession();
        check(mapBlocks(Programs.plusThree()).apply(numbers(other)), ROWS);
        check(mapped(spark).localCheckpoint(), ROWS);
    }

    @Test
    void writesAndStreams(SparkSession spark, @TempDir Path directory) throws Exception {
        String in = directory.resolve("in").toString();
        String out = directory.resolve("out").toString();
        mapped(spark).drop("z").write().parquet(in);
        Dataset<Row> stream = spark.readStream().schema(numbers(spark).schema()).parquet(in);
        var query = mapBlocks(Programs.plusThree())
                .apply(stream)
                .writeStream()
                .format("parquet")
                .option("path", out)
                .option("checkpointLocation", directory.resolve("checkpoint").toString())
                .trigger(org.apache.spark.sql.streaming.Trigger.AvailableNow())
                .start();
        query.awaitTermination(60_000);
        check(spark.read().parquet(out), ROWS);
    }

    @Test
    void emptyPartitionsAndNoRowsAtAll(SparkSession spark) {
        Dataset<Row> none = mapBlocks(Programs.plusThree()).apply(numbers(spark).filter("x < 0"));
        assertThat(none.collectAsList()).isEmpty();
        assertThat(none.columns()).containsExactly("x", "s", "z");
        Dataset<Row> one = mapBlocks(Programs.plusThree())
                .apply(numbers(spark).filter("x = 7").repartition(5));
        assertThat(one.collectAsList()).extracting(row -> row.getDouble(2)).containsExactly(10.0);
        assertThat(RunMetrics.of(one).blocks()).isEqualTo(1);
    }

    @Test
    void showsItsMetricsAndItsName(SparkSession spark) {
        Dataset<Row> df = mapped(spark);
        df.collectAsList();
        String plan = df.queryExecution().executedPlan().toString();
        assertThat(plan).contains("MapBlocks z@" + Programs.plusThree().sha256().substring(0, 8));
        RunMetrics metrics = RunMetrics.of(df);
        assertThat(metrics.blocks()).isEqualTo(6);
        assertThat(metrics.runNanos()).isPositive();
        assertThat(metrics.peakNativeBytes()).isPositive();
        assertThat(metrics.bytesCopied())
                .containsOnlyKeys(
                        "rows",
                        "columns",
                        "dictionary",
                        "nulls",
                        "booleans",
                        "kept",
                        "misaligned",
                        "program",
                        "half",
                        "string",
                        "padded",
                        "row_splits",
                        "grouped");
        assertThat(metrics.bytesCopied().get("kept")).isPositive();
    }

    @Test
    void loadsOneSessionForAllTasks(SparkSession spark) {
        var program = io.tensorbridge.tensor.Program.build(tf -> {
            var x = io.tensorbridge.tensor.Program.placeholder(
                    tf, "x", org.tensorflow.types.TFloat64.class, org.tensorflow.ndarray.Shape.of(-1));
            return io.tensorbridge.tensor.Program.outputs("z", tf.math.add(x, tf.constant(System.nanoTime() * 1.0)));
        });
        Dataset<Row> df = mapBlocks(program).apply(numbers(spark).repartition(16));
        assertThat(df.collectAsList()).hasSize(ROWS);
        assertThat(RunMetrics.of(df).sessionsLoaded()).isEqualTo(1);
        assertThat(df.collectAsList()).hasSize(ROWS);
        assertThat(RunMetrics.of(df).sessionsLoaded()).isZero();
    }

    @Test
    void keepsColumnsOfEveryType(SparkSession spark) {
        Dataset<Row> df = spark.sql("""
                select cast(id as double) as x, id % 2 = 0 as bool, cast(id % 100 as byte) as b, cast(id as short) as sh,
                  cast(id as int) as i, id as l, cast(id as float) as f, cast(id as decimal(10, 2)) as dec,
                  cast(id as decimal(38, 4)) as big, concat('row ', id) as s, cast(concat('b', id) as binary) as bin,
                  date_add(date'2020-01-01', cast(id as int)) as d, timestamp_millis(id) as t,
                  timestamp_ntz'2020-01-01 00:00:00' as ntz,
                  make_interval(0, 1, 0, cast(id as int), 0, 0, 0.5) as iv, make_ym_interval(1, cast(id as int)) as ym,
                  make_dt_interval(cast(id as int)) as dt, array(id, null, id + 1) as arr,
                  array(array(concat('a', id)), array()) as nested, map(concat('k', id), id) as m,
                  named_struct('a', id, 'b', named_struct('c', concat('c', id), 'd', array(id))) as st,
                  if(id % 3 = 0, null, concat('n', id)) as n, if(id % 3 = 0, null, named_struct('q', id)) as nst,
                  parse_json(concat('{"v":', id, '}')) as v
                from range(0, 1000, 1, 2)
                """);
        List<String> expected = df
                .selectExpr("to_json(struct(* except (iv, v))) as j", "cast(iv as string)", "to_json(v)")
                .collectAsList()
                .stream()
                .map(Row::toString)
                .toList();
        Dataset<Row> result = mapBlocks(Programs.plusThree()).blockRows(128).apply(df);
        assertThat(result.filter("z = x + 3")
                        .drop("z")
                        .selectExpr("to_json(struct(* except (iv, v))) as j", "cast(iv as string)", "to_json(v)")
                        .collectAsList())
                .extracting(Row::toString)
                .containsExactlyElementsOf(expected);
        // and once more with a fed array, which leaves the fed column out of the rows that are kept
        Dataset<Row> again = mapBlocks(Programs.plusThree())
                .feed("x", "other")
                .fetch("z", "w")
                .apply(result.withColumn("other", col("x")));
        assertThat(again.drop("z", "w", "other")
                        .selectExpr("to_json(struct(* except (iv, v))) as j", "cast(iv as string)", "to_json(v)")
                        .collectAsList())
                .extracting(Row::toString)
                .containsExactlyElementsOf(expected);
    }
}
