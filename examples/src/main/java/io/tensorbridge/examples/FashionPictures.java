package io.tensorbridge.examples;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.ml.image.ImageSchema;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** The 10,000 pictures of Fashion-MNIST that lie in {@code examples/data}: grey, 28 by 28, of ten classes. */
public final class FashionPictures {

    public static final int SIDE = 28;

    /** What the labels 0 to 9 mean. */
    static final List<String> CLASSES = List.of(
            "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot");

    private static final int CHANNELS = 1;
    private static final String GREY = "CV_8UC1";
    private static final StructType SCHEMA =
            new StructType().add("image", ImageSchema.columnSchema(), false).add("label", DataTypes.IntegerType, false);

    private FashionPictures() {}

    /**
     * Returns some of the pictures in the form of Spark's own source of images, {@code image}, with their {@code label}. The
     * files are in no order of classes.
     *
     * @param from the first of them
     * @param until the one after the last
     */
    static Dataset<Row> read(SparkSession spark, int from, int until) throws IOException {
        List<byte[]> pictures = IdxFile.read(ExampleFiles.data("fashion-mnist/t10k-images-idx3-ubyte.gz"), SIDE, SIDE);
        List<byte[]> labels = IdxFile.read(ExampleFiles.data("fashion-mnist/t10k-labels-idx1-ubyte.gz"));
        int mode = (int) ImageSchema.ocvTypes().apply(GREY);
        List<Row> rows = new ArrayList<>();
        for (int i = from; i < until; i++) {
            Row image = RowFactory.create("fashion-mnist/" + i, SIDE, SIDE, CHANNELS, mode, pictures.get(i));
            rows.add(RowFactory.create(image, (int) labels.get(i)[0]));
        }
        return spark.createDataFrame(rows, SCHEMA);
    }

    /**
     * Pictures to train on, and others to score: {@code pixels}, a byte each, and {@code label}.
     */
    public record Split(Dataset<Row> training, Dataset<Row> heldOut) {}

    /** Returns the pictures in two parts, of which the first has so many. */
    public static Split split(SparkSession spark, int training) throws IOException {
        Path directory = ExampleFiles.data("fashion-mnist");
        List<Row> all = rows(directory, "t10k");
        return new Split(pixels(spark, all.subList(0, training)), pixels(spark, all.subList(training, all.size())));
    }

    /** Returns the whole data set, as it is published: 60,000 pictures to train on and 10,000 others. */
    public static Split whole(SparkSession spark, Path directory) throws IOException {
        return new Split(pixels(spark, rows(directory, "train")), pixels(spark, rows(directory, "t10k")));
    }

    private static List<Row> rows(Path directory, String set) throws IOException {
        List<byte[]> pictures = IdxFile.read(directory.resolve(set + "-images-idx3-ubyte.gz"), SIDE, SIDE);
        List<byte[]> labels = IdxFile.read(directory.resolve(set + "-labels-idx1-ubyte.gz"));
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < pictures.size(); i++) {
            rows.add(RowFactory.create(pictures.get(i), (int) labels.get(i)[0]));
        }
        return rows;
    }

    private static Dataset<Row> pixels(SparkSession spark, List<Row> rows) {
        StructType schema =
                new StructType().add("pixels", DataTypes.BinaryType, false).add("label", DataTypes.IntegerType, false);
        return spark.createDataFrame(List.copyOf(rows), schema);
    }
}
