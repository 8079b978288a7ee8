package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.NdArray;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TString;

@ExtendWith(NativeMemoryExtension.class)
class PairProgramTest {

    private static final List<ProgramRewrites.Pair> X = List.of(new ProgramRewrites.Pair("x_1", "x_2", "x"));

    /** {@code x = x_1 + x_2} */
    private static Program sum(Shape cell) {
        return Program.build(tf -> {
            var first = Program.placeholder(tf, "x_1", TFloat64.class, cell);
            var second = Program.placeholder(tf, "x_2", TFloat64.class, cell);
            return Program.outputs("x", tf.math.add(first, second));
        });
    }

    @ParameterizedTest(name = "{0} rows")
    @ValueSource(ints = {0, 1, 2, 3, 7, 8, 9, 1_000})
    void addsNeighbours(int rows) {
        for (Shape cell : List.of(Shape.of(2), Shape.of(-1), Shape.unknown())) {
            Program program = ProgramRewrites.pairs(sum(cell), X);
            assertThat(program.copiesInputsBecauseOf()).isEmpty();
            try (var x = TensorFlowRun.counting(Shape.of(rows, 2));
                    var result = TensorFlowRun.run(program, Map.of("x_input", x))) {
                var sums = (TFloat64) result.get(0);
                assertThat(sums.shape()).isEqualTo(Shape.of((rows + 1) / 2, 2));
                for (int row = 0; row < (rows + 1) / 2; row++) {
                    double first = x.getDouble(2L * row, 1);
                    double second = 2 * row + 1 < rows ? x.getDouble(2L * row + 1, 1) : 0;
                    assertThat(sums.getDouble(row, 1)).isEqualTo(first + second);
                }
            }
        }
    }

    @Test
    void keepsTheOrderOfRows() {
        Program joined = Program.build(tf -> {
            var first = Program.placeholder(tf, "s_1", TString.class, Shape.scalar());
            var second = Program.placeholder(tf, "s_2", TString.class, Shape.scalar());
            return Program.outputs("s", tf.strings.join(List.of(first, second)));
        });
        Program program = ProgramRewrites.pairs(joined, List.of(new ProgramRewrites.Pair("s_1", "s_2", "s")));
        assertThat(program.signature())
                .hasToString("ProgramSignature[inputs=[s_input: DT_STRING[?]], outputs=[s: DT_STRING[?]]]");
        try (var s = TString.vectorOf("a", "b", "c", "d", "e");
                var result = TensorFlowRun.run(program, Map.of("s_input", s))) {
            assertThat((NdArray<?>) result.get(0)).isEqualTo(NdArrays.vectorOfObjects("ab", "cd", "e"));
        }
    }

    @Test
    void combinesSeveralColumns() {
        Program both = Program.build(tf -> {
            var x1 = Program.placeholder(tf, "x_1", TFloat64.class, Shape.of(-1));
            var x2 = Program.placeholder(tf, "x_2", TFloat64.class, Shape.of(2));
            var n1 = Program.placeholder(tf, "n_1", TInt32.class, Shape.scalar());
            var n2 = Program.placeholder(tf, "n_2", TInt32.class, Shape.scalar());
            return Program.outputs("x", tf.math.maximum(x1, x2)).and("n", tf.math.add(n1, n2));
        });
        Program program = ProgramRewrites.pairs(both, List.of(new ProgramRewrites.Pair("n_1", "n_2", "n"), X.get(0)));
        assertThat(program.signature())
                .hasToString(
                        "ProgramSignature[inputs=[n_input: DT_INT32[?], x_input: DT_DOUBLE[?, ?]], outputs=[n: DT_INT32[?], x: DT_DOUBLE[?, ?]]]");
        try (var x = TensorFlowRun.counting(Shape.of(3, 2));
                var n = TInt32.vectorOf(1, 2, 3);
                var result = TensorFlowRun.run(program, Map.of("n_input", n, "x_input", x))) {
            assertThat((NdArray<?>) result.get(0)).isEqualTo(NdArrays.vectorOf(3, 3));
            assertThat(((TFloat64) result.get(1)).getDouble(0, 0)).isEqualTo(2);
            assertThat(((TFloat64) result.get(1)).getDouble(1, 1)).isEqualTo(5);
        }
    }

    @Test
    void takesAnInputThatTheOutputDoesNotNeed() {
        for (String kept : List.of("x_1", "x_2")) {
            Program program = ProgramRewrites.pairs(
                    Program.build(
                            tf -> Program.outputs("x", Program.placeholder(tf, kept, TFloat64.class, Shape.scalar()))),
                    X);
            try (var x = TFloat64.vectorOf(1, 2, 3);
                    var result = TensorFlowRun.run(program, Map.of("x_input", x))) {
                assertThat((NdArray<?>) result.get(0))
                        .isEqualTo(kept.equals("x_1") ? NdArrays.vectorOf(1.0, 3.0) : NdArrays.vectorOf(2.0, 3.0));
            }
        }
    }

    @Test
    void isTheSameProgramEachTime() {
        Program program = sum(Shape.of(-1));
        assertThat(ProgramRewrites.pairs(program, X)).isSameAs(ProgramRewrites.pairs(program, X));
        assertThat(ProgramRewrites.pairs(sum(Shape.of(-1)), X)).isEqualTo(ProgramRewrites.pairs(program, X));
    }

    @Test
    void refusesPairsThatAreNotTheProgramsOwn() {
        assertThatThrownBy(() -> ProgramRewrites.pairs(sum(Shape.of(-1)), List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot combine rows with program 'x': expected a pair for each of the outputs [x], found pairs for []");
        assertThatThrownBy(() ->
                        ProgramRewrites.pairs(sum(Shape.of(-1)), List.of(new ProgramRewrites.Pair("x_1", "x_3", "x"))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot combine rows with program 'x': expected each input in one pair, found 'x_2' in none. The pairs are of the inputs [x_1, x_3]");
        assertThatThrownBy(() ->
                        ProgramRewrites.pairs(sum(Shape.of(-1)), List.of(new ProgramRewrites.Pair("x_1", "x_1", "x"))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot combine rows with program 'x': expected each input in one pair, found pairs of the inputs [x_1, x_1]");
    }

    @Test
    void refusesAnOutputThatCannotBeAnInputAgain() {
        Program program = Program.build(tf -> {
            var first = Program.placeholder(tf, "x_1", TFloat64.class, Shape.of(2));
            var second = Program.placeholder(tf, "x_2", TFloat64.class, Shape.of(2));
            return Program.outputs("x", tf.reduceSum(tf.math.add(first, second), tf.constant(0)));
        });
        assertThatThrownBy(() -> ProgramRewrites.pairs(program, X))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot combine rows with program 'x': expected output 'x' to be DT_DOUBLE[2] like input 'x_1', found DT_DOUBLE[]");
    }
}
