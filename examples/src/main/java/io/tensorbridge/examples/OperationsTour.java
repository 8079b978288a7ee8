package io.tensorbridge.examples;

import static io.tensorbridge.TensorFrames.aggregate;
import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.mapRows;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static io.tensorbridge.TensorFrames.reduceBlocks;
import static io.tensorbridge.TensorFrames.reduceRows;
import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sequence;

import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.TensorValue;
import java.io.IOException;
import java.util.Arrays;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TString;

/** What can I do with a DataFrame and a program? Each operation once. */
public final class OperationsTour {

    private OperationsTour() {}

    public static void main(String[] args) throws IOException {
        try (SparkSession spark = SparkSession.builder()
                .master("local[*]")
                .appName("OperationsTour")
                .config("spark.ui.enabled", "false")
                .getOrCreate()) {
            rows(spark);
            reasons(spark);
            parameters(spark);
            reductions(spark);
            groups(spark);
        }
    }

    private static void rows(SparkSession spark) {
        // region rows
        Program mean = Program.build(tf -> {
            var x = placeholder(tf, "x", TInt64.class, Shape.of(-1)); // a cell: no dimension of rows
            return outputs("mean", tf.math.mean(x, tf.constant(0)));
        });
        Dataset<Row> ragged =
                spark.range(1, 4).select(sequence(lit(10L), col("id").plus(10)).as("x"));

        mapRows(mean).apply(ragged).show();
        // endregion
    }

    private static void reasons(SparkSession spark) {
        // region reasons
        Program number = Program.build(tf -> {
            var text = placeholder(tf, "text", TString.class, Shape.of(-1));
            return outputs("number", tf.strings.toNumber(text, TFloat32.class));
        });
        Dataset<Row> texts = spark.createDataset(Arrays.asList("7", "seven", null), Encoders.STRING())
                .toDF("text");

        mapBlocks(number).reasons("why").apply(texts).show(/* truncate= */ false);
        // endregion
    }

    private static void parameters(SparkSession spark) {
        // region parameters
        Program scale = Program.build(tf -> {
            var x = placeholder(tf, "x", TFloat32.class, Shape.of(-1, 2));
            var by = placeholder(tf, "by", TFloat32.class, Shape.of(2));
            return outputs("y", tf.math.mul(x, by));
        });
        Dataset<Row> points =
                spark.range(2).select(array(col("id").cast("float"), lit(1f)).as("x"));

        for (float factor : new float[] {10, 100}) {
            mapBlocks(scale)
                    .with("by", TensorValue.of(Shape.of(2), factor, -factor))
                    .apply(points)
                    .show();
        }
        // endregion
    }

    private static void reductions(SparkSession spark) {
        // region reductions
        Program total = Program.build(
                tf -> { // makes x of x_input: of a block a cell
                    var x = placeholder(tf, "x_input", TInt64.class, Shape.of(-1));
                    return outputs("x", tf.sum(x, tf.constant(0)));
                });
        Program larger = Program.build(
                tf -> { // makes x of x_1 and x_2: of two cells one
                    var first = placeholder(tf, "x_1", TInt64.class, Shape.scalar());
                    var second = placeholder(tf, "x_2", TInt64.class, Shape.scalar());
                    return outputs("x", tf.math.maximum(first, second));
                });
        Dataset<Row> numbers = spark.range(1, 101).select(col("id").as("x"));

        System.out.println(reduceBlocks(total).apply(numbers)); // now
        System.out.println(reduceRows(larger).checked().apply(numbers));
        reduceBlocks(total).fetch("x", "total").lazily(numbers).show(); // when it is used
        // endregion
    }

    private static void groups(SparkSession spark) {
        // region groups
        Program both = Program.build(tf -> {
            var x = placeholder(tf, "x_input", TInt64.class, Shape.of(-1));
            var y = placeholder(tf, "y_input", TInt64.class, Shape.of(-1));
            return outputs("x", tf.sum(x, tf.constant(0))).and("y", tf.max(y, tf.constant(0)));
        });
        Dataset<Row> numbers =
                spark.range(1, 101).select(col("id").as("x"), col("id").as("y"));

        aggregate(both)
                .by(col("x").mod(3).as("remainder"))
                .fetch("x", "sum")
                .fetch("y", "largest")
                .apply(numbers)
                .orderBy("remainder")
                .show();
        // endregion
    }
}
