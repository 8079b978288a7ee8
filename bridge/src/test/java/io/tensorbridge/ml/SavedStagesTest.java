package io.tensorbridge.ml;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.SparkExtension;
import io.tensorbridge.image.ColorOrder;
import io.tensorbridge.image.Fitting;
import io.tensorbridge.image.Resizing;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.ProgramException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class SavedStagesTest {

    @TempDir
    Path directory;

    private static Dataset<Row> points(SparkSession spark) {
        return spark.range(0, 5, 1, 1)
                .select(array(col("id").cast("double"), col("id").cast("double"))
                        .as("point"));
    }

    private static TensorTransformer stage() {
        return new TensorTransformer()
                .setProgram(SmallModels.ARITHMETIC)
                .feed("x", "point")
                .fetch("y", "doubled")
                .fetch("z", "moved")
                .shape("point", 2)
                .asVector("moved")
                .setFillValue(0.25)
                .setBlockRows(3);
    }

    @Test
    void comesBackWithItsParamsAndItsProgram(SparkSession spark) throws IOException {
        TensorTransformer stage = stage();
        stage.write().session(spark).save(path("stage"));
        TensorTransformer loaded =
                TensorTransformer.read().session(spark.newSession()).load(path("stage"));
        assertThat(loaded.uid()).isEqualTo(stage.uid());
        assertThat(loaded.getProgram()).isEqualTo(stage.getProgram());
        assertThat(loaded.explainParams()).isEqualTo(stage.explainParams());
        assertThat(loaded.transform(points(spark)).collectAsList())
                .hasSize(5)
                .isEqualTo(stage.transform(points(spark)).collectAsList());
    }

    @Test
    void isFilesOfJsonAndOfTheModelAlone(SparkSession spark) throws IOException {
        stage().save(path("stage"));
        try (Stream<Path> files = Files.walk(directory.resolve("stage"))) {
            List<Path> all = files.filter(Files::isRegularFile).toList();
            assertThat(all).anyMatch(file -> file.endsWith("program/program.json"));
            for (Path file : all) {
                // a stream of Java's serialisation begins with AC ED
                assertThat(HexFormat.of().formatHex(Files.readAllBytes(file))).doesNotStartWith("aced");
            }
        }
    }

    @Test
    void isLoadedFromWhereItWasMovedTo(SparkSession spark) throws IOException {
        stage().save(path("stage"));
        Files.move(directory.resolve("stage"), directory.resolve("elsewhere"));
        assertThat(TensorTransformer.load(path("elsewhere"))
                        .transform(points(spark))
                        .count())
                .isEqualTo(5);
    }

    @Test
    void isOverwrittenOnlyWhenAsked() throws IOException {
        TensorTransformer stage = stage();
        stage.save(path("stage"));
        assertThatThrownBy(() -> stage.save(path("stage"))).isInstanceOf(IOException.class);
        stage.setBlockRows(4).write().overwrite().save(path("stage"));
        TensorTransformer loaded = TensorTransformer.load(path("stage"));
        assertThat(loaded.getOrDefault(loaded.blockRows())).isEqualTo(4);
    }

    @Test
    void goesIntoPipelinesThatAreSaved(SparkSession spark) throws IOException {
        var pipeline = new Pipeline().setStages(new PipelineStage[] {
            stage(), new TensorTransformer().setProgram(SmallModels.ARITHMETIC).feed("x", "doubled")
        });
        PipelineModel model = pipeline.fit(points(spark));
        List<Row> expected = model.transform(points(spark)).collectAsList();
        pipeline.save(path("pipeline"));
        model.save(path("model"));
        assertThat(Pipeline.load(path("pipeline"))
                        .fit(points(spark))
                        .transform(points(spark))
                        .collectAsList())
                .isEqualTo(expected);
        assertThat(PipelineModel.load(path("model")).transform(points(spark)).collectAsList())
                .hasSize(5)
                .isEqualTo(expected);
    }

    @Test
    void picturesStagesComeBackToo() throws IOException {
        ImageFeaturizer featurizer = new ImageFeaturizer()
                .setProgram(SmallModels.network())
                .setInputCol("content")
                .fetch("features", "f")
                .fetch("maps", "m")
                .setPooling(Pooling.MAX)
                .setScaling("MobileNetV2")
                .setResizing(Resizing.AREA)
                .setFitting(Fitting.CROP)
                .setColors(ColorOrder.BGR)
                .setSize(8, 8)
                .setImageInput("image")
                .setMaxPixels(1000)
                .setBrokenImages(BrokenImages.NULL)
                .setReasonCol("why");
        featurizer.save(path("featurizer"));
        assertThat(ImageFeaturizer.load(path("featurizer")).explainParams()).isEqualTo(featurizer.explainParams());

        ImagePredictor predictor = new ImagePredictor()
                .setProgram(SmallModels.network())
                .setInputCol("content")
                .setOutputCol("predictions")
                .setScoresOutput("logits")
                .setScores(ImagePredictor.Scores.LOGITS)
                .setTopK(2)
                .setLabels("a\tthe first", "b", "c \"quoted\"", "gräs");
        predictor.save(path("predictor"));
        ImagePredictor loaded = ImagePredictor.load(path("predictor"));
        assertThat(loaded.explainParams()).isEqualTo(predictor.explainParams());
        assertThat(loaded.getOrDefault(loaded.labels())).containsExactly("a\tthe first", "b", "c \"quoted\"", "gräs");
    }

    @Test
    void isLoadedByItsOwnClassAlone() throws IOException {
        stage().save(path("stage"));
        assertThatThrownBy(() -> ImageFeaturizer.load(path("stage")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot load a stage: expected one of class io.tensorbridge.ml.ImageFeaturizer, found one of class io.tensorbridge.ml.TensorTransformer. Load it with the class that saved it");
        edit("stage", text -> text.replace(TensorTransformer.class.getName(), "java.lang.Runtime"));
        assertThatThrownBy(() -> TensorTransformer.load(path("stage")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot load a stage: expected one of class io.tensorbridge.ml.TensorTransformer, found one of class java.lang.Runtime. Load it with the class that saved it");
    }

    @Test
    void saysWhatFormatItDoesNotKnow() throws IOException {
        new TensorTransformer("mine").setProgram(SmallModels.ARITHMETIC).save(path("stage"));
        edit("stage", text -> text.replace("\"tensorbridgeFormat\":1", "\"tensorbridgeFormat\":2"));
        assertThatThrownBy(() -> TensorTransformer.load(path("stage")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot load stage 'mine': expected format 1 or one before, found format 2 of a newer version of Tensorbridge. Load it with that version");
        edit("stage", text -> text.replace(",\"tensorbridgeFormat\":2", ""));
        assertThatThrownBy(() -> TensorTransformer.load(path("stage")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot load stage 'mine': expected the number of its format, found none in its metadata. Save the stage again");
    }

    @Test
    void refusesAnotherProgramThanItsOwn(SparkSession spark) throws IOException {
        new TensorTransformer("mine").setProgram(SmallModels.ARITHMETIC).save(path("stage"));
        new TensorTransformer("other").setProgram(SmallModels.network()).save(path("other"));
        deleteAll(directory.resolve("stage/program"));
        assertThatThrownBy(() -> TensorTransformer.load(path("stage"))).isInstanceOf(ProgramException.class);
        Files.move(directory.resolve("other/program"), directory.resolve("stage/program"));
        assertThatThrownBy(() -> TensorTransformer.load(path("stage")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot load stage 'mine': expected its program to have SHA-256 %s, found %s. Copy the stage again, or save it again",
                        SmallModels.ARITHMETIC.sha256(), SmallModels.network().sha256());
    }

    @Test
    void refusesToBeSavedWithCodeOrWithoutProgram() throws IOException {
        ImageFeaturizer custom = new ImageFeaturizer("custom")
                .setProgram(SmallModels.network())
                .setDecoder(content -> new DecodedImage(1, 1, 1, content));
        stage().save(path("stage"));
        String refusal =
                "Cannot save stage 'custom': expected no decoder, which is code, found one. Save it without: clear(stage.decoder()); and set it with setDecoder(…) on the stage that is loaded";
        assertThatThrownBy(() -> custom.write().overwrite().save(path("stage")))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessage(refusal);
        assertThat(TensorTransformer.load(path("stage")).getProgram()).isEqualTo(SmallModels.ARITHMETIC);
        assertThatThrownBy(() ->
                        new Pipeline().setStages(new PipelineStage[] {custom}).save(path("pipeline")))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessage(refusal);
        custom.clear(custom.decoder());
        custom.save(path("custom"));
        assertThat(ImageFeaturizer.load(path("custom")).isDefined(custom.decoder()))
                .isFalse();
        assertThatThrownBy(() -> new TensorTransformer("empty").save(path("empty")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("Cannot save stage 'empty': expected a program, found none. Give it with setProgram(…)");
    }

    private String path(String name) {
        return directory.resolve(name).toUri().toString();
    }

    /** Changes the metadata of a stage, and removes the check sum that Hadoop keeps beside it. */
    private void edit(String stage, UnaryOperator<String> change) throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve(stage).resolve("metadata"))) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                if (name.startsWith("part-")) {
                    Files.writeString(file, change.apply(Files.readString(file)), StandardCharsets.UTF_8);
                } else if (name.startsWith(".")) {
                    Files.delete(file);
                }
            }
        }
    }

    private static void deleteAll(Path root) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
