package io.tensorbridge.examples;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.substring_index;

import io.tensorbridge.ml.BrokenImages;
import io.tensorbridge.ml.ImageFeaturizer;
import io.tensorbridge.ml.TensorTransformer;
import io.tensorbridge.tensor.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.commons.io.FileUtils;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.feature.Normalizer;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** How does a program become a stage of Spark ML? Features of files in a pipeline, saved and loaded; any program as a stage. */
public final class StagesTour {

    private StagesTour() {}

    public static void main(String[] args) throws IOException {
        try (SparkSession spark = SparkSession.builder()
                .master("local[*]")
                .appName("StagesTour")
                .config("spark.ui.enabled", "false")
                .getOrCreate()) {
            Path directory = Files.createTempDirectory("stages");
            try {
                run(spark, directory);
            } finally {
                FileUtils.deleteDirectory(directory.toFile());
            }
        }
    }

    private static void run(SparkSession spark, Path directory) throws IOException {
        String photographs = ExampleFiles.data("photographs").toString(); // two photographs, and a README.md
        // region pictures
        Dataset<Row> files = spark.read().format("binaryFile").load(photographs); // path, …, content
        var featurizer = new ImageFeaturizer()
                .setProgram(Program.fromSavedModel(ExampleFiles.data("mobilenet_v2_block13")))
                .setSize(224, 224) // this model leaves it open
                .setScaling("unit") // or Keras' name of a model: "MobileNetV2"
                .setBrokenImages(BrokenImages.NULL)
                .setReasonCol("why")
                .setInputCol("content")
                .setOutputCol("features");
        Dataset<Row> features = featurizer.transform(files);
        features.select(
                        substring_index(col("path"), "/", -1).as("file"),
                        col("features").isNotNull().as("features"),
                        col("why"))
                .orderBy("file")
                .show(/* truncate= */ false);
        // endregion

        // region save
        String place = directory.resolve("model").toUri().toString(); // or hdfs:, s3a: …
        featurizer.setBrokenImages(BrokenImages.DROP); // most of Spark's stages take no nulls
        featurizer.clear(featurizer.reasonCol());
        var normalizer = new Normalizer().setInputCol("features").setOutputCol("unit");
        new Pipeline()
                .setStages(new PipelineStage[] {featurizer, normalizer})
                .fit(files)
                .save(place);
        PipelineModel loaded = PipelineModel.load(place);
        System.out.println(loaded.transform(files).count() + " pictures");
        // endregion

        // region tensors
        var scores = new TensorTransformer()
                .setProgram(Program.fromSavedModel(ExampleFiles.data("digits/model")))
                .shape("pixels", 20, 20) // 400 bytes a row are a picture of 20 by 20
                .fetch("digit", "guess")
                .fetch("probabilities", "scores")
                .asVector("scores");
        Dataset<Row> digits = spark.read()
                .parquet(ExampleFiles.data("digits/held-out.parquet").toString());
        scores.transformSchema(digits.schema()).printTreeString(); // starts no job
        // endregion
    }
}
