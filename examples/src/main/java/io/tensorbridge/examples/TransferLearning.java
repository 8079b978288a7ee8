package io.tensorbridge.examples;

import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;

import io.tensorbridge.image.PixelScaling;
import io.tensorbridge.ml.ImageFeaturizer;
import io.tensorbridge.tensor.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.apache.commons.io.FileUtils;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.classification.LogisticRegression;
import org.apache.spark.ml.classification.MultilayerPerceptronClassifier;
import org.apache.spark.ml.evaluation.MulticlassClassificationEvaluator;
import org.apache.spark.ml.feature.StandardScaler;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

/**
 * Does what a network has learnt of photographs help to tell clothes apart? Learns from features that a MobileNetV2 makes of
 * 2,000 pictures, saves the pipeline, loads it and scores 1,000 others; then the same with the bare pixels.
 */
public final class TransferLearning {

    private static final int SIDE = FashionPictures.SIDE;
    private static final int CLASSES = FashionPictures.CLASSES.size();

    private TransferLearning() {}

    public static void main(String[] args) throws IOException {
        try (SparkSession spark = SparkSession.builder()
                .master("local[*]")
                .appName("TransferLearning")
                .config("spark.ui.enabled", "false")
                .getOrCreate()) {
            run(spark, 2000, 1000);
        }
    }

    static void run(SparkSession spark, int toLearnFrom, int toScore) throws IOException {
        Dataset<Row> training = FashionPictures.read(spark, 0, toLearnFrom);
        Dataset<Row> test = FashionPictures.read(spark, toLearnFrom, toLearnFrom + toScore);

        // region learn
        var featurizer = new ImageFeaturizer()
                .setProgram(Program.fromSavedModel(ExampleFiles.data("mobilenet_v2_block13")))
                .setSize(96, 96)
                .setScaling(PixelScaling.UNIT) // 0 to 1
                .setInputCol("image")
                .setOutputCol("features");
        var regression = new LogisticRegression().setRegParam(0.01).setMaxIter(30);
        PipelineModel model = new Pipeline()
                .setStages(new PipelineStage[] {featurizer, regression})
                .fit(training);
        // endregion
        Path directory = Files.createTempDirectory("transfer-learning");
        String path = directory.resolve("model").toString();
        // region save
        model.write().overwrite().save(path); // the network's files, its digest, and params as JSON
        PipelineModel loaded = PipelineModel.load(path);
        // endregion
        print("accuracy", loaded, test);
        FileUtils.deleteDirectory(directory.toFile());

        var pixels = new ImageFeaturizer()
                .setProgram(pixels())
                .setScaling(PixelScaling.UNIT)
                .setInputCol("image")
                .setOutputCol("features");
        print(
                "accuracy on raw pixels",
                new Pipeline()
                        .setStages(new PipelineStage[] {pixels, regression})
                        .fit(training),
                test);

        var scaler =
                new StandardScaler().setWithMean(true).setInputCol("features").setOutputCol("scaled");
        var perceptron = new MultilayerPerceptronClassifier()
                .setLayers(new int[] {576, 64, CLASSES})
                .setFeaturesCol("scaled")
                .setMaxIter(40)
                .setSeed(20_26);
        print(
                "accuracy of a perceptron",
                new Pipeline()
                        .setStages(new PipelineStage[] {featurizer, scaler, perceptron})
                        .fit(training),
                test);
    }

    /** Gives the pixels as they are, as features. */
    private static Program pixels() {
        return Program.build(tf -> {
            var image = placeholder(tf, "image", TFloat32.class, Shape.of(-1, SIDE, SIDE, 1));
            return outputs("pixels", tf.reshape(image, tf.constant(new int[] {-1, SIDE * SIDE})));
        });
    }

    private static void print(String what, PipelineModel model, Dataset<Row> test) {
        double accuracy = new MulticlassClassificationEvaluator()
                .setMetricName("accuracy")
                .evaluate(model.transform(test));
        System.out.println(String.format(Locale.ROOT, "%s: %.3f", what, accuracy));
    }
}
