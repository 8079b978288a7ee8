package io.tensorbridge;

import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static io.tensorbridge.TensorFrames.reduceBlocks;
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
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class ReduceBlocksTest {

    private static Dataset<Row> numbers(SparkSession spark, long rows, int partitions, String type) {
        return spark.range(0, rows, 1, partitions)
                .select(col("id").cast(type).as("x"), col("id").cast("string").as("other"));
    }

    @ParameterizedTest
    @CsvSource({"1,1,1", "2,1,1", "7,3,2", "1000,1,10", "1000,4,7", "5,40,16384", "300,70,2"})
    void sumsDoubles(long rows, int partitions, int blockRows, SparkSession spark) {
        Row sum = reduceBlocks(Reductions.sum(TFloat64.class))
                .blockRows(blockRows)
                .apply(numbers(spark, rows, partitions, "double"));
        assertThat(sum.schema().simpleString()).isEqualTo("struct<x:double>");
        assertThat(sum.getDouble(0)).isEqualTo(rows * (rows - 1) / 2.0);
    }

    @Test
    void sumsEveryType(SparkSession spark) {
        assertThat(reduceBlocks(Reductions.sum(TInt32.class))
                        .apply(numbers(spark, 100, 3, "int"))
                        .getInt(0))
                .isEqualTo(4950);
        assertThat(reduceBlocks(Reductions.sum(TInt64.class))
                        .apply(numbers(spark, 100, 3, "long"))
                        .getLong(0))
                .isEqualTo(4950);
        assertThat(reduceBlocks(Reductions.sum(TFloat32.class))
                        .apply(numbers(spark, 100, 3, "float"))
                        .getFloat(0))
                .isEqualTo(4950);
    }

    @Test
    void reducesCellsOfAnyRank(SparkSession spark) {
        Dataset<Row> df = numbers(spark, 10, 3, "double")
                .select(array(array(col("x"), col("x").plus(1)), array(col("x").multiply(2), col("x")))
                        .as("x"));
        Row sum =
                reduceBlocks(Reductions.sum(TFloat64.class, 2, 2)).blockRows(2).apply(df);
        assertThat(sum.<Double>getList(0).toString()).contains("45.0", "55.0", "90.0");
        Row flat = reduceBlocks(Reductions.sum(TFloat64.class, 2, 1))
                .shape("x", 2, 1)
                .apply(numbers(spark, 10, 3, "double")
                        .select(array(col("x"), col("x").plus(1)).as("x")));
        assertThat(flat.getList(0)).hasSize(2);
    }

    @Test
    void noRowsGiveNulls(SparkSession spark) {
        Dataset<Row> none = numbers(spark, 10, 3, "double").filter("x < 0");
        assertThat(reduceBlocks(Reductions.sum(TFloat64.class)).apply(none).isNullAt(0))
                .isTrue();
        Dataset<Row> noPartitions = spark.emptyDataFrame().selectExpr("cast(1 as double) as x");
        assertThat(reduceBlocks(Reductions.sum(TFloat64.class))
                        .apply(noPartitions)
                        .isNullAt(0))
                .isTrue();
    }

    @Test
    void oneRowIsRunAlone(SparkSession spark) {
        Program logSumExp = Program.build(tf -> {
            var x = placeholder(tf, "x_input", TFloat64.class, Shape.of(-1));
            return outputs("x", tf.math.log(tf.sum(tf.math.exp(x), tf.constant(0))));
        });
        assertThat(reduceBlocks(logSumExp).apply(numbers(spark, 1, 4, "double")).getDouble(0))
                .isZero();
        assertThat(reduceBlocks(logSumExp)
                        .blockRows(2)
                        .apply(numbers(spark, 5, 2, "double"))
                        .getDouble(0))
                .isCloseTo(4.451914, org.assertj.core.api.Assertions.within(1e-5));
    }

    @Test
    void severalOutputsUnderOtherNames(SparkSession spark) {
        Program both = Program.build(tf -> {
            var x = placeholder(tf, "x_input", TFloat64.class, Shape.of(-1));
            var y = placeholder(tf, "y_input", TInt64.class, Shape.of(-1));
            return outputs("x", tf.max(x, tf.constant(0))).and("y", tf.min(y, tf.constant(0)));
        });
        Dataset<Row> df = spark.range(5, 105, 1, 3)
                .select(col("id").as("n"), col("id").cast("double").as("x"));
        Dataset<Row> reduced = reduceBlocks(both)
                .feed("y_input", "n")
                .fetch("y", "least")
                .fetch("x", "most")
                .blockRows(10)
                .lazily(df);
        assertThat(reduced.columns()).containsExactly("least", "most");
        Row row = reduced.collectAsList().get(0);
        assertThat(row.getLong(0)).isEqualTo(5);
        assertThat(row.getDouble(1)).isEqualTo(104);
    }

    @Test
    void theLazyFormIsADataFrameLikeAnyOther(SparkSession spark) {
        Dataset<Row> sum = reduceBlocks(Reductions.sum(TFloat64.class)).lazily(numbers(spark, 100, 3, "double"));
        Dataset<Row> joined = numbers(spark, 3, 1, "double").crossJoin(sum.withColumnRenamed("x", "total"));
        assertThat(joined.collectAsList())
                .hasSize(3)
                .allSatisfy(row -> assertThat(row.<Double>getAs("total")).isEqualTo(4950));
        assertThat(sum.union(sum).collectAsList()).hasSize(2);
        assertThat(sum.count()).isEqualTo(1);
    }

    @Test
    void theCheckFindsWhatIsNoReduction(SparkSession spark) {
        Dataset<Row> df = numbers(spark, 9, 1, "double");
        assertThat(reduceBlocks(Reductions.sum(TFloat64.class))
                        .checked()
                        .apply(df)
                        .getDouble(0))
                .isEqualTo(36);
        assertThatThrownBy(() -> reduceBlocks(Reductions.mean()).checked().apply(df))
                .rootCause()
                .hasMessage(
                        "Program 'mean' failed on block 1 of partition 0 (9 rows): expected output 'x' to be 4.0 however the rows are divided, found 3.25 for 3 and 6 of them. Make the program a reduction: f(f(a), f(b)) must be f(a and b)");
    }

    @Test
    void refusesWhatDoesNotFollowTheConvention(SparkSession spark) {
        Dataset<Row> df = numbers(spark, 9, 1, "double");
        Program misnamed = Program.build(tf ->
                        outputs("x", tf.sum(placeholder(tf, "y", TFloat64.class, Shape.of(-1)), tf.constant(0))))
                .named("p");
        assertThatThrownBy(() -> reduceBlocks(misnamed).apply(df))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot run program 'p' on this DataFrame:
                          - output 'x': expected an input 'x_input' to reduce it from, found inputs [y]. Name them so in the program
                          - input 'y': expected the name of an output and _input, found outputs [x]. Name it so in the program""");
        Program otherShape = Program.build(
                        tf -> outputs("x", tf.math.neg(placeholder(tf, "x_input", TFloat64.class, Shape.of(-1)))))
                .named("p");
        assertThatThrownBy(() -> reduceBlocks(otherShape).apply(df))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage(
                        "Cannot run program 'p' on this DataFrame:\n"
                                + "  - output 'x': expected DT_DOUBLE[], as the cells of input 'x_input' of DT_DOUBLE[?], found DT_DOUBLE[?]. Make the program give what it takes");
        assertThatThrownBy(() -> reduceBlocks(Reductions.sum(TFloat32.class)).apply(df))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage(
                        "Cannot run program 'sum' on this DataFrame:\n"
                                + "  - input 'x_input': expected DT_FLOAT[?], found column 'x' of DT_DOUBLE[?]. Cast it: col(\"x\").cast(\"float\")");
    }

    @Test
    void refusesCellsWhoseShapeChanges(SparkSession spark) {
        Program distinct = Program.build(tf -> {
                    var x = placeholder(tf, "x_input", TInt64.class, Shape.of(-1, -1));
                    return outputs(
                            "x",
                            tf.unique(tf.reshape(x, tf.constant(new int[] {-1})), tf.constant(new int[] {0}))
                                    .y());
                })
                .named("distinct");
        Dataset<Row> df = spark.range(0, 6, 1, 1).selectExpr("array(id, id div 4) as x");
        assertThatThrownBy(() -> reduceBlocks(distinct).blockRows(3).apply(df))
                .rootCause()
                .hasMessage(
                        "Program 'distinct' failed on block 1 of partition 0 (3 rows): expected output 'x' to give cells of 3 values, as before, found 5. Make the program give cells of one shape");
    }

    @Test
    void refusesStreams(SparkSession spark) {
        Dataset<Row> stream = spark.readStream().format("rate").load().selectExpr("cast(value as double) as x");
        assertThatThrownBy(() -> reduceBlocks(Reductions.sum(TFloat64.class)).lazily(stream))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessage(
                        "Cannot reduce a stream with program 'sum': expected a DataFrame that ends, found a streaming one. Reduce its batches in foreachBatch(…)");
    }

    @Test
    void countsWhatItDoes(SparkSession spark) {
        Dataset<Row> sum = reduceBlocks(Reductions.sum(TFloat64.class))
                .blockRows(50)
                .lazily(numbers(spark, 100, 2, "double").cache());
        List<Row> rows = sum.collectAsList();
        assertThat(rows).hasSize(1);
        RunMetrics metrics = RunMetrics.of(sum);
        assertThat(metrics.blocks()).isEqualTo(3); // one a partition, and one for the two rows they give
        assertThat(metrics.bytesCopied()).containsEntry("misaligned", 0L).containsEntry("program", 0L);
        sum.sparkSession().catalog().clearCache();
    }
}
