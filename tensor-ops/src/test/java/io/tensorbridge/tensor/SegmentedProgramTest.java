package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.NdArray;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.ReduceSum;
import org.tensorflow.types.TFloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TNumber;

@ExtendWith(NativeMemoryExtension.class)
class SegmentedProgramTest {

    private static <T extends TNumber> Program reductions(Class<T> type) {
        return Program.build(tf -> {
            var x = Program.placeholder(tf, "x_input", type, Shape.of(-1, 2));
            return Program.outputs("sum", tf.reduceSum(x, tf.constant(0)))
                    .and("min", tf.identity(tf.reduceMin(tf.identity(x), tf.constant(new int[] {0}))))
                    .and("max", tf.reduceMax(x, tf.constant(new long[] {-2})))
                    .and("prod", tf.reduceProd(x, tf.constant(-2)));
        });
    }

    private static Number number(Class<?> type, double value) {
        if (type == TInt32.class) {
            return (int) value;
        }
        if (type == TInt64.class) {
            return (long) value;
        }
        return type == TFloat64.class ? (Number) value : (Number) (float) value;
    }

    /** Returns a block of two columns, one of which is filled with ones. */
    @SuppressWarnings("unchecked") // a numeric tensor is an array of numbers
    private static <T extends TNumber> T block(Class<T> type, double... values) {
        return Tensor.of(type, Shape.of(values.length, 2), tensor -> {
            var cells = (NdArray<Number>) tensor;
            for (int row = 0; row < values.length; row++) {
                cells.setObject(number(type, values[row]), row, 0);
                cells.setObject(number(type, 1), row, 1);
            }
        });
    }

    @SuppressWarnings("unchecked") // as above
    private static double[] column(Tensor tensor, int column) {
        var cells = (NdArray<Number>) tensor;
        double[] values = new double[(int) tensor.shape().get(0)];
        for (int row = 0; row < values.length; row++) {
            values[row] = cells.getObject(row, column).doubleValue();
        }
        return values;
    }

    static Stream<Class<? extends TNumber>> types() {
        return Stream.of(TInt32.class, TInt64.class, TFloat16.class, TFloat32.class, TFloat64.class);
    }

    @ParameterizedTest
    @MethodSource("types")
    <T extends TNumber> void reducesEachSegment(Class<T> type) {
        Program program = ProgramRewrites.segmented(reductions(type)).orElseThrow();
        assertThat(program.name()).isEqualTo("sum,min,max,prod");
        assertThat(program.copiesInputsBecauseOf()).isEmpty();
        try (T x = block(type, 4, -3, 5, 2, 6);
                var segments = TInt32.vectorOf(2, 0, 2, 0, 1);
                var count = TInt32.scalarOf(3);
                var result = TensorFlowRun.run(
                        program,
                        Map.of(
                                "x_input",
                                x,
                                ProgramRewrites.SEGMENTS,
                                segments,
                                ProgramRewrites.SEGMENT_COUNT,
                                count))) {
            assertThat(column(result.get(0), 0)).containsExactly(-1, 6, 9);
            assertThat(column(result.get(0), 1)).containsExactly(2, 1, 2);
            assertThat(column(result.get(1), 0)).containsExactly(-3, 6, 4);
            assertThat(column(result.get(2), 0)).containsExactly(2, 6, 5);
            assertThat(column(result.get(3), 0)).containsExactly(-6, 6, 20);
        }
    }

    @Test
    void saysWhatItTakes() {
        assertThat(ProgramRewrites.segmented(reductions(TFloat32.class))
                        .orElseThrow()
                        .signature())
                .hasToString(
                        "ProgramSignature[inputs=[x_input: DT_FLOAT[?, 2], tensorbridge_segments: DT_INT32[?], tensorbridge_segment_count: DT_INT32[]], "
                                + "outputs=[sum: DT_FLOAT[?, 2], min: DT_FLOAT[?, 2], max: DT_FLOAT[?, 2], prod: DT_FLOAT[?, 2]]]");
    }

    static Stream<Class<? extends TNumber>> floatingTypes() {
        return Stream.of(TFloat16.class, TFloat32.class, TFloat64.class);
    }

    @ParameterizedTest
    @MethodSource("floatingTypes")
    <T extends TNumber> void keepsNaNAndInfinity(Class<T> type) {
        Program program = ProgramRewrites.segmented(reductions(type)).orElseThrow();
        double infinity = Double.POSITIVE_INFINITY;
        try (T x = block(type, 1, Double.NaN, 0, infinity, -1, -infinity);
                var segments = TInt32.vectorOf(0, 0, 0, 1, 1, 1);
                var count = TInt32.scalarOf(2);
                var result = TensorFlowRun.run(
                        program,
                        Map.of(
                                "x_input",
                                x,
                                ProgramRewrites.SEGMENTS,
                                segments,
                                ProgramRewrites.SEGMENT_COUNT,
                                count))) {
            assertThat(column(result.get(0), 0)).containsExactly(Double.NaN, Double.NaN);
            assertThat(column(result.get(1), 0)).containsExactly(Double.NaN, -infinity);
            assertThat(column(result.get(2), 0)).containsExactly(Double.NaN, infinity);
            assertThat(column(result.get(2), 1)).containsExactly(1, 1);
        }
    }

    /** A running sum of halves stands still at 2048. */
    @ParameterizedTest
    @MethodSource("types")
    <T extends TNumber> void sumsManyRows(Class<T> type) {
        double[] ones = new double[5_000];
        Arrays.fill(ones, 1);
        Program program = ProgramRewrites.segmented(reductions(type)).orElseThrow();
        try (T x = block(type, ones);
                var segments =
                        TInt32.tensorOf(Shape.of(ones.length), t -> t.scalars().forEach(s -> s.setInt(0)));
                var count = TInt32.scalarOf(1);
                var result = TensorFlowRun.run(
                        program,
                        Map.of(
                                "x_input",
                                x,
                                ProgramRewrites.SEGMENTS,
                                segments,
                                ProgramRewrites.SEGMENT_COUNT,
                                count))) {
            assertThat(column(result.get(0), 0)).containsExactly(5_000);
        }
    }

    private static boolean isSegmented(BiFunction<Ops, Operand<TFloat64>, Operand<?>> output, Shape block) {
        return ProgramRewrites.segmented(Program.build(tf -> {
                    var x = Program.placeholder(tf, "x_input", TFloat64.class, block);
                    return Program.outputs("x", output.apply(tf, x));
                }))
                .isPresent();
    }

    @Test
    void knowsReductionsOverRowsFromOthers() {
        Shape matrix = Shape.of(-1, 3);
        assertThat(isSegmented((tf, x) -> tf.reduceSum(x, tf.constant(0)), matrix))
                .isTrue();
        assertThat(isSegmented((tf, x) -> tf.reduceSum(x, tf.constant(0)), Shape.unknown()))
                .isTrue();
        assertThat(isSegmented((tf, x) -> tf.reduceSum(x, tf.constant(-1)), Shape.of(-1)))
                .isTrue();

        assertThat(isSegmented((tf, x) -> tf.reduceSum(x, tf.constant(1)), matrix))
                .isFalse();
        assertThat(isSegmented((tf, x) -> tf.reduceSum(x, tf.constant(-1)), matrix))
                .isFalse();
        assertThat(isSegmented((tf, x) -> tf.reduceSum(x, tf.constant(-1)), Shape.unknown()))
                .isFalse();
        assertThat(isSegmented((tf, x) -> tf.reduceSum(x, tf.constant(new int[] {0, 1})), matrix))
                .isFalse();
        assertThat(isSegmented((tf, x) -> tf.reduceSum(x, tf.constant(new int[] {})), matrix))
                .isFalse();
        assertThat(isSegmented((tf, x) -> tf.reduceSum(x, tf.constant(0), ReduceSum.keepDims(true)), matrix))
                .isFalse();
        assertThat(isSegmented((tf, x) -> tf.reduceSum(tf.math.neg(x), tf.constant(0)), matrix))
                .isFalse();
        assertThat(isSegmented((tf, x) -> tf.math.neg(tf.reduceSum(x, tf.constant(0))), matrix))
                .isFalse();
        assertThat(isSegmented((tf, x) -> tf.math.mean(x, tf.constant(0)), matrix))
                .isFalse();
        assertThat(isSegmented((tf, x) -> tf.identity(x), matrix)).isFalse();
        assertThat(isSegmented(
                        (tf, x) -> tf.reduceSum(x, tf.range(tf.constant(0), tf.rank(x), tf.constant(1))), Shape.of(-1)))
                .isFalse();
    }

    @Test
    void isNothingIfOneOutputIsNoReduction() {
        assertThat(ProgramRewrites.segmented(Program.build(tf -> {
                    var x = Program.placeholder(tf, "x_input", TFloat64.class, Shape.of(-1));
                    return Program.outputs("sum", tf.reduceSum(x, tf.constant(0)))
                            .and("mean", tf.math.mean(x, tf.constant(0)));
                })))
                .isEmpty();
    }

    @Test
    void isNothingForOtherTypes() {
        assertThat(ProgramRewrites.segmented(reductions(TUint8.class))).isEmpty();
    }

    @Test
    void isTheSameProgramEachTime() {
        Program program = reductions(TFloat64.class);
        assertThat(ProgramRewrites.segmented(program)).isSameAs(ProgramRewrites.segmented(program));
        assertThat(ProgramRewrites.segmented(reductions(TFloat64.class))).isEqualTo(ProgramRewrites.segmented(program));
        assertThat(List.of(program.sha256()))
                .doesNotContain(ProgramRewrites.segmented(program).orElseThrow().sha256());
    }
}
