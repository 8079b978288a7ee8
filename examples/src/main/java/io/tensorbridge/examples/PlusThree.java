package io.tensorbridge.examples;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static org.apache.spark.sql.functions.col;

import io.tensorbridge.tensor.Program;
import java.io.IOException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat64;

/** How do I run a program of my own? Adds three to a column. */
public final class PlusThree {

    private PlusThree() {}

    public static void main(String[] args) throws IOException {
        try (SparkSession spark = SparkSession.builder()
                .master("local[*]")
                .appName("PlusThree")
                .config("spark.ui.enabled", "false")
                .getOrCreate()) {
            run(spark);
        }
    }

    static void run(SparkSession spark) {
        // region tour
        Program program = Program.build(tf -> {
            var x = placeholder(tf, "x", TFloat64.class, Shape.of(-1));
            return outputs("z", tf.math.add(x, tf.constant(3.0)));
        });
        Dataset<Row> numbers = spark.range(3).select(col("id").cast("double").as("x"));

        mapBlocks(program).apply(numbers).show(); // x, z
        mapBlocks(program)
                .feed("x", "x")
                .fetch("z", "plus_three")
                .apply(numbers)
                .show(); // x, plus_three
        mapBlocks(program).trim().apply(numbers).show(); // z alone
        System.out.println(mapBlocks(program).explain(numbers));
        // endregion
    }
}
