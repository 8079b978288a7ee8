package io.tensorbridge.examples;

import static io.tensorbridge.TensorFrames.analyze;
import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static io.tensorbridge.TensorFrames.printSchema;
import static io.tensorbridge.TensorFrames.withShape;
import static org.apache.spark.sql.functions.array_repeat;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sequence;
import static org.apache.spark.sql.functions.slice;

import io.tensorbridge.tensor.Program;
import java.io.IOException;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TInt64;

/** What shape do my cells have? Learns it, declares it, and makes ragged arrays even. */
public final class LearnShapes {

    private LearnShapes() {}

    public static void main(String[] args) throws IOException {
        try (SparkSession spark = SparkSession.builder()
                .master("local[*]")
                .appName("LearnShapes")
                .config("spark.ui.enabled", "false")
                .getOrCreate()) {
            run(spark);
        }
    }

    static void run(SparkSession spark) {
        // region tour
        Dataset<Row> df = spark.range(1, 4)
                .select(
                        array_repeat(col("id"), 6).as("pixels"),
                        sequence(lit(1), col("id")).as("ragged"));
        printSchema(df); // what the types tell

        Dataset<Row> learnt = analyze(df); // one pass over the rows
        printSchema(learnt);

        Dataset<Row> pictures = withShape(learnt, "pixels", 2, 3); // six values are two rows of three
        printSchema(pictures);

        Program sums = Program.build(tf -> {
            var x = placeholder(tf, "pixels", TInt64.class, Shape.of(-1, -1, 3));
            return outputs("sums", tf.reduceSum(x, tf.constant(2)));
        });
        mapBlocks(sums).apply(pictures).select("pixels", "sums").show();

        Column zeros = array_repeat(lit(0), 3);
        Dataset<Row> even = df.select(slice(concat(col("ragged"), zeros), 1, 3).as("padded"));
        printSchema(analyze(even));
        // endregion
    }
}
