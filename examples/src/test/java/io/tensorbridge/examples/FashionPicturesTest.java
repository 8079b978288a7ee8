package io.tensorbridge.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FashionPicturesTest {

    @Test
    void thereAreAThousandOfEachClass() throws IOException {
        List<byte[]> labels = IdxFile.read(ExampleFiles.data("fashion-mnist/t10k-labels-idx1-ubyte.gz"));
        assertThat(labels.stream().collect(Collectors.groupingBy(label -> (int) label[0], Collectors.counting())))
                .isEqualTo(IntStream.range(0, 10).boxed().collect(Collectors.toMap(label -> label, label -> 1000L)));
        assertThat(IdxFile.read(ExampleFiles.data("fashion-mnist/t10k-images-idx3-ubyte.gz"), 28, 28))
                .hasSize(10_000)
                .allMatch(picture -> picture.length == 28 * 28);
    }

    @Test
    void areImagesAsSparkReadsThem() throws IOException {
        try (SparkSession spark = SparkSession.builder()
                .master("local[2]")
                .appName("FashionPicturesTest")
                .config("spark.ui.enabled", "false")
                .getOrCreate()) {
            Dataset<Row> pictures = FashionPictures.read(spark, 2, 5);
            assertThat(pictures.schema().apply("image").dataType().catalogString())
                    .isEqualTo(spark.read()
                            .format("image")
                            .load(ExampleFiles.data("digits/digits.png").toString())
                            .schema()
                            .apply("image")
                            .dataType()
                            .catalogString());
            Row first = pictures.first();
            assertThat(FashionPictures.CLASSES.get(first.<Integer>getAs("label")))
                    .isEqualTo("Trouser");
            Row image = first.getAs("image");
            assertThat(image.<String>getAs("origin")).isEqualTo("fashion-mnist/2");
            assertThat(image.<byte[]>getAs("data")).hasSize(28 * 28);
            assertThat(pictures.count()).isEqualTo(3);
        }
    }

    @Test
    void refusesFilesThatAreOtherwise(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("file.gz");
        write(file, 0x0803, 2, 28, 28);
        assertThatThrownBy(() -> IdxFile.read(file))
                .isInstanceOf(IOException.class)
                .hasMessage(
                        "Cannot read '%s': expected bytes of 1 dimensions, found a file that begins with 00000803",
                        file);
        assertThatThrownBy(() -> IdxFile.read(file, 28, 27))
                .isInstanceOf(IOException.class)
                .hasMessage("Cannot read '%s': expected items of shape [28, 27], found [28, 28]", file);
        assertThatThrownBy(() -> IdxFile.read(file, 28, 28)).isInstanceOf(EOFException.class);
    }

    private static void write(Path file, int... words) throws IOException {
        try (var out = new DataOutputStream(new GZIPOutputStream(Files.newOutputStream(file)))) {
            for (int word : words) {
                out.writeInt(word);
            }
        }
    }
}
