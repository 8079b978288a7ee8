package io.tensorbridge;

import static io.tensorbridge.TensorFrames.mapRows;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.SignatureMismatchException;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class MapRowsTest {

    private static final Program PLUS_THREE = Program.build(tf ->
                    outputs("z", tf.math.add(placeholder(tf, "x", TFloat64.class, Shape.scalar()), tf.constant(3.0))))
            .named("plus");

    private static final Program NORM = Program.build(tf -> {
                var x = placeholder(tf, "x", TFloat32.class, Shape.of(3));
                return outputs("norm", tf.math.sqrt(tf.sum(tf.math.square(x), tf.constant(0))))
                        .and("unit", tf.math.div(x, tf.math.sqrt(tf.sum(tf.math.square(x), tf.constant(0)))));
            })
            .named("norm");

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 16_384})
    void mapsScalars(int blockRows, SparkSession spark) {
        Dataset<Row> df =
                spark.range(0, 100, 1, 3).select(col("id").cast("double").as("x"));
        Dataset<Row> result = mapRows(PLUS_THREE).blockRows(blockRows).apply(df);
        assertThat(result.schema().simpleString()).isEqualTo("struct<x:double,z:double>");
        assertThat(result.collectAsList())
                .hasSize(100)
                .allSatisfy(row -> assertThat(row.getDouble(1)).isEqualTo(row.getDouble(0) + 3));
    }

    @Test
    void mapsVectorsToSeveralOutputs(SparkSession spark) {
        Dataset<Row> df = spark.range(1, 50)
                .select(
                        array(
                                        col("id").cast("float"),
                                        col("id").cast("float"),
                                        col("id").cast("float"))
                                .as("v"),
                        col("id"));
        Dataset<Row> result = mapRows(NORM).feed("x", "v").apply(df);
        assertThat(result.columns()).containsExactly("v", "id", "norm", "unit");
        for (Row row : result.collectAsList()) {
            assertThat(row.getFloat(2)).isEqualTo((float) Math.sqrt(3.0 * row.getLong(1) * row.getLong(1)));
            assertThat(row.<Float>getList(3))
                    .hasSize(3)
                    .allSatisfy(x -> assertThat(x).isBetween(0.577f, 0.578f));
        }
        Dataset<Row> one =
                mapRows(NORM).feed("x", "v").fetch("norm", "length").trim().apply(df);
        assertThat(one.columns()).containsExactly("length");
        assertThat(one.count()).isEqualTo(49);
    }

    @Test
    void messagesShowTheShapesOfCells(SparkSession spark) {
        Dataset<Row> df = spark.range(5)
                .select(col("id").cast("double").as("x"), array(col("id")).as("v"));
        assertThatThrownBy(() -> mapRows(NORM).apply(df))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot run program 'norm' on this DataFrame:
                          - input 'x': expected DT_FLOAT[3], found column 'x' of DT_DOUBLE[]. Cast it: col("x").cast("float")""");
        assertThatThrownBy(() -> mapRows(PLUS_THREE).feed("x", "v").apply(df))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot run program 'plus' on this DataFrame:
                          - input 'x': expected DT_DOUBLE[], found column 'v' of DT_INT64[?]. Cast it: col("v").cast("array<double>")""");
    }

    @Test
    void aMatrixColumnStaysAMatrix(SparkSession spark) {
        Program transpose = Program.build(tf -> outputs(
                "t",
                tf.linalg.transpose(
                        placeholder(tf, "m", TFloat64.class, Shape.of(2, 1)), tf.constant(new int[] {1, 0}))));
        Dataset<Row> df = spark.range(4).selectExpr("array(array(cast(id as double)), array(id + 0.5D)) as m");
        List<Row> rows = mapRows(transpose).apply(df).collectAsList();
        assertThat(rows).hasSize(4);
        for (int i = 0; i < 4; i++) {
            List<scala.collection.Seq<Double>> cell = rows.get(i).getList(1);
            assertThat(cell).hasSize(1);
            assertThat(cell.get(0).apply(1)).isEqualTo(cell.get(0).apply(0).doubleValue() + 0.5);
        }
    }
}
