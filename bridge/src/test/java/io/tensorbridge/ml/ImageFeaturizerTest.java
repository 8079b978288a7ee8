package io.tensorbridge.ml;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.struct;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.tensorbridge.RunMetrics;
import io.tensorbridge.SparkExtension;
import io.tensorbridge.image.ColorOrder;
import io.tensorbridge.image.PixelScaling;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.SignatureMismatchException;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.apache.spark.ml.attribute.AttributeGroup;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class ImageFeaturizerTest {

    private static ImageFeaturizer featurizer() {
        return new ImageFeaturizer("pictures")
                .setProgram(SmallModels.network())
                .setInputCol("content")
                .fetch("features", "features");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 32})
    void givesWhatAPlainSessionGives(int blockRows, SparkSession spark) {
        List<byte[]> files = PictureFiles.various();
        List<Row> rows = featurizer()
                .setScaling(PixelScaling.TF)
                .setBlockRows(blockRows)
                .transform(PictureFiles.frame(spark, files))
                .collectAsList();
        assertThat(rows).hasSize(files.size());
        List<float[]> expected = PlainSession.features(files);
        for (int i = 0; i < rows.size(); i++) {
            assertThat(rows.get(i).getInt(0)).isEqualTo(i);
            assertClose(((Vector) rows.get(i).getAs("features")).toArray(), expected.get(i), 1e-5);
        }
    }

    @Test
    void takesPicturesInEveryFormThatSparkHasThemIn(@TempDir Path directory, SparkSession spark) throws IOException {
        PictureFiles.write(
                directory,
                List.of(PictureFiles.png(9, 14, 1), PictureFiles.png(40, 31, 2), PictureFiles.grey(10, 10, 3)),
                "png");
        PictureFiles.write(directory, List.of(PictureFiles.jpeg(20, 30, 4)), "jpg");
        String uri = directory.toUri().toString();
        ImageFeaturizer featurizer = featurizer().setScaling("MobileNetV2");
        Dataset<Row> files = spark.read().format("binaryFile").load(uri);
        List<Row> ofFiles = sorted(featurizer.transform(files), "path");
        List<Row> ofStructs = sorted(
                featurizer
                        .copy(new ParamMap())
                        .setInputCol("file")
                        .transform(files.select(struct(col("*")).as("file"))),
                "file.path");
        Dataset<Row> images = spark.read().format("image").load(uri);
        List<Row> ofImages =
                sorted(featurizer.copy(new ParamMap()).setInputCol("image").transform(images), "image.origin");
        assertThat(ofFiles).hasSize(4);
        for (int i = 0; i < 4; i++) {
            float[] expected = floats(ofFiles.get(i).getAs("features"));
            assertClose(((Vector) ofStructs.get(i).getAs("features")).toArray(), expected, 0);
            // Java decodes JPEG otherwise than TensorFlow, by a step or two of 255
            assertClose(((Vector) ofImages.get(i).getAs("features")).toArray(), expected, 5e-3);
        }
    }

    @Test
    void addsItsColumnsAndNoOthers(SparkSession spark) {
        Dataset<Row> df = PictureFiles.frame(spark, List.of(PictureFiles.png(8, 8, 1)))
                .select(struct(col("content")).as("a.`file`"), col("id").as("a.`file`.content"));
        Dataset<Row> result = featurizer().setInputCol("a.`file`").transform(df);
        assertThat(result.columns()).containsExactly("a.`file`", "a.`file`.content", "features");
        assertThat(result.collectAsList()).hasSize(1);
    }

    static List<ImageFeaturizer> stages() {
        return List.of(
                featurizer(),
                featurizer().setOutputForm(OutputForm.ARRAY),
                featurizer().fetch("logits", "b").fetch("maps", "c").setPooling(Pooling.AVERAGE),
                featurizer().fetch("maps", "c").setOutputForm(OutputForm.ARRAY),
                featurizer().setBrokenImages(BrokenImages.NULL),
                featurizer().setBrokenImages(BrokenImages.NULL).setReasonCol("why"),
                featurizer().setBrokenImages(BrokenImages.DROP),
                featurizer().setDecoder(Decoders.java()),
                featurizer()
                        .setDecoder(Decoders.java())
                        .setBrokenImages(BrokenImages.NULL)
                        .setReasonCol("why"));
    }

    @ParameterizedTest
    @MethodSource("stages")
    void tellsTheSchemaThatItGives(ImageFeaturizer stage, SparkSession spark) {
        Dataset<Row> df = PictureFiles.frame(spark, List.of(PictureFiles.png(8, 8, 1)));
        int jobs = spark.sparkContext().statusTracker().getJobIdsForGroup(null).length;
        StructType told = stage.transformSchema(df.schema());
        assertThat(told).isEqualTo(stage.transform(df).schema());
        assertThat(spark.sparkContext().statusTracker().getJobIdsForGroup(null)).hasSize(jobs);
        assertThat(stage.transform(df).collectAsList()).hasSize(1);
    }

    @Test
    void tellsSparkMlHowManyFeaturesThereAre(SparkSession spark) {
        StructType schema =
                featurizer().transform(PictureFiles.frame(spark, List.of())).schema();
        assertThat(AttributeGroup.fromStructField(schema.apply("features")).size())
                .isEqualTo(6);
    }

    @Test
    void givesSeveralOutputsOfOneRun(SparkSession spark) {
        Dataset<Row> result = featurizer()
                .fetch("maps", "pooled")
                .fetch("logits", "scores")
                .setPooling(Pooling.AVERAGE)
                .transform(PictureFiles.frame(spark, PictureFiles.various()));
        List<Row> rows = result.collectAsList();
        assertThat(result.columns()).containsExactly("id", "content", "features", "pooled", "scores");
        for (Row row : rows) {
            // the network's features are the means of its maps
            assertClose(((Vector) row.getAs("pooled")).toArray(), floats(row.getAs("features")), 1e-5);
            assertThat(((Vector) row.getAs("scores")).size()).isEqualTo(SmallModels.CLASSES);
        }
        assertThat(RunMetrics.of(result).rows()).isEqualTo(rows.size());
    }

    @ParameterizedTest
    @EnumSource(Pooling.class)
    void poolsFeatureMaps(Pooling pooling, SparkSession spark) {
        Dataset<Row> df = PictureFiles.frame(spark, List.of(PictureFiles.png(8, 8, 1)));
        List<float[]> maps = channels(featurizer()
                .setFetches(Map.of("maps", "maps"))
                .setOutputForm(OutputForm.ARRAY)
                .transform(df));
        ImageFeaturizer stage = featurizer().setFetches(Map.of("maps", "maps")).setPooling(pooling);
        if (pooling == Pooling.NONE) {
            assertThatThrownBy(() -> stage.transform(df))
                    .isInstanceOf(SignatureMismatchException.class)
                    .hasMessage("""
                            Cannot transform with stage 'pictures':
                              - output 'maps': expected DT_FLOAT or DT_DOUBLE[?, ?] for vectors, found DT_FLOAT[?, 4, 4, 6]. Make vectors of feature maps with setPooling(Pooling.AVERAGE), or take them as they are with setOutputForm(OutputForm.ARRAY)""");
            return;
        }
        double[] found = ((Vector) stage.transform(df).first().getAs("maps")).toArray();
        if (pooling == Pooling.FLATTEN) {
            assertThat(found).hasSize(4 * 4 * 6);
            assertThat(found[7]).isEqualTo(maps.get(1)[1]);
            return;
        }
        assertThat(found).hasSize(6);
        for (int channel = 0; channel < 6; channel++) {
            double expected = pooling == Pooling.MAX ? Double.NEGATIVE_INFINITY : 0;
            for (float[] pixel : maps) {
                expected = pooling == Pooling.MAX
                        ? Math.max(expected, pixel[channel])
                        : expected + pixel[channel] / maps.size();
            }
            assertThat(found[channel]).isCloseTo(expected, within(1e-5));
        }
    }

    @Test
    void bringsPicturesToTheSizeThatItIsToldWhereTheModelTakesAny(SparkSession spark) {
        Dataset<Row> df = PictureFiles.frame(spark, PictureFiles.various());
        ImageFeaturizer any = featurizer().setProgram(SmallModels.networkOfAnySize());
        assertThatThrownBy(() -> any.transform(df))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot transform with stage 'pictures':
                          - program 'any': input 'image': expected a known height of pictures, found DT_FLOAT[?, ?, ?, 3]. Give their size with setSize(…, …)
                          - program 'any': input 'image': expected a known width of pictures, found DT_FLOAT[?, ?, ?, 3]. Give their size with setSize(…, …)""");
        List<Row> rows = any.setSize(8, 8).transform(df).select("features").collectAsList();
        assertThat(rows).isEqualTo(featurizer().transform(df).select("features").collectAsList());
    }

    @Test
    void feedsModelsThatTakeBytesAndGrey(SparkSession spark) throws IOException {
        byte[] file = PictureFiles.png(8, 8, 1);
        Dataset<Row> df = PictureFiles.frame(spark, List.of(file));
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(file));
        double[] means = new double[3];
        double grey = 0;
        for (int y = 0; y < 8; y++) {
            for (int x = 0; x < 8; x++) {
                int pixel = image.getRGB(x, y);
                int[] rgb = {pixel >> 16 & 255, pixel >> 8 & 255, pixel & 255};
                for (int c = 0; c < 3; c++) {
                    means[c] += rgb[c] / 64.0;
                }
                grey += Math.rint(0.2989 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]) / 64;
            }
        }
        ImageFeaturizer bytes = featurizer().setProgram(SmallModels.ofBytes(3));
        assertThat(vector(bytes.transform(df))).containsExactly(means, within(1e-3));
        assertThat(vector(bytes.setColors(ColorOrder.BGR).transform(df)))
                .containsExactly(new double[] {means[2], means[1], means[0]}, within(1e-3));
        assertThat(vector(featurizer().setProgram(SmallModels.ofBytes(1)).transform(df))[0])
                .isCloseTo(grey, within(0.02));
    }

    @Test
    void asksACustomDecoderOnceForEachPicture(SparkSession spark) {
        List<byte[]> files = List.of(PictureFiles.png(9, 14, 1), PictureFiles.png(40, 31, 2));
        Dataset<Row> df = PictureFiles.frame(spark, files);
        Decoders.CALLS.set(0);
        List<Row> rows = featurizer()
                .setScaling(PixelScaling.TF)
                .setDecoder(Decoders.java())
                .setBrokenImages(BrokenImages.NULL)
                .setReasonCol("why")
                .transform(df)
                .collectAsList();
        assertThat(Decoders.CALLS).hasValue(2);
        List<float[]> expected = PlainSession.features(files);
        for (int i = 0; i < 2; i++) {
            assertClose(((Vector) rows.get(i).getAs("features")).toArray(), expected.get(i), 1e-5);
            assertThat(rows.get(i).isNullAt(rows.get(i).fieldIndex("why"))).isTrue();
        }
    }

    @Test
    void makesTheWholeProgramOnceForAllThatItIsAsked(SparkSession spark) {
        Dataset<Row> df = PictureFiles.frame(spark, PictureFiles.various());
        ImageFeaturizer stage = featurizer();
        stage.transform(df).collectAsList();
        Dataset<Row> again = stage.copy(new ParamMap()).transform(df);
        assertThat(again.collectAsList()).hasSize(7);
        assertThat(RunMetrics.of(again).sessionsLoaded()).isZero();
        List<Row> other = stage.copy(new ParamMap().put(stage.program(), SmallModels.otherNetwork()))
                .transform(df)
                .collectAsList();
        assertThat(other).isNotEqualTo(again.collectAsList());
    }

    private static double[] vector(Dataset<Row> result) {
        return ((Vector) result.first().getAs("features")).toArray();
    }

    private static float[] floats(Vector vector) {
        float[] floats = new float[vector.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) vector.apply(i);
        }
        return floats;
    }

    /** Returns the pixels of the maps of the first row, each with its channels. */
    private static List<float[]> channels(Dataset<Row> result) {
        List<float[]> pixels = new ArrayList<>();
        for (Row pixel : result.selectExpr("explode(flatten(maps)) as pixel").collectAsList()) {
            List<Float> values = pixel.getList(0);
            float[] floats = new float[values.size()];
            for (int i = 0; i < floats.length; i++) {
                floats[i] = values.get(i);
            }
            pixels.add(floats);
        }
        return pixels;
    }

    private static List<Row> sorted(Dataset<Row> result, String by) {
        return result.orderBy(by).collectAsList();
    }

    private static void assertClose(double[] found, float[] expected, double tolerance) {
        double[] wide = new double[expected.length];
        Arrays.setAll(wide, i -> expected[i]);
        assertThat(found).containsExactly(wide, within(tolerance));
    }
}
