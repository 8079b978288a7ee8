package io.tensorbridge.ml;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.SparkExtension;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.SignatureMismatchException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class BrokenImagesTest {

    private static final byte[] SOUND = PictureFiles.png(12, 9, 3);
    private static final byte[] LARGE = PictureFiles.png(101, 100, 4);

    /** Sound pictures at places 0, 4 and 7, broken ones between. */
    private static final List<byte[]> FILES = Arrays.asList(
            SOUND,
            PictureFiles.text("hello"),
            PictureFiles.truncated(PictureFiles.jpeg(80, 60, 5)),
            new byte[0],
            PictureFiles.jpeg(30, 30, 6),
            LARGE,
            null,
            SOUND);

    private static ImageFeaturizer featurizer() {
        return new ImageFeaturizer("pictures")
                .setProgram(SmallModels.network())
                .setInputCol("content")
                .fetch("features", "features")
                .setMaxPixels(10_000);
    }

    @Test
    void areNullsWithAReason(SparkSession spark) {
        Dataset<Row> result = featurizer()
                .setBrokenImages(BrokenImages.NULL)
                .setReasonCol("why")
                .transform(PictureFiles.frame(spark, FILES));
        assertThat(result.columns()).containsExactly("id", "content", "features", "why");
        List<Row> rows = result.collectAsList();
        assertThat(rows).hasSize(8);
        List<String> reasons = new ArrayList<>();
        for (Row row : rows) {
            assertThat(row.isNullAt(2)).isNotEqualTo(row.isNullAt(3));
            reasons.add(row.getString(3));
        }
        assertThat(reasons).element(0).isNull();
        assertThat(reasons).element(4).isNull();
        assertThat(reasons).element(7).isNull();
        assertThat(reasons.get(1))
                .isEqualTo("Not an image: expected JPEG, PNG, GIF or BMP, found bytes that begin with 'hello'");
        assertThat(reasons.get(2)).contains("JPEG");
        assertThat(reasons.get(3)).startsWith("Not an image: ");
        assertThat(reasons.get(5))
                .isEqualTo("The picture is too large: expected at most 10000 pixels, found 100 x 101. Raise maxPixels");
        assertThat(reasons.get(6)).contains("null");
        Vector alone = featurizer()
                .transform(PictureFiles.frame(spark, List.of(SOUND)))
                .first()
                .getAs("features");
        assertThat(rows.get(0).<Vector>getAs("features")).isEqualTo(alone);
        assertThat(rows.get(7).<Vector>getAs("features")).isEqualTo(alone);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "20000 | The picture is too large: expected at most 67108864 pixels, found 20000 x 20000. Raise maxPixels",
                "0     | The picture is empty: expected at least 1 x 1 pixels, found 0 x 0",
            })
    void areThoseWhoseSizeIsNone(int side, String reason, SparkSession spark) {
        ImageFeaturizer stage = featurizer().setBrokenImages(BrokenImages.NULL).setReasonCol("why");
        stage.clear(stage.maxPixels());
        List<Row> rows = stage.transform(PictureFiles.frame(spark, List.of(SOUND, PictureFiles.ofSize(side))))
                .collectAsList();
        assertThat(rows.get(0).isNullAt(3)).isTrue();
        assertThat(rows.get(1).getString(3)).isEqualTo(reason);
    }

    @ParameterizedTest
    @ValueSource(strings = {"reason", "Reason", "reason_"})
    void haveTheirReasonsInAColumnOfAnyName(String column, SparkSession spark) {
        Dataset<Row> result = featurizer()
                .setBrokenImages(BrokenImages.NULL)
                .setReasonCol(column)
                .transform(PictureFiles.frame(spark, FILES));
        assertThat(result.columns()).containsExactly("id", "content", "features", column);
        assertThat(result.filter(result.col(column).isNotNull()).count()).isEqualTo(5);
    }

    @Test
    void areNotThoseOfOtherColours(SparkSession spark) throws IOException {
        byte[] cmyk;
        try (InputStream in = requireNonNull(BrokenImagesTest.class.getResourceAsStream("/pictures/cmyk.jpg"))) {
            cmyk = in.readAllBytes();
        }
        Dataset<Row> df = PictureFiles.frame(spark, List.of(cmyk, PictureFiles.transparent(9, 9, 1)));
        assertThat(featurizer().transform(df).filter("features is not null").count())
                .isEqualTo(2);
    }

    @Test
    void areNullsWithoutAReasonIfNobodyAsks(SparkSession spark) {
        Dataset<Row> result =
                featurizer().setBrokenImages(BrokenImages.NULL).transform(PictureFiles.frame(spark, FILES));
        assertThat(result.columns()).containsExactly("id", "content", "features");
        assertThat(result.filter("features is null").count()).isEqualTo(5);
    }

    @Test
    void areLeftOut(SparkSession spark) {
        Dataset<Row> result =
                featurizer().setBrokenImages(BrokenImages.DROP).transform(PictureFiles.frame(spark, FILES));
        assertThat(result.columns()).containsExactly("id", "content", "features");
        assertThat(result.collectAsList()).extracting(row -> row.getInt(0)).containsExactly(0, 4, 7);
        assertThat(result.select("id").collectAsList())
                .extracting(row -> row.getInt(0))
                .containsExactly(0, 4, 7);
        assertThat(result.count()).isEqualTo(3);
    }

    @Test
    void failTheJobOtherwise(SparkSession spark) {
        Dataset<Row> result = featurizer().transform(PictureFiles.frame(spark, FILES.subList(0, 2)));
        assertThatThrownBy(result::collectAsList)
                .rootCause()
                .hasMessageContaining(
                        "Not an image: expected JPEG, PNG, GIF or BMP, found bytes that begin with 'hello'");
        Dataset<Row> ofNull = featurizer().transform(PictureFiles.frame(spark, Arrays.asList(SOUND, null)));
        assertThatThrownBy(ofNull::collectAsList).rootCause().hasMessageContaining("null");
    }

    @Test
    void areWhatACustomDecoderSaysTheyAre(SparkSession spark) {
        ImageFeaturizer stage = featurizer().setDecoder(Decoders.java());
        List<byte[]> files = Arrays.asList(SOUND, PictureFiles.text("hello"), null, SOUND);
        List<Row> rows = stage.setBrokenImages(BrokenImages.NULL)
                .setReasonCol("why")
                .transform(PictureFiles.frame(spark, files))
                .collectAsList();
        assertThat(rows.get(0).isNullAt(3)).isTrue();
        assertThat(rows.get(1).getString(3)).isEqualTo("Java cannot decode this");
        assertThat(rows.get(2).getString(3)).contains("null");
        assertThat(rows.get(3).<Vector>getAs("features")).isEqualTo(rows.get(0).getAs("features"));
        stage.clear(stage.reasonCol());
        assertThat(stage.setBrokenImages(BrokenImages.DROP)
                        .transform(PictureFiles.frame(spark, files))
                        .count())
                .isEqualTo(2);
        assertThatThrownBy(() -> stage.setBrokenImages(BrokenImages.ERROR)
                        .transform(PictureFiles.frame(spark, files))
                        .collectAsList())
                .rootCause()
                .isInstanceOf(IOException.class)
                .hasMessage("Java cannot decode this");
    }

    @Test
    void failTheJobIfADecoderFailsOtherwise(SparkSession spark) {
        ImageFeaturizer stage = featurizer().setBrokenImages(BrokenImages.NULL).setDecoder(content -> {
            throw new IllegalStateException("a mistake of the decoder's");
        });
        assertThatThrownBy(() -> stage.transform(PictureFiles.frame(spark, List.of(SOUND)))
                        .collectAsList())
                .rootCause()
                .hasMessage("a mistake of the decoder's");
        ImageFeaturizer wrong = featurizer()
                .setBrokenImages(BrokenImages.NULL)
                .setReasonCol("why")
                .setDecoder(content -> new DecodedImage(5, 5, 3, content));
        String why = wrong.transform(PictureFiles.frame(spark, List.of(SOUND)))
                .first()
                .getAs("why");
        assertThat(why).isNotBlank();
    }

    @Test
    void areThoseThatSparkCouldNotDecode(@TempDir Path directory, SparkSession spark) throws IOException {
        Files.write(directory.resolve("0.png"), SOUND);
        Files.write(directory.resolve("1.png"), PictureFiles.text("hello"));
        Dataset<Row> images =
                spark.read().format("image").load(directory.toUri().toString());
        List<Row> rows = featurizer()
                .setInputCol("image")
                .setBrokenImages(BrokenImages.NULL)
                .setReasonCol("why")
                .transform(images)
                .orderBy("image.origin")
                .collectAsList();
        assertThat(rows).hasSize(2);
        assertThat(rows.get(0).isNullAt(2)).isTrue();
        assertThat(rows.get(1).isNullAt(1)).isTrue();
        assertThat(rows.get(1).getString(2)).isNotBlank();
    }

    @Test
    void areNoneInAnEmptyDirectory(@TempDir Path directory, SparkSession spark) {
        Dataset<Row> files =
                spark.read().format("binaryFile").load(directory.toUri().toString());
        Dataset<Row> result = featurizer().transform(files);
        assertThat(result.collectAsList()).isEmpty();
        assertThat(result.columns()).endsWith("content", "features");
    }

    @Test
    void areNotThoseThatHaveVanished(@TempDir Path directory, SparkSession spark) throws IOException {
        Files.write(directory.resolve("0.png"), SOUND);
        Dataset<Row> result = featurizer()
                .setBrokenImages(BrokenImages.NULL)
                .transform(
                        spark.read().format("binaryFile").load(directory.toUri().toString()));
        Files.delete(directory.resolve("0.png"));
        assertThatThrownBy(result::collectAsList).hasMessageContaining("0.png");
    }

    @Test
    void haveReasonsOnlyWhereTheyAreNulls(SparkSession spark) {
        assertThatThrownBy(() -> featurizer()
                        .setReasonCol("why")
                        .transformSchema(PictureFiles.frame(spark, FILES).schema()))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot transform with stage 'pictures':
                          - reasonCol 'why': expected broken pictures to be nulls, found brokenImages error. Add setBrokenImages(BrokenImages.NULL), or leave out setReasonCol(…)""");
    }

    @Test
    void stayInTheirRowsAcrossPartitions(SparkSession spark) {
        Dataset<Row> df = PictureFiles.frame(spark, FILES)
                .crossJoin(spark.range(0, 20, 1, 3).toDF("n"))
                .repartition(3, functions.col("n"));
        Dataset<Row> result =
                featurizer().setBrokenImages(BrokenImages.DROP).setBlockRows(7).transform(df);
        assertThat(result.groupBy("id").count().orderBy("id").collectAsList())
                .extracting(Row::toString)
                .containsExactly("[0,20]", "[4,20]", "[7,20]");
    }
}
