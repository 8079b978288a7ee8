package io.tensorbridge;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.mapRows;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static io.tensorbridge.TensorFrames.reduceBlocks;
import static io.tensorbridge.TensorFrames.reduceRows;
import static org.apache.spark.sql.functions.col;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.SignatureMismatchException;
import io.tensorbridge.tensor.TensorValue;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TString;

/** Inputs that are fed with a value instead of a column, and programs that have no inputs at all. */
@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class ParametersTest {

    private static final int ROWS = 50;

    private static Dataset<Row> numbers(SparkSession spark) {
        return spark.range(0, ROWS, 1, 3).select(col("id").cast("double").as("x"));
    }

    /** {@code y = x * by + sum(offsets)}, and a text. */
    private static Program scale(Shape x) {
        return Program.build(tf -> {
                    var value = placeholder(tf, "x", TFloat64.class, x);
                    var by = placeholder(tf, "by", TFloat64.class, Shape.scalar());
                    var offsets = placeholder(tf, "offsets", TFloat64.class, Shape.of(-1));
                    return outputs("y", tf.math.add(tf.math.mul(value, by), tf.sum(offsets, tf.constant(0))));
                })
                .named("scale");
    }

    private static void assertScaled(Dataset<Row> result, double by, double offset) {
        List<Row> rows = result.collectAsList();
        assertThat(rows).hasSize(ROWS);
        for (int i = 0; i < ROWS; i++) {
            assertThat(rows.get(i)).isEqualTo(RowFactory.create((double) i, i * by + offset));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 1_000})
    void everyRunIsFedWithTheSameValue(int blockRows, SparkSession spark) {
        for (double by : new double[] {2, 3}) {
            assertScaled(
                    mapBlocks(scale(Shape.of(-1)))
                            .blockRows(blockRows)
                            .with("by", TensorValue.of(by))
                            .with("offsets", TensorValue.of(Shape.of(3), 1.0, 2.0, 3.0))
                            .apply(numbers(spark)),
                    by,
                    6);
            assertScaled(
                    mapRows(scale(Shape.scalar()))
                            .blockRows(blockRows)
                            .with("by", TensorValue.of(by))
                            .with("offsets", TensorValue.of(Shape.of(2), 1.0, -2.0))
                            .apply(numbers(spark)),
                    by,
                    -1);
        }
    }

    @Test
    void aTensorIsCopiedAndStaysTheCallers(SparkSession spark) {
        Dataset<Row> blocks;
        Dataset<Row> rows;
        try (var by = TFloat64.scalarOf(4);
                var offsets = TFloat64.vectorOf(0.5, 0.25)) {
            blocks = mapBlocks(scale(Shape.of(-1)))
                    .with("by", by)
                    .with("offsets", offsets)
                    .apply(numbers(spark));
            rows = mapRows(scale(Shape.scalar()))
                    .with("by", by)
                    .with("offsets", offsets)
                    .apply(numbers(spark));
            assertThat(by.getDouble()).isEqualTo(4);
        }
        assertScaled(blocks, 4, 0.75);
        assertScaled(rows, 4, 0.75);
    }

    @Test
    void aTextMayBeAValue(SparkSession spark) {
        Program greet = Program.build(tf -> {
            var name = placeholder(tf, "name", TString.class, Shape.of(-1));
            var greeting = placeholder(tf, "greeting", TString.class, Shape.scalar());
            return outputs("greeted", tf.strings.join(List.of(greeting, name)));
        });
        Dataset<Row> names = spark.range(3).selectExpr("concat('row ', id) as name");
        assertThat(mapBlocks(greet)
                        .with("greeting", TensorValue.of("Grüß Gott, "))
                        .trim()
                        .apply(names)
                        .collectAsList())
                .extracting(row -> row.getString(0))
                .containsExactly("Grüß Gott, row 0", "Grüß Gott, row 1", "Grüß Gott, row 2");
    }

    /** The largest number, but at least a bound. */
    private static final Program BOUNDED = Program.build(tf -> {
                var x = placeholder(tf, "x_input", TFloat64.class, Shape.of(-1));
                var least = placeholder(tf, "least", TFloat64.class, Shape.scalar());
                return outputs("x", tf.math.maximum(tf.max(x, tf.constant(0)), least));
            })
            .named("bounded");

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 1_000})
    void aReductionIsFedWithItAtEveryStep(int blockRows, SparkSession spark) {
        var largest = reduceBlocks(BOUNDED).blockRows(blockRows);
        assertThat(largest.with("least", TensorValue.of(10.0)).checked().apply(numbers(spark)))
                .isEqualTo(RowFactory.create(ROWS - 1.0));
        assertThat(largest.with("least", TensorValue.of(1_000.0)).apply(numbers(spark)))
                .isEqualTo(RowFactory.create(1_000.0));
    }

    @Test
    void whatIsReducedMustBeAColumn(SparkSession spark) {
        assertThatThrownBy(() -> reduceBlocks(BOUNDED)
                        .with("least", TensorValue.of(1))
                        .with("x_input", TensorValue.of(Shape.of(2), 1.0, 2.0))
                        .apply(numbers(spark)))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot run program 'bounded' on this DataFrame:
                          - input 'least': expected DT_DOUBLE[], found a value of DT_INT32[]. Mend with("least", …)
                          - input 'x_input': expected a column, found a value. Feed it with feed("x_input", "…")""");
        assertThatThrownBy(() -> reduceRows(Reductions.add(TFloat64.class, Shape.scalar()))
                        .with("x_2", TensorValue.of(1.0))
                        .apply(numbers(spark)))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot run program 'add' on this DataFrame:
                          - input 'x_2': expected a column, found a value. Feed it with feed("x_2", "…")""");
    }

    @Test
    void refusesAllThatDoesNotFitAtOnce(SparkSession spark) {
        assertThatThrownBy(() -> mapBlocks(scale(Shape.of(-1)))
                        .feed("x", "x")
                        .with("x", TensorValue.of(1.0))
                        .with("by", TensorValue.of(2f))
                        .with("offsets", TensorValue.of(1.0))
                        .with("factor", TensorValue.of(1.0))
                        .apply(numbers(spark)))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot run program 'scale' on this DataFrame:
                          - input 'x': expected a column or a value, found both column 'x' and DT_DOUBLE[]. Leave out feed(…) or with(…)
                          - input 'factor': expected one of the inputs [x, by, offsets], found no input of that name. Mend with("factor", …)
                          - input 'x': expected DT_DOUBLE[?], found a value of DT_DOUBLE[]. Mend with("x", …)
                          - input 'by': expected DT_DOUBLE[], found a value of DT_FLOAT[]. Mend with("by", …)
                          - input 'offsets': expected DT_DOUBLE[?], found a value of DT_DOUBLE[]. Mend with("offsets", …)""");
        assertThatThrownBy(() -> mapBlocks(scale(Shape.of(-1))).apply(numbers(spark)))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot run program 'scale' on this DataFrame:
                          - input 'by': expected a column 'by', found columns [x]. Bind one with feed("by", "…")
                          - input 'offsets': expected a column 'offsets', found columns [x]. Bind one with feed("offsets", "…")""");
        assertThatThrownBy(() -> mapBlocks(scale(Shape.of(-1)))
                        .with("by", TensorValue.of(1.0))
                        .with("by", TensorValue.of(2.0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot set 'by' to 'DT_DOUBLE[]': expected it to be set once, found it set to 'DT_DOUBLE[]' before. Leave out one of the two");
    }

    private static final Program CONSTANTS = Program.build(tf -> outputs("three", tf.constant(new int[] {1, 2, 3}))
            .and("text", tf.stack(List.of(tf.constant("a"), tf.constant("b"), tf.constant("c")))));

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 1_000})
    void everyRowIsGivenWhatAProgramWithoutInputsMakes(int blockRows, SparkSession spark) {
        Dataset<Row> result = mapRows(CONSTANTS).blockRows(blockRows).apply(numbers(spark));
        assertThat(result.schema().simpleString()).isEqualTo("struct<x:double,three:array<int>,text:array<string>>");
        assertThat(result.collectAsList()).hasSize(ROWS).allSatisfy(row -> {
            assertThat(row.getList(1)).isEqualTo(List.of(1, 2, 3));
            assertThat(row.getList(2)).isEqualTo(List.of("a", "b", "c"));
        });
        assertThat(mapRows(CONSTANTS).apply(numbers(spark).limit(0)).collectAsList())
                .isEmpty();
    }

    @Test
    void aBlockIsGivenItOnceIfAlone(SparkSession spark) {
        Dataset<Row> result =
                mapBlocks(CONSTANTS).trim().blockRows(10).apply(numbers(spark).coalesce(1));
        assertThat(result.collectAsList())
                .hasSize(ROWS / 10 * 3)
                .startsWith(RowFactory.create(1, "a"), RowFactory.create(2, "b"), RowFactory.create(3, "c"));
        assertThat(RunMetrics.of(result).blocks()).isEqualTo(ROWS / 10);
    }

    /** Parameters alone are no column either. */
    @Test
    void aProgramOfValuesAloneRunsForEveryRow(SparkSession spark) {
        Program twice = Program.build(tf -> {
            var x = placeholder(tf, "p", TInt32.class, Shape.of(2));
            return outputs("y", tf.math.add(x, x));
        });
        assertThat(mapRows(twice)
                        .with("p", TensorValue.of(Shape.of(2), 1, 2))
                        .trim()
                        .apply(numbers(spark))
                        .collectAsList())
                .hasSize(ROWS)
                .allSatisfy(row -> assertThat(row.getList(0)).isEqualTo(List.of(2, 4)));
    }
}
