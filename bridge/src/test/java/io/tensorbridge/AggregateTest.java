package io.tensorbridge;

import static io.tensorbridge.TensorFrames.aggregate;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.sum;
import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat64;

@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class AggregateTest {

    private static final Program SUM = Program.build(tf -> {
        var x = placeholder(tf, "x_input", TFloat64.class, Shape.of(-1));
        return outputs("x", tf.reduceSum(x, tf.constant(0)));
    });

    private static final Program LOG_SUM_EXP = Program.build(tf -> {
                var x = placeholder(tf, "x_input", TFloat64.class, Shape.of(-1));
                return outputs("x", tf.math.log(tf.reduceSum(tf.math.exp(x), tf.constant(0))));
            })
            .named("lse");

    @Test
    void sums(SparkSession spark) {
        Dataset<Row> df = spark.range(0, 10_000, 1, 3)
                .select(col("id").mod(37).as("k"), col("id").cast("double").as("x"));
        Dataset<Row> result = aggregate(SUM).by("k").apply(df);
        result.explain(true);
        assertThat(result.columns()).containsExactly("k", "x");
        assertThat(result.collectAsList())
                .containsExactlyInAnyOrderElementsOf(
                        df.groupBy("k").agg(sum("x").as("x")).collectAsList());
        System.out.println(RunMetrics.of(result));
    }

    @Test
    void logSumExp(SparkSession spark) {
        Dataset<Row> df = spark.range(0, 10_000, 1, 3)
                .select(
                        col("id").mod(37).as("k"),
                        col("id").divide(10_000).cast("double").as("x"));
        Dataset<Row> result = aggregate(LOG_SUM_EXP).by("k").apply(df);
        Map<Long, Double> expected = new HashMap<>();
        for (Row row : df.collectAsList()) {
            expected.merge(row.getLong(0), Math.exp(row.getDouble(1)), Double::sum);
        }
        List<Row> rows = result.collectAsList();
        assertThat(rows).hasSize(37);
        for (Row row : rows) {
            assertThat(Math.exp(row.getDouble(1)))
                    .isCloseTo(expected.get(row.getLong(0)), org.assertj.core.data.Percentage.withPercentage(1e-8));
        }
    }
}
