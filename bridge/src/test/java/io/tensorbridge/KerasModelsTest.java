package io.tensorbridge;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tensorbridge.internal.run.SessionRegistry;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

/** Models that Keras exported, which are to give what Python computed with them. */
@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class KerasModelsTest {

    private static final StructType MEASUREMENTS = new StructType()
            .add("measurements", "array<float>", false)
            .add("probabilities", "array<float>", false)
            .add("features", "array<float>", false);
    private static final StructType WORDS =
            new StructType().add("word", "string", false).add("scores", "array<float>", false);

    @ParameterizedTest
    @CsvSource({
        "flowers, serving_default, probabilities, probabilities",
        "flowers, features, features, features",
        "exported, serving_default, output_0, probabilities"
    })
    void givesWhatPythonComputed(String model, String signature, String output, String expected, SparkSession spark)
            throws IOException, URISyntaxException {
        Program program = Program.fromSavedModel(file(model), signature);
        Dataset<Row> result = mapBlocks(program).fetch(output, "found").apply(flowers(spark));
        assertEqual(result, expected, 40);
    }

    @Test
    void looksStringsUpInAFileOfTheModel(SparkSession spark) throws IOException, URISyntaxException {
        Dataset<Row> words = spark.createDataFrame(
                lines("words.csv")
                        .map(cells -> RowFactory.create(cells[0], floats(cells[1])))
                        .toList(),
                WORDS);
        Dataset<Row> result = mapBlocks(Program.fromSavedModel(file("words")))
                .fetch("scores", "found")
                .apply(words);
        assertEqual(result, "scores", 10);
    }

    @Test
    void runsBothSignaturesInOneSession(SparkSession spark) throws IOException, URISyntaxException {
        SessionRegistry.instance().closeIdle();
        Dataset<Row> scored = mapBlocks(Program.fromSavedModel(file("flowers")))
                .fetch("probabilities", "found")
                .apply(flowers(spark));
        assertEqual(scored, "probabilities", 40);
        Dataset<Row> both = mapBlocks(Program.fromSavedModel(file("flowers"), "features"))
                .fetch("features", "found features")
                .apply(scored);
        assertThat(both.collectAsList()).hasSize(40);
        assertThat(RunMetrics.of(scored).sessionsLoaded()).isEqualTo(1);
        assertThat(RunMetrics.of(both).sessionsLoaded()).isZero();
    }

    @Test
    void givesFeaturesFromWithinTheNetwork(SparkSession spark) throws IOException, URISyntaxException {
        Program program = Program.fromSavedModel(file("flowers"));
        Dataset<Row> cut = mapBlocks(program.cutAt("flowers_1/features_1/Relu")).apply(flowers(spark));
        assertThat(cut.columns()).endsWith("flowers_1/features_1/Relu");
        assertEqual(cut.withColumnRenamed("flowers_1/features_1/Relu", "found"), "features", 40);

        Dataset<Row> beside = mapBlocks(program.fetching("found", "features_1/Relu"))
                .fetch("found", "found")
                .fetch("probabilities", "scores")
                .apply(flowers(spark));
        assertEqual(beside, "features", 40);
        assertThat(beside.select("scores").collectAsList())
                .isEqualTo(mapBlocks(program)
                        .fetch("probabilities", "scores")
                        .apply(flowers(spark))
                        .select("scores")
                        .collectAsList());
    }

    @Test
    void joinsTwoSignaturesOfOneModelAndGraphsAroundThem(SparkSession spark) throws IOException, URISyntaxException {
        Program halves = Program.build(tf -> {
            var measurements = placeholder(tf, "measurements", TFloat32.class, Shape.of(-1, 4));
            return outputs("halved", tf.math.div(measurements, tf.constant(2f)));
        });
        Program greatest = Program.build(tf -> {
            var probabilities = placeholder(tf, "probabilities", TFloat32.class, Shape.of(-1, 3));
            return outputs("kind", tf.math.argMax(probabilities, tf.constant(1)));
        });
        Program model = Program.fromSavedModel(file("flowers"));
        Program all = halves.then(model, Map.of("measurements", "halved")).then(greatest);
        assertThat(all.name()).isEqualTo("halved+flowers+kind");
        Dataset<Row> inTurn = flowers(spark)
                .transform(mapBlocks(halves)::apply)
                .transform(mapBlocks(model).feed("measurements", "halved").fetch("probabilities", "likely")::apply)
                .transform(mapBlocks(greatest).feed("probabilities", "likely")::apply);
        List<Row> kinds = mapBlocks(all).apply(flowers(spark)).select("kind").collectAsList();
        assertThat(kinds).hasSize(40).isEqualTo(inTurn.select("kind").collectAsList());

        // what one signature gives is what the other takes in an inner place; its variables are there once
        Program back = Program.build(tf -> {
            var features = placeholder(tf, "features", TFloat32.class, Shape.of(-1, 16));
            return outputs(
                    "measurements", tf.slice(features, tf.constant(new int[] {0, 0}), tf.constant(new int[] {-1, 4})));
        });
        Program features = Program.fromSavedModel(file("flowers"), "features");
        List<Row> scores = mapBlocks(features.then(back).then(model))
                .fetch("probabilities", "found")
                .apply(flowers(spark))
                .select("found")
                .collectAsList();
        inTurn = flowers(spark)
                .transform(mapBlocks(features).fetch("features", "inner")::apply)
                .withColumn("measurements", functions.slice(functions.col("inner"), 1, 4))
                .transform(mapBlocks(model).fetch("probabilities", "found")::apply);
        assertThat(scores).hasSize(40).isEqualTo(inTurn.select("found").collectAsList());
    }

    private static void assertEqual(Dataset<Row> result, String expected, int rows) {
        List<Row> found = result.collectAsList();
        assertThat(found).hasSize(rows);
        for (Row row : found) {
            List<Float> values = row.getList(row.fieldIndex("found"));
            List<Float> wanted = row.getList(row.fieldIndex(expected));
            assertThat(values).hasSameSizeAs(wanted);
            for (int i = 0; i < wanted.size(); i++) {
                assertThat(values.get(i)).isCloseTo(wanted.get(i), within(1e-5f));
            }
        }
    }

    private static Dataset<Row> flowers(SparkSession spark) throws IOException, URISyntaxException {
        return spark.createDataFrame(
                lines("flowers.csv")
                        .map(cells -> RowFactory.create(floats(cells[0]), floats(cells[1]), floats(cells[2])))
                        .toList(),
                MEASUREMENTS);
    }

    private static Stream<String[]> lines(String file) throws IOException, URISyntaxException {
        return Files.readAllLines(file(file)).stream().skip(1).map(line -> line.split(",", -1));
    }

    private static List<Float> floats(String cell) {
        return Arrays.stream(cell.split(" ")).map(Float::valueOf).toList();
    }

    private static Path file(String name) throws URISyntaxException {
        URL url = requireNonNull(KerasModelsTest.class.getResource("/models/keras/" + name));
        return Path.of(url.toURI());
    }
}
