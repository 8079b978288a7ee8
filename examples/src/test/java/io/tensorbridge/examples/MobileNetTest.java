package io.tensorbridge.examples;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tensorbridge.RunMetrics;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.tensorflow.Result;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TFloat32;

/** A trained network through Spark, and through a plain session of TensorFlow Java. */
@ExtendWith(NativeMemoryExtension.class)
class MobileNetTest {

    private static final Path MODEL = ExampleFiles.data("mobilenet_v2_block13");
    private static final int PICTURES = 20;
    private static final int SIDE = 224;
    private static final int FEATURES = 576;

    @Test
    void givesWhatAPlainSessionGives() throws IOException {
        float[] pictures = pictures();
        float[] expected = plainSession(pictures);
        assertThat(expected).hasSize(PICTURES * FEATURES);
        try (SparkSession spark = SparkSession.builder()
                .master("local[2]")
                .appName("MobileNetTest")
                .config("spark.ui.enabled", "false")
                .getOrCreate()) {
            List<Row> rows = new ArrayList<>();
            int cell = pictures.length / PICTURES;
            for (int i = 0; i < PICTURES; i++) {
                rows.add(RowFactory.create(i, Arrays.copyOfRange(pictures, i * cell, (i + 1) * cell)));
            }
            Dataset<Row> df = spark.createDataFrame(
                    rows, new StructType().add("id", "int", false).add("image", "array<float>", false));
            Dataset<Row> result = mapBlocks(Program.fromSavedModel(MODEL))
                    .shape("image", SIDE, SIDE, 3)
                    .apply(df)
                    .select("id", "features");
            for (Row row : result.collectAsList()) {
                int id = row.getInt(0);
                List<Float> features = row.getList(1);
                assertThat(features).hasSize(FEATURES);
                for (int i = 0; i < FEATURES; i++) {
                    assertThat(features.get(i)).isCloseTo(expected[id * FEATURES + i], within(1e-5f));
                }
            }
            // pictures of 600 kB: few to a block
            assertThat(RunMetrics.of(result).blocks()).isGreaterThan(2);
        }
    }

    /** Waves of different lengths, directions and colours, with some noise, in 0 to 1. */
    private static float[] pictures() {
        float[] pixels = new float[PICTURES * SIDE * SIDE * 3];
        var random = new Random(4);
        int at = 0;
        for (int picture = 0; picture < PICTURES; picture++) {
            for (int y = 0; y < SIDE; y++) {
                for (int x = 0; x < SIDE; x++) {
                    for (int colour = 0; colour < 3; colour++) {
                        double wave =
                                Math.sin((x * Math.cos(picture) + y * Math.sin(picture)) / (3 + picture) + colour);
                        pixels[at++] = (float) (0.5 + 0.4 * wave + 0.1 * (random.nextFloat() - 0.5));
                    }
                }
            }
        }
        return pixels;
    }

    private static float[] plainSession(float[] pictures) {
        try (SavedModelBundle model = SavedModelBundle.load(MODEL.toString(), "serve");
                TFloat32 image =
                        TFloat32.tensorOf(Shape.of(PICTURES, SIDE, SIDE, 3), DataBuffers.of(pictures, false, false));
                Result result = model.session()
                        .runner()
                        .feed("input_1:0", image)
                        .fetch("features:0")
                        .run()) {
            float[] features = new float[PICTURES * FEATURES];
            ((TFloat32) result.get(0)).copyTo(DataBuffers.of(features, false, false));
            return features;
        }
    }
}
