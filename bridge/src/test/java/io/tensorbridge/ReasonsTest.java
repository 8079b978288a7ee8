package io.tensorbridge;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.mapRows;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.when;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.arrow.NullPolicy;
import io.tensorbridge.tensor.InputCheck;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.Programs;
import io.tensorbridge.tensor.SignatureMismatchException;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructField;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.core.Stack;
import org.tensorflow.op.image.DecodeImage;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TString;
import org.tensorflow.types.TUint8;

/** Rows that fail on their own. */
@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class ReasonsTest {

    private static final String REFUSED = "StringToNumberOp could not correctly convert string: ";

    /** Reads numbers: gives each, a vector of it and its opposite, and its text twice. */
    private static final Program NUMBERS = Program.build(tf -> {
                var x = placeholder(tf, "x", TString.class, Shape.of(-1));
                var number = tf.strings.toNumber(x, TFloat32.class);
                return outputs("n", number)
                        .and("v", tf.stack(List.of(number, tf.math.neg(number)), Stack.axis(1L)))
                        .and("s", tf.strings.join(List.of(x, x)));
            })
            .named("numbers");

    /** Decodes pictures: gives how bright one is, and its height, width and channels. */
    private static final Program PICTURES = Program.build(tf -> {
                var content = placeholder(tf, "content", TString.class, Shape.scalar());
                var image = tf.image.decodeImage(content, TUint8.class, DecodeImage.expandAnimations(false));
                var size = tf.shape(image);
                var mean = tf.math.mean(tf.dtypes.cast(image, TFloat32.class), tf.constant(new int[] {0, 1, 2}));
                return outputs("mean", mean).and("size", tf.ensureShape(size, Shape.of(3)));
            })
            .named("pictures");

    /** Numbers from 0, but where {@code id % every == 1}: there it is words. */
    private static Dataset<Row> numbers(SparkSession spark, int rows, int every) {
        return spark.range(0, rows, 1, 2)
                .select(
                        col("id"),
                        when(col("id").mod(every).equalTo(1), lit("no number"))
                                .otherwise(col("id").cast("string"))
                                .as("x"));
    }

    private static void check(List<Row> rows, int every) {
        for (Row row : rows) {
            long id = row.getAs("id");
            if (id % every == 1) {
                assertThat(row.<Float>getAs("n")).isNull();
                assertThat(row.<Object>getAs("v")).isNull();
                assertThat(row.<String>getAs("s")).isNull();
                assertThat(row.<String>getAs("why")).isEqualTo(REFUSED + "no number");
            } else {
                assertThat(row.<Float>getAs("n")).isEqualTo((float) id);
                assertThat(row.getList(row.fieldIndex("v"))).isEqualTo(List.of((float) id, -(float) id));
                assertThat(row.<String>getAs("s")).isEqualTo("" + id + id);
                assertThat(row.<String>getAs("why")).isNull();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"2000, 7, 300", "2000, 3, 1", "500, 100000, 100", "2, 2, 10", "1, 2, 10", "0, 2, 10"})
    void givesNullsAndAReason(int count, int every, int blockRows, SparkSession spark) {
        Dataset<Row> mapped =
                mapBlocks(NUMBERS).blockRows(blockRows).reasons("why").apply(numbers(spark, count, every));
        assertThat(mapped.columns()).containsExactly("id", "x", "n", "v", "s", "why");
        assertThat(Arrays.stream(mapped.schema().fields()).skip(2)).allMatch(StructField::nullable);
        List<Row> rows = mapped.collectAsList();
        assertThat(rows).hasSize(count);
        check(rows, every);
        assertThat(RunMetrics.of(mapped).rowsFailed())
                .isEqualTo(rows.stream().filter(row -> row.getAs("why") != null).count());
    }

    @Test
    void doesTheSameForRowsAloneAndTrimmed(SparkSession spark) {
        Program cell = Program.build(tf -> {
                    var x = placeholder(tf, "x", TString.class, Shape.scalar());
                    return outputs("n", tf.strings.toNumber(x, TFloat32.class));
                })
                .named("cell");
        List<Row> rows = mapRows(cell)
                .blockRows(64)
                .reasons("why")
                .trim()
                .apply(numbers(spark, 200, 50))
                .where("why is not null")
                .collectAsList();
        assertThat(rows)
                .hasSize(4)
                .allMatch(row -> row.isNullAt(0) && row.getString(1).equals(REFUSED + "no number"));
    }

    @Test
    void passesOverPartitionsWithoutARowThatPasses(SparkSession spark) {
        Dataset<Row> bad = numbers(spark, 300, 1_000).withColumn("x", lit("bad"));
        Dataset<Row> mapped = mapBlocks(NUMBERS).reasons("why").blockRows(40).apply(bad);
        assertThat(mapped.where("why is not null and n is null and v is null and s is null")
                        .count())
                .isEqualTo(300);
    }

    @Test
    void keepsWhatItGaveInTheCache(SparkSession spark) {
        Dataset<Row> cached =
                mapBlocks(NUMBERS).reasons("why").apply(numbers(spark, 100, 7)).cache();
        try {
            check(cached.collectAsList(), 7);
            check(cached.repartition(3).collectAsList(), 7);
        } finally {
            cached.unpersist(true);
        }
    }

    @Test
    void givesNullVectorsToSparkMl(SparkSession spark) {
        List<Row> rows = mapBlocks(NUMBERS)
                .fetch("v")
                .asVector("v")
                .reasons("why")
                .apply(numbers(spark, 10, 5))
                .orderBy("id")
                .collectAsList();
        assertThat(rows.get(1).isNullAt(2)).isTrue();
        assertThat(rows.get(2).<Vector>getAs("v").toArray()).containsExactly(2, -2);
    }

    @Test
    void feedsTheNextOperation(SparkSession spark) {
        Program next = Program.build(tf -> {
            var n = placeholder(tf, "n", TFloat32.class, Shape.of(-1));
            return outputs("m", tf.math.neg(n));
        });
        Dataset<Row> first = mapBlocks(NUMBERS).reasons("why").apply(numbers(spark, 50, 7));
        List<Row> rows = mapBlocks(next).reasons("why_m").apply(first).collectAsList();
        check(rows, 7);
        for (Row row : rows) {
            assertThat(row.<String>getAs("why_m"))
                    .isEqualTo(row.isNullAt(2) ? "Expected a value in column 'n', found null" : null);
        }
    }

    @Test
    void runsBesideProgramsOfWhichNoRowMayFail(SparkSession spark) {
        Dataset<Row> df = numbers(spark, 100, 7).withColumn("y", col("id").cast("double"));
        Dataset<Row> both = mapBlocks(Programs.plusThree())
                .feed("x", "y")
                .apply(mapBlocks(NUMBERS).reasons("why").apply(df));
        assertThat(both.queryExecution().optimizedPlan().toString().split("MapBlocks", -1))
                .hasSize(2);
        List<Row> rows = both.collectAsList();
        check(rows, 7);
        assertThat(rows).allMatch(row -> row.<Double>getAs("z") == row.<Long>getAs("id") + 3);
    }

    private static byte[] picture(String format, int height, int width) {
        var bytes = new ByteArrayOutputStream();
        try {
            ImageIO.write(new BufferedImage(width, height, BufferedImage.TYPE_3BYTE_BGR), format, bytes);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return bytes.toByteArray();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void leavesOutPicturesThatAreNone(boolean cached, SparkSession spark) {
        byte[] whole = picture("jpg", 20, 30);
        List<byte[]> contents = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            contents.add(picture(i % 2 == 0 ? "png" : "jpg", 10 + i, 20));
        }
        contents.set(3, Arrays.copyOf(whole, whole.length / 2));
        contents.set(5, new byte[0]);
        contents.set(8, "hello".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        contents.set(9, picture("png", 200, 300));
        Dataset<Row> df =
                spark.createDataset(contents, Encoders.BINARY()).coalesce(1).toDF("content");
        Dataset<Row> source = cached ? df.cache() : df;
        try {
            List<Row> rows = mapRows(PICTURES.checking("content", InputCheck.image(10_000)))
                    .reasons("why")
                    .apply(source)
                    .collectAsList();
            for (int i = 0; i < 10; i++) {
                Row row = rows.get(i);
                if (List.of(3, 5, 8, 9).contains(i)) {
                    assertThat(row.isNullAt(1) && row.isNullAt(2)).isTrue();
                } else {
                    assertThat(row.getFloat(1)).isZero();
                    assertThat(row.getList(2)).isEqualTo(List.of(10 + i, 20, 3));
                    assertThat(row.isNullAt(3)).isTrue();
                }
            }
            assertThat(rows.get(3).getString(3))
                    .isEqualTo("jpeg::Uncompress failed. Invalid JPEG data or crop window.");
            assertThat(rows.get(5).getString(3))
                    .isEqualTo("Not an image: expected JPEG, PNG, GIF or BMP, found no bytes");
            assertThat(rows.get(8).getString(3))
                    .isEqualTo("Not an image: expected JPEG, PNG, GIF or BMP, found bytes that begin with 'hello'");
            assertThat(rows.get(9).getString(3))
                    .isEqualTo(
                            "The picture is too large: expected at most 10000 pixels, found 300 x 200. Raise maxPixels");
        } finally {
            source.unpersist(true);
        }
    }

    /** Nulls of a column: a scalar, an array of unknown length and one of arrays; each a null, or one with a null inside. */
    private static Dataset<Row> nulls(SparkSession spark, int rows) {
        var third = col("id").mod(3);
        return spark.range(0, rows, 1, 1)
                .select(
                        col("id"),
                        when(third.notEqual(0), col("id").cast("double")).as("x"),
                        when(third.notEqual(0), array(col("id").cast("double"), lit(1.0)))
                                .as("a"),
                        array(when(third.notEqual(0), col("id").cast("double")), lit(1.0))
                                .as("b"),
                        array(
                                        array(col("id").cast("double"), lit(1.0)),
                                        when(third.notEqual(0), array(lit(2.0), lit(3.0))))
                                .as("c"));
    }

    @ParameterizedTest
    @CsvSource({"x, 0, false", "a, 1, false", "b, 1, true", "c, 2, true"})
    void takesNullsForRowsThatFail(String column, int rank, boolean inside, SparkSession spark) {
        Program twice = Program.build(tf -> {
                    long[] shape = new long[rank + 1];
                    Arrays.fill(shape, -1);
                    var x = placeholder(tf, "x", TFloat64.class, Shape.of(shape));
                    return outputs("y", tf.math.add(x, x));
                })
                .named("twice");
        for (boolean cached : new boolean[] {false, true}) {
            Dataset<Row> df = cached ? nulls(spark, 50).cache() : nulls(spark, 50);
            try {
                List<Row> rows = mapBlocks(twice)
                        .feed("x", column)
                        .blockRows(7)
                        .reasons("why")
                        .apply(df)
                        .collectAsList();
                assertThat(rows).hasSize(50);
                for (Row row : rows) {
                    boolean isBad = row.<Long>getAs("id") % 3 == 0;
                    assertThat(row.isNullAt(row.fieldIndex("y"))).isEqualTo(isBad);
                    assertThat(row.<String>getAs("why"))
                            .isEqualTo(
                                    !isBad
                                            ? null
                                            : inside
                                                    ? "Expected values alone in column '%s', found null among them"
                                                            .formatted(column)
                                                    : "Expected a value in column '%s', found null".formatted(column));
                }
                assertThat(rows.stream()
                                .map(row -> row.get(row.fieldIndex(column)))
                                .toList())
                        .isEqualTo(df.select(column).collectAsList().stream()
                                .map(row -> row.get(0))
                                .toList());
            } finally {
                df.unpersist(true);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "a", "ragged"})
    void passesOverBlocksOfNullsAlone(String column, SparkSession spark) {
        boolean overRows = column.equals("ragged");
        Program twice = Program.build(tf -> {
                    var x = placeholder(
                            tf,
                            "x",
                            TFloat64.class,
                            column.equals("a") ? Shape.of(-1, -1) : Shape.of(-1)); // a row's cell, if over rows
                    return outputs("y", tf.math.add(x, x));
                })
                .named("twice");
        Dataset<Row> df = nulls(spark, 20)
                .select(
                        col("id"),
                        when(col("id").gt(12), col(overRows ? "a" : column)).as("x"));
        MapOperation<?> operation = overRows ? mapRows(twice) : mapBlocks(twice);
        List<Row> rows = operation.blockRows(5).reasons("why").apply(df).collectAsList();
        assertThat(rows).hasSize(20);
        for (Row row : rows) {
            assertThat(row.isNullAt(2)).isEqualTo(row.isNullAt(1));
            assertThat(row.isNullAt(3)).isNotEqualTo(row.isNullAt(1));
        }
    }

    @Test
    void fillsOrDropsNullsIfAskedTo(SparkSession spark) {
        Dataset<Row> df = nulls(spark, 30);
        MapBlocks map = mapBlocks(Programs.plusThree()).reasons("why");
        assertThat(map.onNull(NullPolicy.fill(5)).apply(df).where("why is null").count())
                .isEqualTo(30);
        assertThat(map.onNull("x", NullPolicy.dropRow()).apply(df).count()).isEqualTo(20);
        assertThat(map.onNull("x", NullPolicy.fail())
                        .apply(df)
                        .where("why is null")
                        .count())
                .isEqualTo(20);
    }

    @Test
    void failsForAllElseAllTheSame(SparkSession spark) {
        Program any = Program.build(tf -> {
                    var x = placeholder(tf, "x", TFloat64.class, Shape.of(-1));
                    return outputs("y", tf.unique(x, tf.constant(new int[] {0})).y());
                })
                .named("unique");
        Dataset<Row> df = spark.range(0, 10, 1, 1).select(lit(1.0).as("x"));
        assertThatThrownBy(() -> mapBlocks(any).reasons("why").apply(df).collectAsList())
                .hasStackTraceContaining(
                        "Program 'unique' failed on block 0 of partition 0 (10 rows): expected one row of output 'y' for each of 10 rows, found 1. Leave out reasons(…) if the program changes the number of rows");
    }

    @Test
    void needsANameThatIsFree(SparkSession spark) {
        Dataset<Row> df = numbers(spark, 1, 2);
        assertThatThrownBy(() -> mapBlocks(NUMBERS).reasons("X").apply(df))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot run program 'numbers' on this DataFrame:
                          - reasons("X"): expected a new column, found 'x' among those of the DataFrame. Give it another name""");
        assertThatThrownBy(() -> mapBlocks(NUMBERS).reasons("s").trim().apply(df))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot run program 'numbers' on this DataFrame:
                          - reasons("s"): expected a column of its own, found 's' to be that of output 's'. Give it another name""");
    }

    @Test
    void isExplained(SparkSession spark) {
        MapBlocks map = mapBlocks(NUMBERS).reasons("why");
        Dataset<Row> df = numbers(spark, 1, 2);
        assertThat(map.explain(df))
                .contains("  feed    x <- column 'x': DT_STRING[?], on null fail the row alone\n")
                .contains("  reasons column 'why': why a row failed, which fails alone\n");
        assertThat(map.apply(df).queryExecution().optimizedPlan().toString()).contains(", reasons in why");
    }

    @Test
    void isAFieldOfWhatAFunctionOfSqlGives(SparkSession spark) {
        TensorFrames.register(
                spark, "numbers_or_why", mapBlocks(NUMBERS).fetch("n").reasons("why"));
        numbers(spark, 20, 7).createOrReplaceTempView("texts");
        List<Row> rows = spark.sql("SELECT id, numbers_or_why(x).n, numbers_or_why(x).why FROM texts ORDER BY id")
                .collectAsList();
        assertThat(rows).hasSize(20);
        assertThat(rows.get(0).getFloat(1)).isZero();
        assertThat(rows.get(0).isNullAt(2)).isTrue();
        assertThat(rows.get(8).isNullAt(1)).isTrue();
        assertThat(rows.get(8).getString(2)).isEqualTo(REFUSED + "no number");
        assertThat(spark.sql("SELECT count(*) FROM texts WHERE numbers_or_why(x).why IS NOT NULL")
                        .first()
                        .getLong(0))
                .isEqualTo(3);
    }

    @Test
    void namesTheRowIfItIsNotToFailAlone(SparkSession spark) {
        Dataset<Row> df = spark.range(0, 100, 1, 1)
                .select(when(col("id").equalTo(57), "no number").otherwise("1").as("x"));
        assertThatThrownBy(() ->
                        mapBlocks(NUMBERS).fetch("n").blockRows(40).apply(df).collectAsList())
                .hasStackTraceContaining(
                        "Program 'numbers' failed on row 17 of block 1 of partition 0 (40 rows): expected TensorFlow to run it, found an error: "
                                + REFUSED
                                + "no number");
    }
}
