package io.tensorbridge.ml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.SparkExtension;
import io.tensorbridge.image.ColorOrder;
import io.tensorbridge.image.PixelScaling;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.SignatureMismatchException;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

/** What does not fit between a stage, its model and a DataFrame of pictures: said on the driver, all at once. */
@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class PictureChecksTest {

    private static ImageFeaturizer featurizer() {
        return new ImageFeaturizer("pictures")
                .setProgram(SmallModels.network())
                .setInputCol("content")
                .fetch("features", "features");
    }

    private static Program twoPictures() {
        return Program.build(tf -> {
                    var left = Program.placeholder(tf, "left", TFloat32.class, Shape.of(-1, 8, 8, 3));
                    var right = Program.placeholder(tf, "right", TFloat32.class, Shape.of(-1, 8, 8, 3));
                    return Program.outputs(
                            "features", tf.math.mean(tf.math.sub(left, right), tf.constant(new int[] {1, 2})));
                })
                .named("pair");
    }

    /** A stage that does not fit a DataFrame of {@code id} and {@code content}, and what is said of it. */
    record Case(UnaryOperator<ImageFeaturizer> change, List<String> problems) {

        Case(UnaryOperator<ImageFeaturizer> change, String... problems) {
            this(change, List.of(problems));
        }

        @Override
        public String toString() {
            return problems.get(0);
        }
    }

    static List<Case> cases() {
        return List.of(
                new Case(
                        stage -> stage.setInputCol("picture"),
                        "inputCol 'picture': expected one of the columns [id, content], found none of that name. Mend setInputCol(…)"),
                new Case(
                        stage -> stage.setInputCol("id"),
                        "inputCol 'id': expected binaries, structs of Spark's image source, or structs with a binary 'content', found int. Mend setInputCol(…)"),
                new Case(
                        stage -> (ImageFeaturizer) stage.clear(stage.inputCol()),
                        "inputCol: expected a column of pictures, found none. Give it with setInputCol(…)"),
                new Case(
                        stage -> stage.setFetches(Map.of()),
                        "outputCol: expected a new column, found none. Give it with setOutputCol(…)"),
                new Case(
                        stage -> stage.setOutputCol("more"),
                        "outputCol 'more': expected either it or fetches, found fetches {features=features} too. Leave out setOutputCol(…) or fetch(…)"),
                new Case(
                        stage -> stage.setFetches(Map.of()).setOutputCol("f"),
                        "program 'network': expected one output, found [features: DT_FLOAT[?, 6], logits: DT_FLOAT[?, 4], maps: DT_FLOAT[?, 4, 4, 6]]. Choose with fetch(\"…\", \"f\") in place of setOutputCol(…)"),
                new Case(
                        stage -> stage.fetch("features", "ID"),
                        "column 'ID': expected a new column, found 'id' among those of the DataFrame. Give it another name, or drop that one"),
                new Case(
                        stage -> stage.fetch("logits", "Features"),
                        "column 'Features': expected a column of its own, found it to be given twice. Give one another name"),
                new Case(
                        stage -> stage.fetch("softmax", "s"),
                        "output 'softmax': expected one of the outputs [features, logits, maps], found none of that name. Mend fetch(\"softmax\", \"s\")"),
                new Case(
                        stage -> (ImageFeaturizer) stage.clear(stage.program()),
                        "expected a program, found none. Give it with setProgram(…)"),
                new Case(
                        stage -> stage.setProgram(SmallModels.ARITHMETIC).setFetches(Map.of("y", "features")),
                        "program 'arithmetic': expected an input for pictures, DT_FLOAT or DT_UINT8[?, height, width, channels], found inputs [x: DT_DOUBLE[?, 2]]. Give another with setProgram(…)"),
                new Case(
                        stage -> stage.setProgram(SmallModels.ARITHMETIC)
                                .setFetches(Map.of("y", "features"))
                                .setImageInput("x"),
                        "program 'arithmetic': input 'x': expected DT_FLOAT or DT_UINT8[?, height, width, channels], found DT_DOUBLE[?, 2]. Mend setImageInput(…)"),
                new Case(
                        stage -> stage.setImageInput("picture"),
                        "imageInput 'picture': expected one of the inputs [image], found none of that name. Mend setImageInput(…)"),
                new Case(
                        stage -> stage.setProgram(twoPictures()),
                        "program 'pair': expected one input for pictures, found [left: DT_FLOAT[?, 8, 8, 3], right: DT_FLOAT[?, 8, 8, 3]]. Choose one with setImageInput(…)"),
                new Case(
                        stage -> stage.setSize(8, 9),
                        "program 'network': input 'image': expected pictures of width 9, as setSize(…, …) has it, found DT_FLOAT[?, 8, 8, 3]. Leave out setSize(…, …)"),
                new Case(
                        stage -> stage.setColors(ColorOrder.GREY),
                        "program 'network': input 'image': expected 1 channels, as setColors(…) has it, found DT_FLOAT[?, 8, 8, 3]. Mend setColors(…)"),
                new Case(
                        stage -> stage.setProgram(SmallModels.ofBytes(4)),
                        "program 'bytes': input 'image': expected 1 or 3 channels, found DT_UINT8[?, 8, 8, 4]. Give another program with setProgram(…)"),
                new Case(
                        stage -> stage.setProgram(SmallModels.ofBytes(3)).setScaling(PixelScaling.TF),
                        "program 'bytes': input 'image': expected pixels from 0 to 255, since it is DT_UINT8[?, 8, 8, 3], found scaling tf. Leave out setScaling(…)"),
                new Case(
                        stage -> stage.setInputCol("nowhere").fetch("maps", "content"),
                        "column 'content': expected a new column, found 'content' among those of the DataFrame. Give it another name, or drop that one",
                        "inputCol 'nowhere': expected one of the columns [id, content], found none of that name. Mend setInputCol(…)",
                        "output 'maps': expected DT_FLOAT or DT_DOUBLE[?, ?] for vectors, found DT_FLOAT[?, 4, 4, 6]. Make vectors of feature maps with setPooling(Pooling.AVERAGE), or take them as they are with setOutputForm(OutputForm.ARRAY)"));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void areSaidBeforeAnyJob(Case wrong, SparkSession spark) {
        Dataset<Row> df = PictureFiles.frame(spark, List.of());
        ImageFeaturizer stage = wrong.change().apply(featurizer());
        String message = "Cannot transform with stage 'pictures':\n  - " + String.join("\n  - ", wrong.problems());
        assertThatThrownBy(() -> stage.transform(df))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage(message);
        assertThatThrownBy(() -> stage.transformSchema(df.schema()))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage(message);
    }

    @Test
    void namesTheCureForPaths(SparkSession spark) {
        Dataset<Row> paths = spark.sql("select '/pictures/cat.jpg' as content");
        assertThatThrownBy(() -> featurizer().transform(paths))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot transform with stage 'pictures':
                          - inputCol 'content': expected binaries, structs of Spark's image source, or structs with a binary 'content', found string. Read the files themselves: spark.read().format("binaryFile")""");
    }

    @Test
    void refusesADecoderForWhatIsDecoded(SparkSession spark) {
        Dataset<Row> images = spark.sql(
                "select named_struct('height', 1, 'width', 1, 'nChannels', 1, 'data', cast('x' as binary)) as content");
        assertThatThrownBy(() -> featurizer().setDecoder(Decoders.java()).transform(images))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot transform with stage 'pictures':
                          - inputCol 'content': expected binaries for the decoder, found pictures that Spark has decoded. Leave out setDecoder(…), or read the files with spark.read().format("binaryFile")""");
    }

    @Test
    void feedsOtherInputsByName(SparkSession spark) {
        Program weighed = Program.build(tf -> {
            var image = Program.placeholder(tf, "image", TFloat32.class, Shape.of(-1, 8, 8, 3));
            var weight = Program.placeholder(tf, "weight", TFloat32.class, Shape.of(-1));
            var means = tf.math.mean(image, tf.constant(new int[] {1, 2}));
            return Program.outputs("features", tf.math.mul(means, tf.expandDims(weight, tf.constant(1))));
        });
        Dataset<Row> df = PictureFiles.frame(spark, List.of(PictureFiles.png(8, 8, 1), PictureFiles.png(8, 8, 1)))
                .selectExpr("content", "cast(id as float) as weight");
        List<Row> rows = featurizer()
                .setProgram(weighed)
                .setOutputForm(OutputForm.ARRAY)
                .transform(df)
                .collectAsList();
        assertThat(rows.get(0).<Float>getList(2)).containsOnly(0f);
        assertThat(rows.get(1).<Float>getList(2)).doesNotContain(0f);
    }

    @Test
    void refusesValuesThatAreNone() {
        assertThatThrownBy(() -> featurizer().setScaling("ResNet51"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("Invalid scaling of pixels: must be one of ")
                .hasMessageEndingWith("found 'ResNet51'");
        assertThatThrownBy(() -> featurizer().setMaxPixels(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid maxPixels: must be positive, found 0");
        assertThatThrownBy(() -> featurizer().setSize(8, -1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid width: must be positive, found -1");
        assertThatThrownBy(() -> featurizer().setInputCol(""))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid inputCol: must not be blank");
    }
}
