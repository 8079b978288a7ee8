package io.tensorbridge;

import static io.tensorbridge.TensorFrames.aggregate;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sum;
import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import java.util.Locale;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat64;

/** Keys of every type that Spark can group by: the groups are Spark's. */
@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class AggregateKeysTest {

    private static final Program SUM = Program.build(tf -> {
        var x = placeholder(tf, "x_input", TFloat64.class, Shape.of(-1));
        return outputs("x", tf.reduceSum(x, tf.constant(0)));
    });

    private static Dataset<Row> numbers(SparkSession spark) {
        return spark.range(0, 2_000, 1, 3)
                .selectExpr("id", "cast(id % 10 as double) as x", "if(id % 7 = 0, null, id % 5) as n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "cast(n as byte)",
                "cast(n as short)",
                "cast(n as int)",
                "n",
                "cast(n as float) - 2",
                "cast(n as double) / 3",
                "n % 2 = 0",
                "cast(n as decimal(9, 2))",
                "cast(n as decimal(38, 2))",
                "cast(n as string)",
                "cast(cast(n as string) as binary)",
                "date_add(date'2020-02-27', cast(n as int))",
                "timestamp_seconds(n * 1000000007)",
                "cast(timestamp_seconds(n) as timestamp_ntz)",
                "make_dt_interval(n)",
                "make_ym_interval(cast(n as int))",
                "struct(n as a, cast(n % 2 as string) as b)",
                "array(n, n % 2)",
                "if(id % 4 = 0, array(), array(n))",
                "cast(null as long)",
                "cast(null as string)",
                "1",
                "element_at(array(0D, -0D, cast('NaN' as double), -1D, cast('-Infinity' as double)), cast(n as int) + 1)",
                "element_at(array(0f, cast(-0.0 as float), cast('NaN' as float), -1f, 2f), cast(n as int) + 1)",
                "array(if(n = 1, 0D, -0D), cast('NaN' as double))",
                "array(map(1, if(n = 1, 2, 3), 4, 5), map(4, 5, 1, 2))",
                "if(id % 2 = 0, map(n, 1, n + 1, 2), map(n + 1, 2, n, 1))",
                "struct(map('a', n, 'b', array(n)) as m)",
                "map('a', map(1, n))"
            })
    void groupsAsSparkDoes(String key, SparkSession spark) {
        // of a null in a map's place nothing is asked here: a map's keys must not be null
        Dataset<Row> df = key.contains("map(n") ? numbers(spark).filter("n is not null") : numbers(spark);
        if (key.contains("'b', array(n)")) {
            key = "struct(map('a', array(n), 'b', array(n + 1)) as m)";
        }
        Dataset<Row> result =
                aggregate(SUM).by(expr(key).as("k")).blockRows(100).apply(df);
        Dataset<Row> expected = df.groupBy(expr(key).as("k")).agg(sum("x").as("x"));
        assertThat(result.schema().apply("k").dataType().catalogString())
                .isEqualTo(expected.schema().apply("k").dataType().catalogString());
        assertThat(result.collectAsList().stream().map(AggregateKeysTest::text))
                .containsExactlyInAnyOrderElementsOf(expected.collectAsList().stream()
                        .map(AggregateKeysTest::text)
                        .toList());
    }

    /** Rows of binaries are equal to themselves alone; and -0.0 is to be told from 0.0. */
    private static String text(Row row) {
        Object key = row.get(0);
        return (key instanceof byte[] bytes ? java.util.Arrays.toString(bytes) : String.valueOf(key)) + row.get(1);
    }

    @Test
    void takesForEqualWhatACollationDoes(SparkSession spark) {
        Dataset<Row> df = numbers(spark)
                .filter("n is not null")
                .selectExpr("concat(if(id % 2 = 0, 'Key', 'kEY'), n) collate UTF8_LCASE as k", "x");
        Dataset<Row> result = aggregate(SUM).by("k").blockRows(100).apply(df);
        assertThat(result.collectAsList().stream().map(row -> row.getString(0).toLowerCase(Locale.ROOT) + row.get(1)))
                .containsExactlyInAnyOrderElementsOf(df.groupBy("k").agg(sum("x")).collectAsList().stream()
                        .map(row -> row.getString(0).toLowerCase(Locale.ROOT) + row.get(1))
                        .toList());
    }

    @Test
    void groupsBySeveralKeys(SparkSession spark) {
        Dataset<Row> df = numbers(spark);
        Dataset<Row> result = aggregate(SUM)
                .by("n", "id")
                .by(col("x").plus(1), lit("a").as("letter"), col("n").as("again"))
                .apply(df);
        assertThat(result.columns()).containsExactly("n", "id", "(x + 1)", "letter", "again", "x");
        assertThat(result.collectAsList())
                .containsExactlyInAnyOrderElementsOf(
                        df.groupBy(col("n"), col("id"), col("x").plus(1), lit("a").as("letter"), col("n").as("again"))
                                .agg(sum("x").as("x"))
                                .collectAsList());
    }

    @Test
    void groupsByTheColumnThatIsReduced(SparkSession spark) {
        Dataset<Row> df = numbers(spark);
        Dataset<Row> result = aggregate(SUM).by("x").fetch("x", "total").apply(df);
        assertThat(result.collectAsList())
                .containsExactlyInAnyOrderElementsOf(
                        df.groupBy("x").agg(sum("x")).collectAsList());
    }

    @Test
    void takesNamesToTheLetter(SparkSession spark) {
        Dataset<Row> df = numbers(spark).withColumnRenamed("n", "a.`b");
        Dataset<Row> result = aggregate(SUM).by("a.`b").apply(df);
        assertThat(result.columns()).containsExactly("a.`b", "x");
        assertThat(result.count()).isEqualTo(6);
    }
}
