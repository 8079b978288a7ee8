package io.tensorbridge.ml;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/** Pictures, drawn and encoded here: seeded blots of colour, of which JPEG keeps most. */
final class PictureFiles {

    private PictureFiles() {}

    static BufferedImage picture(int height, int width, int type, long seed) {
        var image = new BufferedImage(width, height, type);
        var graphics = image.createGraphics();
        var random = new Random(seed);
        for (int i = 0; i < 12; i++) {
            graphics.setColor(new Color(random.nextInt(256), random.nextInt(256), random.nextInt(256)));
            graphics.fillOval(
                    random.nextInt(width) - width / 4,
                    random.nextInt(height) - height / 4,
                    width / 2 + 1,
                    height / 2 + 1);
        }
        graphics.dispose();
        return image;
    }

    static byte[] encoded(BufferedImage image, String format) {
        var bytes = new ByteArrayOutputStream();
        try {
            if (!ImageIO.write(image, format, bytes)) {
                throw new IllegalArgumentException("No writer of " + format);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    static byte[] png(int height, int width, long seed) {
        return encoded(picture(height, width, BufferedImage.TYPE_3BYTE_BGR, seed), "png");
    }

    static byte[] jpeg(int height, int width, long seed) {
        return encoded(picture(height, width, BufferedImage.TYPE_3BYTE_BGR, seed), "jpg");
    }

    static byte[] grey(int height, int width, long seed) {
        return encoded(picture(height, width, BufferedImage.TYPE_BYTE_GRAY, seed), "png");
    }

    static byte[] transparent(int height, int width, long seed) {
        return encoded(picture(height, width, BufferedImage.TYPE_4BYTE_ABGR, seed), "png");
    }

    /** Pictures of several sizes and kinds. */
    static List<byte[]> various() {
        return List.of(
                png(8, 8, 1),
                png(30, 20, 2),
                jpeg(33, 47, 3),
                grey(12, 19, 4),
                transparent(21, 16, 5),
                jpeg(64, 64, 6),
                png(1, 1, 7));
    }

    static void write(Path directory, List<byte[]> files, String suffix) throws IOException {
        for (int i = 0; i < files.size(); i++) {
            Files.write(directory.resolve("%02d.%s".formatted(i, suffix)), files.get(i));
        }
    }

    static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** The first part of a file, as it is found where a copy has ended too early. */
    static byte[] truncated(byte[] file) {
        return Arrays.copyOf(file, file.length / 2);
    }

    /** A small PNG that says of itself that it has this many rows and columns. */
    static byte[] ofSize(int side) {
        byte[] file = png(4, 4, 1);
        ByteBuffer.wrap(file).putInt(16, side).putInt(20, side);
        return file;
    }

    /** Returns a DataFrame of one partition: {@code id}, and {@code content}, which may be null. */
    static Dataset<Row> frame(SparkSession spark, List<byte[]> files) {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < files.size(); i++) {
            rows.add(RowFactory.create(i, files.get(i)));
        }
        return spark.createDataFrame(
                        rows, new StructType().add("id", "int", false).add("content", "binary"))
                .coalesce(1);
    }
}
