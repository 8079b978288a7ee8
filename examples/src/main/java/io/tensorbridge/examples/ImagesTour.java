package io.tensorbridge.examples;

import static io.tensorbridge.TensorFrames.mapBlocks;

import io.tensorbridge.image.Fitting;
import io.tensorbridge.image.ImagePreprocessing;
import io.tensorbridge.image.Label;
import io.tensorbridge.image.PixelScaling;
import io.tensorbridge.image.TopPredictions;
import io.tensorbridge.tensor.Program;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** How does a model get pictures? Takes files and decoded pictures to a MobileNetV2, and names what another model sees. */
public final class ImagesTour {

    private ImagesTour() {}

    public static void main(String[] args) throws IOException {
        try (SparkSession spark = SparkSession.builder()
                .master("local[*]")
                .appName("ImagesTour")
                .config("spark.ui.enabled", "false")
                .getOrCreate()) {
            run(spark);
        }
    }

    static void run(SparkSession spark) {
        String directory = ExampleFiles.data("photographs").toString(); // two photographs, and a README.md
        // region files
        ImagePreprocessing preprocessing = ImagePreprocessing.to(224, 224) // what the model was made for
                .fit(Fitting.CROP)
                .scale(PixelScaling.UNIT);
        Program mobilenet = Program.fromSavedModel(ExampleFiles.data("mobilenet_v2_block13"));
        Program ofFiles = mobilenet.after(preprocessing.encoded());

        Dataset<Row> files = spark.read().format("binaryFile").load(directory); // path, …, content
        Dataset<Row> features = mapBlocks(ofFiles).reasons("why").apply(files);
        features.selectExpr("substring_index(path, '/', -1) as file", "size(features)", "why")
                .orderBy("file")
                .show(/* truncate= */ false);
        // endregion

        // region decoded
        Dataset<Row> images = spark.read()
                .format("image")
                .option("dropInvalid", true)
                .load(directory)
                .select("image.*"); // origin, height, width, nChannels, mode, data
        mapBlocks(mobilenet.after(preprocessing.decoded()))
                .apply(images)
                .selectExpr("height", "width", "nChannels", "size(features)")
                .show();
        // endregion

        // region top
        List<Label> labels = Stream.of("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
                .map(Label::of)
                .toList();
        Program digits = Program.fromSavedModel(ExampleFiles.data("digits/model"));
        Program named = TopPredictions.of(2).labels(labels).after(digits, "probabilities");

        Dataset<Row> pictures = spark.read()
                .parquet(ExampleFiles.data("digits/held-out.parquet").toString())
                .where("label = 7");
        mapBlocks(named)
                .shape("pixels", 20, 20)
                .apply(pictures.limit(3))
                .selectExpr("label", "descriptions", "transform(probabilities, p -> round(p, 2)) as probabilities")
                .show();
        // endregion
    }
}
