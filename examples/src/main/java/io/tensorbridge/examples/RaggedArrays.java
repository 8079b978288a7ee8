package io.tensorbridge.examples;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.mapRows;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sequence;

import io.tensorbridge.tensor.Program;
import java.io.IOException;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.index.Indices;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** What if arrays differ in length? Feeds them one after the other, padded, and row by row. */
public final class RaggedArrays {

    private RaggedArrays() {}

    public static void main(String[] args) throws IOException {
        try (SparkSession spark = SparkSession.builder()
                .master("local[*]")
                .appName("RaggedArrays")
                .config("spark.ui.enabled", "false")
                .getOrCreate()) {
            Dataset<Row> ratings = ratings(spark);
            ragged(ratings);
            padded(ratings);
            rowByRow(ratings);
        }
    }

    private static Dataset<Row> ratings(SparkSession spark) {
        return spark.range(1, 4, 1, 1)
                .select(sequence(lit(1), col("id")).cast("array<float>").as("ratings"));
    }

    private static void ragged(Dataset<Row> ratings) {
        // region ragged
        Program sums = Program.build(tf -> {
            var values = placeholder(tf, "values", TFloat32.class, Shape.of(-1)); // 1, 1, 2, 1, 2, 3
            var splits = placeholder(tf, "splits", TInt32.class, Shape.of(-1)); // 0, 1, 3, 6
            var running = tf.math.cumsum(values, tf.constant(0));
            var before = tf.concat(List.of(tf.constant(new float[] {0}), running), tf.constant(0));
            var atSplits = tf.gather(before, splits, tf.constant(0));
            var ends = tf.stridedSlice(atSplits, Indices.sliceFrom(1));
            var begins = tf.stridedSlice(atSplits, Indices.sliceTo(-1));
            return outputs("sum", tf.math.sub(ends, begins));
        });
        mapBlocks(sums).feedRagged("values", "splits", "ratings").apply(ratings).show();
        // endregion
    }

    private static void padded(Dataset<Row> ratings) {
        // region padded
        Program means = Program.build(tf -> {
            var x = placeholder(tf, "x", TFloat32.class, Shape.of(-1, 4));
            var mask = placeholder(tf, "mask", TFloat32.class, Shape.of(-1, 4));
            var count = placeholder(tf, "count", TInt32.class, Shape.of(-1));
            var sum = tf.sum(tf.math.mul(x, mask), tf.constant(1));
            return outputs("padded", tf.identity(x))
                    .and("mean", tf.math.div(sum, tf.dtypes.cast(count, TFloat32.class)));
        });
        mapBlocks(means)
                .feed("x", "ratings")
                .feedMask("mask", "ratings")
                .feedLengths("count", "ratings")
                .pad("ratings", -1)
                .apply(ratings)
                .show(/* truncate= */ false);
        // endregion
    }

    private static void rowByRow(Dataset<Row> ratings) {
        // region rows
        Program below = Program.build(tf -> {
            var x = placeholder(tf, "x", TFloat32.class, Shape.of(-1)); // the array of one row
            return outputs("below", tf.math.sub(x, tf.max(x, tf.constant(0))));
        });
        mapRows(below).feed("x", "ratings").apply(ratings).show();
        // endregion
    }
}
