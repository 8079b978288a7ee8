package io.tensorbridge;

import static io.tensorbridge.Surrounded.numbers;
import static org.apache.spark.sql.functions.expr;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.tensor.NativeMemoryExtension;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;
import org.apache.spark.api.java.function.VoidFunction2;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.StreamingQueryException;
import org.apache.spark.sql.streaming.Trigger;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every operation among Spark's own operators, against Spark's own way to the same rows. */
@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class SurroundingsTest {

    /** All pairs; every operation and every surrounding meets each way in which Spark runs a plan. */
    static List<Arguments> table() {
        List<Arguments> table = new ArrayList<>();
        int row = 0;
        for (Surrounded operation : Surrounded.values()) {
            int way = row++;
            for (Surrounding surrounding : Surrounding.values()) {
                table.add(Arguments.of(operation, surrounding, way % 2 == 0, way / 2 % 2 == 0));
                way++;
            }
        }
        return table;
    }

    @ParameterizedTest(name = "{0} with {1}, codegen {2}, AQE {3}")
    @MethodSource("table")
    void givesWhatSparkGives(
            Surrounded operation, Surrounding surrounding, boolean codegen, boolean adaptive, SparkSession spark) {
        Dataset<Row> df = numbers(spark);
        assertThat(collect(surrounding, operation.ours(), df, codegen, adaptive))
                .isEqualTo(collect(surrounding, operation.sparks(), df, /* codegen= */ false, /* adaptive= */ false));
    }

    private static List<String> collect(
            Surrounding surrounding,
            UnaryOperator<Dataset<Row>> operation,
            Dataset<Row> df,
            boolean codegen,
            boolean adaptive) {
        var conf = df.sparkSession().conf();
        conf.set("spark.sql.codegen.wholeStage", codegen);
        conf.set("spark.sql.codegen.factoryMode", codegen ? "FALLBACK" : "NO_CODEGEN");
        conf.set("spark.sql.adaptive.enabled", adaptive);
        try {
            return sorted(surrounding.collect(operation, df));
        } finally {
            conf.unset("spark.sql.codegen.wholeStage");
            conf.unset("spark.sql.codegen.factoryMode");
            conf.unset("spark.sql.adaptive.enabled");
        }
    }

    private static List<String> sorted(List<Row> rows) {
        return rows.stream().map(Row::toString).sorted().toList();
    }

    @ParameterizedTest
    @EnumSource(Surrounded.class)
    void runsOnStreamsOrRefusesThem(Surrounded operation, SparkSession spark, @TempDir Path directory)
            throws Exception {
        Dataset<Row> stream = stream(spark, directory);
        if (operation.maps()) {
            String out = directory.resolve("out").toString();
            var query = operation
                    .ours()
                    .apply(stream)
                    .writeStream()
                    .format("parquet")
                    .option("path", out)
                    .option(
                            "checkpointLocation",
                            directory.resolve("checkpoint").toString())
                    .trigger(Trigger.AvailableNow())
                    .start();
            assertThat(query.awaitTermination(60_000)).isTrue();
            assertThat(sorted(spark.read().parquet(out).collectAsList()))
                    .isEqualTo(sorted(operation.sparks().apply(numbers(spark)).collectAsList()));
        } else {
            assertThatThrownBy(() -> operation.ours().apply(stream))
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessageMatching(
                            "Cannot (reduce a stream|aggregate) with program '(sum|add)': expected a DataFrame"
                                    + " that ends, found a streaming one\\. (Reduce|Aggregate) its batches in foreachBatch\\(…\\)");
            assertThat(sorted(inBatches(operation, stream, directory)))
                    .isEqualTo(sorted(operation.sparks().apply(numbers(spark)).collectAsList()));
        }
    }

    /** A fact table in seven partitions, of which a dimension asks for one: that alone is read, below a program too. */
    @ParameterizedTest
    @EnumSource(names = {"MAP_BLOCKS", "MAP_ROWS_RAGGED"})
    void prunesPartitionsByWhatIsJoinedAbove(Surrounded operation, SparkSession spark, @TempDir Path directory) {
        String facts = directory.resolve("facts").toString();
        numbers(spark).repartition(1).write().partitionBy("k").parquet(facts);
        String dimension = directory.resolve("dimension").toString();
        spark.range(7)
                .selectExpr("id as key", "concat('name', id) as name")
                .write()
                .parquet(dimension);
        Dataset<Row> one = spark.read().parquet(dimension).filter("name = 'name4'");
        UnaryOperator<Dataset<Row>> join = df -> df.join(one, expr("k = key"));
        Dataset<Row> table = spark.read().parquet(facts);

        Dataset<Row> joined = join.apply(operation.ours().apply(table));
        assertThat(sorted(joined.collectAsList()))
                .isEqualTo(sorted(join.apply(operation.sparks().apply(table)).collectAsList()));
        assertThat(joined.queryExecution().executedPlan().toString()).contains("dynamicpruning");
        assertThat(RunMetrics.of(joined).rows())
                .isEqualTo(numbers(spark).filter("k = 4").count());
    }

    private static Dataset<Row> stream(SparkSession spark, Path directory) {
        String in = directory.resolve("in").toString();
        numbers(spark).write().parquet(in);
        return spark.readStream().schema(numbers(spark).schema()).parquet(in);
    }

    private static List<Row> inBatches(Surrounded operation, Dataset<Row> stream, Path directory)
            throws TimeoutException, StreamingQueryException {
        List<Row> rows = new ArrayList<>(); // the stream's thread has ended when they are read
        var query = stream.writeStream()
                .foreachBatch((VoidFunction2<Dataset<Row>, Long>)
                        (batch, id) -> rows.addAll(operation.ours().apply(batch).collectAsList()))
                .option("checkpointLocation", directory.resolve("checkpoint").toString())
                .trigger(Trigger.AvailableNow())
                .start();
        assertThat(query.awaitTermination(60_000)).isTrue();
        return rows;
    }
}
