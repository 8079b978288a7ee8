package io.tensorbridge;

import static io.tensorbridge.TensorFrames.aggregate;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static org.apache.spark.sql.functions.sum;
import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.arrow.NullPolicy;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat64;

/** Stages of generated code that end in columns: every row of them arrives, whatever the stage is made of. */
@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class StageToColumnsTest {

    private static final Program SUM = Program.build(tf -> {
        var x = placeholder(tf, "x_input", TFloat64.class, Shape.of(-1));
        return outputs("x", tf.reduceSum(x, tf.constant(0)));
    });

    private static void assertSums(Dataset<Row> df) {
        Dataset<Row> expected = df.groupBy("k").agg(sum("x").as("x"));
        assertThat(aggregate(SUM)
                        .by("k")
                        .onNull("x", NullPolicy.fill(0))
                        .apply(df)
                        .collectAsList())
                .containsExactlyInAnyOrderElementsOf(
                        expected.na().fill(0, new String[] {"x"}).collectAsList());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 4095, 4096, 4097, 8192, 10_000})
    void givesEveryRow(int rows, SparkSession spark) {
        assertSums(spark.range(0, rows, 1, 1).selectExpr("id % 5 as k", "cast(id as double) as x"));
    }

    @Test
    void givesNullsWhereTheyAreAndNowhereElse(SparkSession spark) {
        // the first batch alone has nulls, and its memory is used again
        assertSums(spark.range(0, 10_000, 1, 1)
                .selectExpr(
                        "if(id % 3 = 0 and id < 4000, null, id % 5) as k",
                        "if(id % 2 = 0 and id < 4000, null, cast(id as double)) as x"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                // goes on where the stage should stop: several batches at once
                "select k, x from (select id % 5 as k, explode(sequence(1, 9000)) as v, cast(v as double) as x from range(3))",
                "select id % 5 as k, cast(id as double) as x from range(20000) limit 9000",
                "select k, cast(sum(id) as double) as x from (select id, id % 9001 as k from range(30000)) group by k",
                "select a.id % 5 as k, cast(b.id as double) as x from range(9000) a join range(9000) b on a.id = b.id",
                "select k, x from (select id % 5 as k, cast(id as double) as x from range(9000) order by x desc)",
                "select id % 5 as k, 1D as x from range(9000) union all select 1L as k, cast(id as double) from range(9000)",
                "select distinct id % 9000 as k, cast(id % 9000 as double) as x from range(20000)"
            })
    void givesEveryRowOf(String query, SparkSession spark) {
        assertSums(spark.sql(query));
    }

    @Test
    void givesTheSameWhereTheCodeIsTooLong(SparkSession spark) {
        Dataset<Row> df =
                spark.range(0, 10_000, 1, 1).selectExpr("id % 5 as k", "if(id % 7 = 0, null, cast(id as double)) as x");
        spark.conf().set("spark.sql.codegen.hugeMethodLimit", "8");
        try {
            assertSums(df);
        } finally {
            spark.conf().unset("spark.sql.codegen.hugeMethodLimit");
        }
    }

    @Test
    void leavesRowsToThoseThatHaveMoreThanFixedWidth(SparkSession spark) {
        Dataset<Row> df = spark.range(0, 100, 1, 1).selectExpr("id % 5 as k", "cast(id as double) as x");
        assertThat(bytesCopied(df)).containsEntry("columns", 800L).containsEntry("rows", 40L);
        assertThat(bytesCopied(df.selectExpr("cast(k as string) as k", "x"))).containsEntry("rows", 840L);
    }

    private static Map<String, Long> bytesCopied(Dataset<Row> df) {
        Dataset<Row> sums = aggregate(SUM).by("k").apply(df);
        assertThat(sums.collectAsList()).hasSize(5);
        return RunMetrics.of(sums).bytesCopied();
    }
}
