package io.tensorbridge;

import static io.tensorbridge.TensorFrames.explain;
import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static io.tensorbridge.TensorFrames.printSchema;
import static io.tensorbridge.TensorFrames.withShape;
import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.array_repeat;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.map;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.arrow.CellShapes;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.SignatureMismatchException;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.MetadataBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

/** Cell shapes that users declare, and how columns are shown with them. */
@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class ShapeDeclarationTest {

    private static Dataset<Row> columns(SparkSession spark) {
        return spark.range(3)
                .select(
                        col("id"),
                        array_repeat(col("id").cast("float"), 12).as("pixels"),
                        array(array(lit(1.0), lit(2.0))).as("rows"),
                        expr("cast('abc' as binary)").as("bytes"),
                        map(lit("k"), lit(1)).as("tags"),
                        lit(null).cast(SQLDataTypes.VectorType()).as("vector"),
                        lit(null).cast(SQLDataTypes.MatrixType()).as("matrix"));
    }

    private static void assertRefused(Dataset<Row> df, String message, String column, long... dimensions) {
        assertThatThrownBy(() -> withShape(df, column, dimensions))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage(message);
    }

    @Test
    void feedsEveryOperationFromThenOn(SparkSession spark) {
        Program rowSums = Program.build(tf -> {
            var x = placeholder(tf, "pixels", TFloat32.class, Shape.of(-1, 3, 4));
            return outputs("sums", tf.reduceSum(x, tf.constant(2)));
        });
        Dataset<Row> df = withShape(columns(spark), "PIXELS", 3, 4);
        assertThat(mapBlocks(rowSums)
                        .apply(df)
                        .select("sums")
                        .collectAsList()
                        .get(2)
                        .getList(0))
                .isEqualTo(java.util.List.of(8f, 8f, 8f));
    }

    @Test
    void keepsOtherMetadataAndReplacesTheShape(SparkSession spark) {
        Metadata comment = new MetadataBuilder().putString("comment", "a").build();
        Dataset<Row> df = columns(spark).withMetadata("pixels", comment);
        assertThat(withShape(withShape(df, "pixels", 12), "pixels", 3, -1)
                        .schema()
                        .apply("pixels")
                        .metadata())
                .isEqualTo(CellShapes.write(comment, 3, -1));
    }

    @Test
    void isForStreamsToo(SparkSession spark) {
        Dataset<Row> stream = spark.readStream()
                .format("rate")
                .load()
                .select(array(col("value")).as("x"));
        Dataset<Row> shaped = withShape(stream, "x", 1);
        assertThat(shaped.isStreaming()).isTrue();
        assertThat(CellShapes.read(shaped.schema().apply("x").metadata())).hasValue(new long[] {1});
    }

    @Test
    void refusesColumnsThatCannotHaveIt(SparkSession spark) {
        Dataset<Row> df = columns(spark);
        assertRefused(df, """
                Cannot give cells the shape [3]:
                  - column 'x': expected one of the columns [id, pixels, rows, bytes, tags, vector, matrix], found none of that name. Mend the name""", "x", 3);
        assertRefused(df.withColumnRenamed("bytes", "Pixels"), """
                Cannot give cells the shape [3]:
                  - column 'pixels': expected one column, found 2. Rename all but one""", "pixels", 3);
        assertRefused(df, """
                Cannot give cells the shape [1]:
                  - column 'tags' of type map<string,int> has no tensor form""", "tags", 1);
        assertRefused(df, """
                Cannot give cells the shape [2, ?, 1]:
                  - column 'rows' of type array<array<double>>: expected 2 dimensions, found 3""", "rows", 2, -1, 1);
        assertRefused(df, """
                Cannot give cells the shape [6]:
                  - column 'matrix' of type matrix: expected 2 dimensions, found 1""", "matrix", 6);
        assertRefused(df, """
                Cannot give cells the shape [2]:
                  - column 'id' of type bigint: expected a shape of one value, found [2]""", "id", 2);
    }

    @Test
    void refusesShapesThatNoTensorHas(SparkSession spark) {
        Dataset<Row> df = columns(spark);
        assertThatThrownBy(() -> withShape(df, "pixels", 3, -2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Invalid shape of column 'pixels': a dimension must be 0 or more, or -1 for unknown, found -2. Mend the dimensions");
        assertThatThrownBy(() -> withShape(df, "pixels", new long[254]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Invalid shape of column 'pixels': must have at most 253 dimensions, since rows are one more, found 254. Give cells fewer dimensions");
        assertThatThrownBy(() -> withShape(df, "pixels", 1 << 16, -1, 1 << 15))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Invalid shape of column 'pixels': must have at most 2147483647 values, found [65536, ?, 32768]. Mend the dimensions, or split the cells");
        assertThat(withShape(df, "pixels", new long[253])
                        .schema()
                        .apply("pixels")
                        .metadata()
                        .getLongArray("tensorbridge.shape"))
                .hasSize(253);
    }

    @Test
    void everyFlatColumnMayHaveAnyRank(SparkSession spark) {
        for (String column : new String[] {"pixels", "bytes", "vector"}) {
            Dataset<Row> shaped = withShape(columns(spark), column, 3, 1, -1);
            assertThat(CellShapes.read(shaped.schema().apply(column).metadata()))
                    .hasValue(new long[] {3, 1, -1});
        }
        assertThat(CellShapes.read(withShape(columns(spark), "id", 1, 1)
                        .schema()
                        .apply("id")
                        .metadata()))
                .hasValue(new long[] {1, 1});
    }

    @Test
    void columnsAreShownAsTensors(SparkSession spark) {
        Dataset<Row> df = withShape(columns(spark), "pixels", 3, 4);
        String expected = """
                root
                 |-- id: bigint (nullable = false) DT_INT64[?]
                 |-- pixels: array<float> (nullable = false) DT_FLOAT[?, 3, 4]
                 |-- rows: array<array<double>> (nullable = false) DT_DOUBLE[?, ?, ?]
                 |-- bytes: binary (nullable = false) DT_UINT8[?, ?]
                 |-- tags: map<string,int> (nullable = false) no tensor form
                 |-- vector: vector (nullable = true) DT_DOUBLE[?, ?]
                 |-- matrix: matrix (nullable = true) DT_DOUBLE[?, ?, ?]""";
        assertThat(explain(df)).isEqualTo(expected);

        PrintStream before = System.out;
        var printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, /* autoFlush= */ true, StandardCharsets.UTF_8));
        try {
            printSchema(df);
        } finally {
            System.setOut(before);
        }
        assertThat(printed.toString(StandardCharsets.UTF_8)).isEqualTo(expected + System.lineSeparator());
    }
}
