package io.tensorbridge.examples;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;

import io.tensorbridge.TensorFrames;
import io.tensorbridge.arrow.NullPolicy;
import io.tensorbridge.tensor.Program;
import java.io.IOException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

/** How do I call a program in SQL? Scores flowers in queries. */
public final class ScoreInSql {

    private ScoreInSql() {}

    public static void main(String[] args) throws IOException {
        try (SparkSession spark = SparkSession.builder()
                .master("local[*]")
                .appName("ScoreInSql")
                .config("spark.ui.enabled", "false")
                .getOrCreate()) {
            run(spark);
        }
    }

    static void run(SparkSession spark) {
        spark.sql("""
                create temporary view flowers as select * from values
                  (1, array(5.1f, 3.5f, 1.4f, 0.2f), 'wild'),
                  (2, array(7.0f, 3.2f, 4.7f, 1.4f), 'wild'),
                  (3, array(6.3f, 3.3f, 6.0f, 2.5f), 'garden'),
                  (4, null, 'garden') as flowers(id, measures, place)
                """);
        // region register
        Program flower = Program.build(tf -> {
            var features = placeholder(tf, "features", TFloat32.class, Shape.of(-1, 4));
            var sum = tf.reduceSum(features, tf.constant(1));
            return outputs("size", sum).and("share", tf.math.div(tf.max(features, tf.constant(1)), sum));
        });
        TensorFrames.register(spark, "flower", flower);
        // endregion
        // region select
        spark.sql("""
                select id, flower(measures).size, flower(measures).share
                from flowers where measures is not null and flower(measures).size > 12
                """).show();
        // endregion
        // region refine
        TensorFrames.register(
                spark,
                "flower_size",
                mapBlocks(flower).feed("features", "measures").fetch("size").onNull(NullPolicy.fill(0)));

        spark.sql("select id, flower_size(measures) as size from flowers order by size")
                .show();
        // endregion
        // region aggregate
        spark.sql("""
                select place, count(*), max(flower(measures).size) as largest
                from flowers where measures is not null
                group by place having largest > 10 order by place
                """).show();
        // endregion
        // region plan
        Dataset<Row> both = spark.sql("select flower_size(measures), flower(measures).share from flowers where id < 4");
        System.out.println(both.queryExecution().optimizedPlan().toString().replaceAll("#[0-9]+", ""));
        // endregion
    }
}
