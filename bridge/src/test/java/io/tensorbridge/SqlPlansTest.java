package io.tensorbridge;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.mapRows;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static org.apache.spark.sql.functions.call_function;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.arrow.NullPolicy;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.Programs;
import io.tensorbridge.tensor.TensorValue;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.api.python.PythonEvalType;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.expressions.PythonUDF;
import org.apache.spark.sql.streaming.Trigger;
import org.apache.spark.sql.types.DataTypes;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt64;
import scala.collection.immutable.Seq;
import scala.runtime.AbstractFunction1;

/** How calls of programs stand in plans, and what they cost there. */
@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class SqlPlansTest {

    private static final int ROWS = 200;

    @BeforeEach
    void register(SparkSession spark) {
        TensorFrames.register(spark, "plus", Programs.plusThree());
        TensorFrames.register(spark, "both", SqlFunctionsTest.both());
        numbers(spark).createOrReplaceTempView("numbers");
    }

    private static Dataset<Row> numbers(SparkSession spark) {
        return spark.range(0, ROWS, 1, 2)
                .selectExpr(
                        "cast(id as double) as x",
                        "cast(id % 5 as double) as y",
                        "if(id % 4 = 0, null, cast(id as double)) as n");
    }

    private static RunMetrics run(Dataset<Row> df) {
        df.collectAsList();
        return RunMetrics.of(df);
    }

    private static int nodes(Dataset<Row> df) {
        return df.queryExecution().optimizedPlan().toString().split("MapBlocks ", -1).length - 1;
    }

    @Test
    void stagesAColumnOnceForAllPrograms(SparkSession spark) {
        Dataset<Row> df = spark.sql("select plus(x), both(x, y), plus(y), both(y, x).total from numbers");
        RunMetrics metrics = run(df);
        assertThat(nodes(df)).isEqualTo(1);
        assertThat(metrics.bytesCopied()).containsEntry("rows", 2L * Double.BYTES * ROWS);
        assertThat(metrics.rows()).isEqualTo(ROWS);
        assertThat(metrics.blocks()).isEqualTo(4 * 2); // four runs in each of two partitions
        assertThat(run(spark.sql("select plus(x) from numbers")).bytesCopied())
                .containsEntry("rows", (long) Double.BYTES * ROWS);
    }

    @Test
    void runsEqualCallsOnce(SparkSession spark) {
        Dataset<Row> df = spark.sql("""
                select plus(x) + plus(x), z * plus(x), both(x, y).total, both(x, y).difference, both(x, y)
                from (select *, plus(x) as z from numbers) where z > 10 and plus(x) < 20 sort by plus(x)
                """);
        RunMetrics metrics = run(df);
        assertThat(df.collectAsList()).hasSize(9);
        assertThat(metrics.rows()).isEqualTo(ROWS + 9); // plus on all rows, both on those that are left
        assertThat(nodes(df)).isEqualTo(2);
    }

    @Test
    void filtersByWhatNeedsNoProgramFirst(SparkSession spark) {
        Dataset<Row> df = spark.sql("select x from numbers where plus(n) > 50 and n is not null and x < 100 and y > 0");
        RunMetrics metrics = run(df);
        assertThat(metrics.rows())
                .isEqualTo(numbers(spark)
                        .filter("n is not null and x < 100 and y > 0")
                        .count());
        assertThat(df.count())
                .isEqualTo(numbers(spark).filter("n > 47 and x < 100 and y > 0").count());
    }

    @Test
    void sharesBlocksBetweenOperations(SparkSession spark) {
        Dataset<Row> df = mapBlocks(SqlFunctionsTest.both())
                .apply(mapBlocks(Programs.plusThree()).apply(numbers(spark)))
                .filter("total > 5");
        RunMetrics metrics = run(df);
        assertThat(nodes(df)).isEqualTo(1);
        assertThat(metrics.bytesCopied()).containsEntry("rows", 2L * Double.BYTES * ROWS);
        assertThat(df.selectExpr("z - x", "total - x - y", "difference - x + y")
                        .distinct()
                        .collectAsList())
                .extracting(Row::toString)
                .containsExactly("[3.0,0.0,0.0]");
    }

    @Test
    void sharesNoBlocksWhereOneIsFedByTheOtherOrDropsRows(SparkSession spark) {
        Dataset<Row> fed = mapBlocks(Programs.plusThree())
                .feed("x", "z")
                .fetch("z", "w")
                .apply(mapBlocks(Programs.plusThree()).apply(numbers(spark)));
        assertThat(fed.filter("w = x + 6").count()).isEqualTo(ROWS);
        assertThat(nodes(fed)).isEqualTo(2);
        Dataset<Row> dropping = mapBlocks(Programs.plusThree())
                .feed("x", "n")
                .onNull(NullPolicy.dropRow())
                .fetch("z", "w")
                .apply(mapBlocks(Programs.plusThree()).apply(numbers(spark)));
        assertThat(dropping.filter("w = n + 3 and z = x + 3").count()).isEqualTo(ROWS * 3 / 4);
        assertThat(nodes(dropping)).isEqualTo(2);
        Dataset<Row> otherBlocks = mapBlocks(SqlFunctionsTest.both())
                .blockRows(7)
                .apply(mapBlocks(Programs.plusThree()).apply(numbers(spark)));
        assertThat(otherBlocks.filter("z = x + 3 and total = x + y").count()).isEqualTo(ROWS);
        assertThat(nodes(otherBlocks)).isEqualTo(2);
    }

    @Test
    void runsNoMoreRowsThanALimitAsksFor(SparkSession spark) {
        Dataset<Row> df = spark.sql("select plus(x) from numbers limit 5");
        assertThat(run(df).rows()).isEqualTo(5);
        Dataset<Row> mapped =
                mapBlocks(Programs.plusThree()).apply(numbers(spark)).limit(7);
        assertThat(run(mapped).rows()).isEqualTo(7);
        Dataset<Row> dropping = mapBlocks(Programs.plusThree())
                .feed("x", "n")
                .onNull(NullPolicy.dropRow())
                .apply(numbers(spark))
                .limit(7);
        assertThat(dropping.collectAsList()).hasSize(7);
    }

    @Test
    void readsFromFilesOnlyWhatIsUsed(SparkSession spark, @TempDir Path directory) {
        String path = directory.resolve("numbers").toString();
        numbers(spark).write().parquet(path);
        spark.read().parquet(path).createOrReplaceTempView("files");
        Dataset<Row> df = spark.sql("select plus(x) from files where y < 2 and plus(x) > 50");
        assertThat(run(df).rows()).isEqualTo(ROWS * 2 / 5);
        assertThat(df.queryExecution().executedPlan().toString())
                .contains("ReadSchema: struct<x:double,y:double>", "LessThan(y,2.0)");
        Dataset<Row> alone = spark.sql("select plus(x) from files");
        assertThat(run(alone).bytesCopied()).containsEntry("columns", (long) Double.BYTES * ROWS);
        assertThat(alone.queryExecution().executedPlan().toString()).contains("ReadSchema: struct<x:double>");
    }

    @ParameterizedTest
    @ValueSource(strings = {"parquet", "", "orc"})
    void takesPartitionColumnsAsArguments(String listOfV1, SparkSession spark, @TempDir Path directory) {
        String format = listOfV1.isEmpty() ? "parquet" : listOfV1;
        spark.conf().set("spark.sql.sources.useV1SourceList", listOfV1);
        try {
            spark.sql("create table parts (x double, p double) using %s partitioned by (p) location '%s'"
                    .formatted(format, directory));
            spark.sql("insert into parts select plus(x), y from numbers");
            assertThat(spark.sql("select x, plus(p) from parts where plus(p) > 5 and p < 4")
                            .collectAsList())
                    .hasSize(ROWS / 5)
                    .extracting(row -> row.getDouble(1))
                    .containsOnly(6.0);
            Dataset<Row> files = spark.read().format(format).load(directory.toString());
            files.createOrReplaceTempView("files");
            assertThat(spark.sql("select x from files where plus(p) = 5 or plus(p) > x")
                            .count())
                    .isEqualTo(files.filter("p = 2 or p + 3 > x").count());
        } finally {
            spark.conf().unset("spark.sql.sources.useV1SourceList");
            spark.sql("drop table if exists parts");
        }
    }

    @Test
    void prunesPartitionsByWhatAFunctionChooses(SparkSession spark, @TempDir Path directory) {
        String path = directory.resolve("facts").toString();
        numbers(spark).write().partitionBy("y").parquet(path);
        spark.read().parquet(path).createOrReplaceTempView("facts");
        String dimension = directory.resolve("dimension").toString();
        spark.range(5).selectExpr("cast(id as double) as k").write().parquet(dimension);
        spark.read().parquet(dimension).createOrReplaceTempView("dimension");
        Dataset<Row> df = spark.sql("select plus(f.x) from facts f join dimension d on f.y = d.k where plus(d.k) = 6");
        assertThat(df.collectAsList()).hasSize(ROWS / 5);
        assertThat(df.queryExecution().executedPlan().toString()).contains("dynamicpruning");
        spark.conf().set("spark.sql.autoBroadcastJoinThreshold", -1);
        spark.conf().set("spark.sql.optimizer.dynamicPartitionPruning.reuseBroadcastOnly", false);
        try {
            Dataset<Row> again =
                    spark.sql("select plus(f.x) from facts f join dimension d on f.y = d.k where plus(d.k) = 6");
            assertThat(again.collectAsList()).hasSize(ROWS / 5);
        } finally {
            spark.conf().unset("spark.sql.autoBroadcastJoinThreshold");
            spark.conf().unset("spark.sql.optimizer.dynamicPartitionPruning.reuseBroadcastOnly");
        }
    }

    @Test
    void isAsGoodFromDataFrames(SparkSession spark) {
        Dataset<Row> df = numbers(spark)
                .select(
                        col("x"),
                        expr("plus(x)").as("a"),
                        call_function("plus", col("x")).as("b"),
                        call_function("both", col("x"), col("y"))
                                .getField("total")
                                .as("c"))
                .filter(call_function("plus", col("a")).gt(100));
        assertThat(df.filter("a = x + 3 and b = x + 3 and x + 6 > 100").count()).isEqualTo(ROWS - 95);
        assertThat(numbers(spark).selectExpr("plus(x) as z").filter("z > 100").count())
                .isEqualTo(ROWS - 98);
        assertThat(df.observe("seen", expr("avg(plus(x))")).collectAsList()).hasSize(ROWS - 95);
    }

    @Test
    void writesTablesAndStreams(SparkSession spark, @TempDir Path directory) throws Exception {
        String in = directory.resolve("in").toString();
        spark.sql(
                "create table made using parquet location '%s' as select x, plus(x) as z from numbers where plus(y) > 4"
                        .formatted(in));
        try {
            spark.sql("insert into made select both(x, y).total, plus(x + y) from numbers where x < 10");
            assertThat(spark.sql("select * from made where z = x + 3").count()).isEqualTo(ROWS * 3 / 5 + 10);
        } finally {
            spark.sql("drop table made");
        }
        String out = directory.resolve("out").toString();
        spark.readStream().schema("x double, z double").parquet(in).createOrReplaceTempView("stream");
        var query = spark.sql("select z, plus(z) as w from stream where plus(x) > 100")
                .writeStream()
                .format("parquet")
                .option("path", out)
                .option("checkpointLocation", directory.resolve("checkpoint").toString())
                .trigger(Trigger.AvailableNow())
                .start();
        assertThat(query.awaitTermination(60_000)).isTrue();
        Dataset<Row> written = spark.read().parquet(out);
        assertThat(written.filter("w = z + 3 and z > 100").count())
                .isEqualTo(written.count())
                .isEqualTo(spark.read().parquet(in).filter("x > 97").count());
    }

    @Test
    void runsTheProgramThatWasRegisteredLast(SparkSession spark) {
        spark.sql("create or replace temporary view scored as select x, plus(x) as z from numbers");
        Dataset<Row> before = spark.sql("select max(z - x) from scored");
        TensorFrames.register(spark, "PLUS", Program.build(tf -> {
            var x = placeholder(tf, "x", TFloat64.class, Shape.of(-1));
            return outputs("z", tf.math.add(x, tf.constant(4.0)));
        }));
        assertThat(spark.sql("select max(z - x) from scored").first().getDouble(0))
                .isEqualTo(4);
        assertThat(before.first().getDouble(0)).isEqualTo(3);
        assertThat(spark.newSession().sql("show user functions like 'plus'").collectAsList())
                .isEmpty();
    }

    @Test
    void isFoundInTheCache(SparkSession spark) {
        Dataset<Row> cached = spark.sql("select x, plus(x) as z from numbers").cache();
        try {
            assertThat(cached.filter("z = x + 3").count()).isEqualTo(ROWS);
            Dataset<Row> again = spark.sql("select x, plus(x) as z from numbers");
            assertThat(again.queryExecution().optimizedPlan().toString()).contains("InMemoryRelation");
            assertThat(cached.selectExpr("plus(z) - x").distinct().collectAsList())
                    .extracting(row -> row.getDouble(0))
                    .containsExactly(6.0);
        } finally {
            cached.unpersist(/* blocking= */ true);
        }
    }

    @Test
    void aggregatesStreams(SparkSession spark, @TempDir Path directory) throws Exception {
        String in = directory.resolve("in").toString();
        numbers(spark).select("x", "y").write().parquet(in);
        spark.readStream().schema("x double, y double").parquet(in).createOrReplaceTempView("stream");
        var query = spark.sql("select plus(y) as g, sum(plus(x)) as s from stream where plus(x) > 50 group by plus(y)")
                .writeStream()
                .format("memory")
                .queryName("sums")
                .outputMode("complete")
                .option("checkpointLocation", directory.resolve("checkpoint").toString())
                .trigger(Trigger.AvailableNow())
                .start();
        assertThat(query.awaitTermination(60_000)).isTrue();
        assertThat(spark.table("sums").orderBy("g").collectAsList())
                .isEqualTo(
                        spark.sql("select y + 3 as g, sum(x + 3) as s from numbers where x > 47 group by y order by g")
                                .collectAsList());
    }

    @Test
    void freesAllWhereTheSecondOfTwoProgramsFails(SparkSession spark) {
        TensorFrames.register(spark, "divided", Program.build(tf -> {
            var k = placeholder(tf, "k", TInt64.class, Shape.of(-1));
            return outputs("q", tf.math.floorDiv(tf.constant(100L), k));
        }));
        Dataset<Row> df =
                spark.sql("select plus(x), divided(id) from (select cast(id as double) as x, id from range(9))");
        assertThat(nodes(df)).isEqualTo(1);
        assertThatThrownBy(df::collectAsList).rootCause().hasMessageContaining("ivision by zero");
        assertThat(spark.sql("select plus(cast(id as double)), divided(id) from range(1, 9)")
                        .collectAsList())
                .hasSize(8);
    }

    @Test
    void drawsRandomNumbersForEachCall(SparkSession spark) {
        TensorFrames.register(spark, "noise", Program.build(tf -> {
            var x = placeholder(tf, "x", TFloat64.class, Shape.of(-1));
            return outputs("z", tf.math.add(x, tf.random.randomUniform(tf.shape(x), TFloat64.class)));
        }));
        Dataset<Row> df = spark.sql("select noise(x) as a, noise(x) as b from numbers");
        assertThat(df.queryExecution().analyzed().toString()).contains("noise(x");
        assertThat(spark.sql("select count(1) from (select noise(x) as a, noise(x) as b from numbers) where a = b")
                        .first()
                        .getLong(0))
                .isZero();
        // one that gives other values each time is evaluated once, and not by each that uses it
        assertThat(spark.sql("select count(1) from (select noise(x) as a from numbers) where a - a = 0 and a >= 0")
                        .first()
                        .getLong(0))
                .isEqualTo(ROWS);
    }

    @Test
    void takesOperationsWithTheirRefinements(SparkSession spark) {
        Program scaled =
                Program.build(tf -> {
                    var pixels = placeholder(tf, "pixels", TFloat32.class, Shape.of(-1, 2, 2));
                    var by = placeholder(tf, "by", TFloat32.class, Shape.of(2));
                    return outputs("scaled", tf.math.mul(pixels, by))
                            .and("first", tf.reduceSum(pixels, tf.constant(new int[] {1, 2})));
                });
        TensorFrames.register(
                spark,
                "scaled",
                mapBlocks(scaled)
                        .feed("pixels", "picture")
                        .with("by", TensorValue.of(Shape.of(2), 10f, 100f))
                        .shape("picture", 2, 2)
                        .onNull(NullPolicy.fill(0))
                        .fetch("first", "total")
                        .fetch("scaled"));
        Dataset<Row> df = spark.sql("""
                select r.total, r.scaled, scaled(array(1f, 2f, 3f, null)).total from
                (select scaled(array(1f, 2f, 3f, 4f)) as r)
                """);
        assertThat(df.first().toString())
                .isEqualTo("[10.0,ArraySeq(ArraySeq(10.0, 200.0), ArraySeq(30.0, 400.0)),6.0]");
        Program mean = Program.build(tf -> {
            var x = placeholder(tf, "x", TInt64.class, Shape.of(-1));
            return outputs("mean", tf.math.mean(x, tf.constant(0)));
        });
        TensorFrames.register(spark, "average", mapRows(mean));
        assertThat(spark.sql("select average(sequence(1L, id)) from range(1, 6)")
                        .collectAsList())
                .extracting(row -> row.getLong(0))
                .containsExactly(1L, 1L, 2L, 2L, 3L);
    }

    @Test
    void knowsShapesOfColumnsAndOfOtherCalls(SparkSession spark) {
        TensorFrames.register(spark, "flat", Program.build(tf -> {
            var x = placeholder(tf, "x", TFloat32.class, Shape.of(-1, 2, 2));
            return outputs("y", tf.reduceSum(x, tf.constant(new int[] {1, 2})));
        }));
        Dataset<Row> pictures = TensorFrames.withShape(
                spark.sql("select array(1f, 2f, 3f, cast(id as float)) as picture from range(3)"), "picture", 2, 2);
        pictures.createOrReplaceTempView("pictures");
        assertThat(spark.sql("select flat(picture) from pictures").collectAsList())
                .extracting(row -> row.getFloat(0))
                .isEqualTo(List.of(6f, 7f, 8f));
    }

    @Test
    void showsFunctionsInPlans(SparkSession spark) {
        Dataset<Row> df = spark.sql("select plus(x + 1) as z from numbers where both(x, y).total > 5");
        assertThat(df.queryExecution().analyzed().toString())
                .contains("plus((x#")
                .contains("both(x#");
        assertThat(spark.sql("select plus(x), both(x, y + 1).total from numbers")
                        .columns())
                .containsExactly("plus(x)", "both(x, (y + 1)).total");
        assertThat(df.queryExecution().executedPlan().toString())
                .contains("MapBlocks z@" + Programs.plusThree().sha256().substring(0, 8)
                        + ", [(CAST(id AS DOUBLE) + 1.0)#");
        assertThat(spark.sql("describe function plus").first().getString(0)).isEqualTo("Function: plus");
    }

    @Test
    void leavesFunctionsOfPythonOverCallsToSpark(SparkSession spark) {
        ((org.apache.spark.sql.classic.SparkSession) spark)
                .sessionState()
                .functionRegistry()
                .createOrReplaceTempFunction("python", new PythonFunction(), "python_udf");
        assertThat(spark.sql("select python(plus(x)) from numbers")
                        .queryExecution()
                        .optimizedPlan()
                        .toString())
                .containsSubsequence("EvalPython [python(z#", "MapBlocks z@");
    }

    /** A function that no Python runs, for plans alone. A named class, since Spark asks for its name. */
    private static final class PythonFunction extends AbstractFunction1<Seq<Expression>, Expression> {

        @Override
        public Expression apply(Seq<Expression> arguments) {
            return new PythonUDF(
                    "python",
                    /* func= */ null,
                    DataTypes.DoubleType,
                    arguments,
                    PythonEvalType.SQL_BATCHED_UDF(),
                    /* udfDeterministic= */ true,
                    NamedExpression.newExprId());
        }
    }
}
