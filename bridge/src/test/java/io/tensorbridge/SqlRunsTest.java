package io.tensorbridge;

import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat64;

/** Functions of SQL run as the operations do that they were made of. */
@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class SqlRunsTest {

    /** A run cannot be interrupted, and how long one takes is not known before the first. */
    @Test
    void beginsWithFewRowsWhereTheProgramIsLarge(SparkSession spark) {
        TensorFrames.register(spark, "large", Program.build(tf -> {
            var x = placeholder(tf, "x", TFloat64.class, Shape.of(-1));
            var weights = tf.constant(new double[1 << 20]); // 8 MiB
            return outputs("y", tf.math.add(x, tf.reduceSum(weights, tf.constant(0))));
        }));
        Dataset<Row> result = spark.sql("select large(cast(id as double)) from range(0, 1000, 1, 1)");
        assertThat(result.collectAsList()).hasSize(1_000);
        assertThat(RunMetrics.of(result).blocks()).isGreaterThan(1);
    }

    @Test
    void takesOneArgumentForInputsThatSparkCallsOneName(SparkSession spark) {
        Program ratio = Program.build(tf -> {
            var small = placeholder(tf, "x", TFloat64.class, Shape.of(-1));
            var capital = placeholder(tf, "X", TFloat64.class, Shape.of(-1));
            return outputs("y", tf.math.div(small, capital));
        });
        TensorFrames.register(spark, "ratio", ratio);
        assertThat(spark.sql("select ratio(8D)").first().getDouble(0)).isEqualTo(1);
        spark.conf().set("spark.sql.caseSensitive", "true");
        try {
            TensorFrames.register(spark, "ratio", ratio);
            assertThat(spark.sql("select ratio(8D, 2D)").first().getDouble(0)).isEqualTo(4);
        } finally {
            spark.conf().unset("spark.sql.caseSensitive");
        }
    }
}
