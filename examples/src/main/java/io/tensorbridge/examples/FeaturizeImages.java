package io.tensorbridge.examples;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;

import io.tensorbridge.tensor.Program;
import java.io.IOException;
import java.util.Locale;
import org.apache.spark.ml.classification.LogisticRegression;
import org.apache.spark.ml.evaluation.MulticlassClassificationEvaluator;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/**
 * What can a network that was trained on photographs say of handwritten digits? Takes features of pictures out of an inner
 * layer of a MobileNetV2, and lets Spark ML learn from them.
 */
public final class FeaturizeImages {

    private static final int SIDE = 96;

    private FeaturizeImages() {}

    public static void main(String[] args) throws IOException {
        try (SparkSession spark = SparkSession.builder()
                .master("local[*]")
                .appName("FeaturizeImages")
                .config("spark.ui.enabled", "false")
                .getOrCreate()) {
            run(spark);
        }
    }

    static void run(SparkSession spark) {
        // region features
        Program photographs = Program.build(tf -> {
            var pixels = placeholder(tf, "pixels", TUint8.class, Shape.of(-1, 20, 20));
            var grey = tf.math.div(tf.dtypes.cast(pixels, TFloat32.class), tf.constant(255f));
            var colours = tf.tile(tf.expandDims(grey, tf.constant(3)), tf.constant(new int[] {1, 1, 1, 3}));
            return outputs("image", tf.image.resizeBilinear(colours, tf.constant(new int[] {SIDE, SIDE})));
        });
        Program mobilenet = Program.fromSavedModel(ExampleFiles.data("mobilenet_v2_block13"));

        Dataset<Row> digits = spark.read()
                .parquet(ExampleFiles.data("digits/held-out.parquet").toString());
        Dataset<Row> featurized = mapBlocks(mobilenet.after(photographs))
                .shape("pixels", 20, 20) // 400 bytes a row are a picture of 20 by 20
                .asVector("features") // as Spark ML likes it
                .apply(digits);
        // endregion

        long start = System.nanoTime();
        Dataset<Row> features = featurized.select("label", "features").cache();
        long rows = features.count();
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.println("rows: " + rows);
        System.out.println(String.format(Locale.ROOT, "seconds: %.3f", seconds));

        // region learn
        Dataset<Row>[] parts = features.randomSplit(new double[] {0.7, 0.3}, 20_26);
        var model = new LogisticRegression().setRegParam(0.01).fit(parts[0]);
        double accuracy = new MulticlassClassificationEvaluator()
                .setMetricName("accuracy")
                .evaluate(model.transform(parts[1]));
        // endregion
        System.out.println(String.format(Locale.ROOT, "accuracy: %.3f", accuracy));
        features.unpersist();
    }
}
