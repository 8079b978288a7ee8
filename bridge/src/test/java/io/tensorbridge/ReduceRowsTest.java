package io.tensorbridge;

import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static io.tensorbridge.TensorFrames.reduceRows;
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
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt64;

@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class ReduceRowsTest {

    @ParameterizedTest
    @CsvSource({"1,1,1", "2,1,16384", "4,2,1", "7,3,2", "1000,4,7"})
    void sums(long rows, int partitions, int blockRows, SparkSession spark) {
        Dataset<Row> df = spark.range(0, rows, 1, partitions)
                .select(col("id").as("x"), col("id").cast("string").as("other"));
        Row sum = reduceRows(Reductions.add(TInt64.class, Shape.scalar()))
                .blockRows(blockRows)
                .apply(df);
        assertThat(sum.getLong(0)).isEqualTo(rows * (rows - 1) / 2);
    }

    @Test
    void sumsVectors(SparkSession spark) {
        Dataset<Row> df = spark.range(0, 9, 1, 2)
                .select(array(col("id").cast("double"), col("id").plus(0.5)).as("x"));
        Row sum = reduceRows(Reductions.add(TFloat64.class, Shape.of(2))).apply(df);
        assertThat(sum.getList(0)).isEqualTo(List.of(36.0, 40.5));
    }

    /** Two by two matrices, whose product depends on the order, and not on where the brackets stand. */
    @ParameterizedTest
    @CsvSource({"3,16384", "1,2", "40,16384"})
    void keepsTheOrderOfRows(int partitions, int blockRows, SparkSession spark) {
        Program product = Program.build(tf -> outputs(
                "m",
                tf.linalg.matMul(
                        placeholder(tf, "m_1", TInt64.class, Shape.of(2, 2)),
                        placeholder(tf, "m_2", TInt64.class, Shape.of(2, 2)))));
        Dataset<Row> df =
                spark.range(0, 11, 1, partitions).selectExpr("array(array(1L, id % 3), array(id % 2, 1L)) as m");
        long[][] expected = {{1, 0}, {0, 1}};
        for (long id = 0; id < 11; id++) {
            expected = product(expected, new long[][] {{1, id % 3}, {id % 2, 1}});
        }
        Row row = reduceRows(product).blockRows(blockRows).apply(df);
        List<scala.collection.Seq<Long>> rows = row.getList(0);
        for (int i = 0; i < 2; i++) {
            for (int j = 0; j < 2; j++) {
                assertThat(rows.get(i).apply(j)).isEqualTo(expected[i][j]);
            }
        }
    }

    private static long[][] product(long[][] left, long[][] right) {
        long[][] product = new long[2][2];
        for (int i = 0; i < 2; i++) {
            for (int j = 0; j < 2; j++) {
                product[i][j] = left[i][0] * right[0][j] + left[i][1] * right[1][j];
            }
        }
        return product;
    }

    @Test
    void oneRowIsTheResultAndNoneGiveNulls(SparkSession spark) {
        Program minus = Program.build(tf -> outputs(
                "x",
                tf.math.sub(
                        placeholder(tf, "x_1", TInt64.class, Shape.scalar()),
                        placeholder(tf, "x_2", TInt64.class, Shape.scalar()))));
        Dataset<Row> one = spark.range(5, 6, 1, 3).select(col("id").as("x"));
        assertThat(reduceRows(minus).apply(one).getLong(0)).isEqualTo(5);
        assertThat(reduceRows(minus).apply(one.filter("x < 0")).isNullAt(0)).isTrue();
        assertThatThrownBy(() -> reduceRows(minus)
                        .checked()
                        .apply(spark.range(0, 9, 1, 1).select(col("id").as("x"))))
                .rootCause()
                .hasMessageContaining("Make the program a reduction");
    }

    @Test
    void bothInputsAreFedWithOneColumn(SparkSession spark) {
        Dataset<Row> df =
                spark.range(0, 5, 1, 2).select(col("id").as("n"), col("id").as("m"));
        Program add = Reductions.add(TInt64.class, Shape.scalar());
        assertThat(reduceRows(add).feed("x_1", "n").apply(df).getLong(0)).isEqualTo(10);
        assertThat(reduceRows(add).feed("x_2", "n").apply(df).getLong(0)).isEqualTo(10);
        assertThatThrownBy(
                        () -> reduceRows(add).feed("x_1", "n").feed("x_2", "m").apply(df))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot run program 'add' on this DataFrame:
                          - input 'x_2': expected column 'n', which input 'x_1' is fed with, found 'm'. Feed both with one column""");
    }

    @Test
    void refusesWhatDoesNotFollowTheConvention(SparkSession spark) {
        Dataset<Row> df = spark.range(5).select(col("id").as("x"));
        Program one = Program.build(
                        tf -> outputs("x", tf.math.neg(placeholder(tf, "x_1", TInt64.class, Shape.scalar()))))
                .named("p");
        assertThatThrownBy(() -> reduceRows(one).apply(df))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot run program 'p' on this DataFrame:
                          - output 'x': expected inputs 'x_1' and 'x_2' to reduce it from, found inputs [x_1]. Name them so in the program""");
        assertThatThrownBy(() ->
                        reduceRows(Reductions.add(TInt64.class, Shape.of(3))).apply(df))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot run program 'add' on this DataFrame:
                          - input 'x_1': expected DT_INT64[3], found column 'x' of DT_INT64[]. Feed a column whose cells have that shape""");
    }
}
