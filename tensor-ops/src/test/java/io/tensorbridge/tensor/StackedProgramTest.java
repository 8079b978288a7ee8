package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.NdArray;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TString;

@ExtendWith(NativeMemoryExtension.class)
class StackedProgramTest {

    /** The mean over the rows, and how many there are. */
    private static Program means(Shape block) {
        return Program.build(tf -> {
            var x = Program.placeholder(tf, "x_input", TFloat64.class, block);
            var rows = tf.gather(tf.shape(x, TInt64.class), tf.constant(0), tf.constant(0));
            return Program.outputs("x", tf.math.mean(x, tf.constant(0))).and("rows", rows);
        });
    }

    private static TInt32 groups(int[][] rows) {
        return TInt32.tensorOf(StdArrays.ndCopyOf(rows));
    }

    @Test
    void runsOncePerGroup() {
        for (Shape block : new Shape[] {Shape.of(-1, 2), Shape.of(-1, -1), Shape.unknown()}) {
            Program program = ProgramRewrites.stacked(means(block));
            assertThat(program.copiesInputsBecauseOf()).isEmpty();
            try (var x = TensorFlowRun.counting(Shape.of(4, 2));
                    var groups = groups(new int[][] {{0, 2}, {3, 3}, {1, 0}});
                    var result = TensorFlowRun.run(program, Map.of("x_input", x, ProgramRewrites.GROUPS, groups))) {
                assertThat((NdArray<?>) result.get(0)).isEqualTo(StdArrays.ndCopyOf(new double[][] {
                    {2, 3}, {6, 7}, {1, 2}
                }));
                assertThat((NdArray<?>) result.get(1)).isEqualTo(NdArrays.vectorOf(2L, 2L, 2L));
            }
        }
    }

    @Test
    void saysWhatItTakes() {
        assertThat(ProgramRewrites.stacked(means(Shape.of(-1, 2))).signature())
                .hasToString(
                        "ProgramSignature[inputs=[x_input: DT_DOUBLE[?, 2], tensorbridge_groups: DT_INT32[?, ?]], outputs=[x: DT_DOUBLE[?, 2], rows: DT_INT64[?]]]");
    }

    @ParameterizedTest(name = "{0} groups")
    @ValueSource(ints = {0, 1, 7, 8, 9, 1_000})
    void takesAnyNumberOfGroups(int count) {
        Program program = ProgramRewrites.stacked(means(Shape.of(-1, -1)));
        int[][] rows = new int[count][3];
        for (int group = 0; group < count; group++) {
            rows[group] = new int[] {group, group + 1, group + 2};
        }
        try (var x = TensorFlowRun.counting(Shape.of(count + 2, 1));
                var groups = count == 0 ? TInt32.tensorOf(Shape.of(0, 3)) : groups(rows);
                var result = TensorFlowRun.run(program, Map.of("x_input", x, ProgramRewrites.GROUPS, groups))) {
            var means = (TFloat64) result.get(0);
            assertThat(means.shape().get(0)).isEqualTo(count);
            for (int group = 0; group < count; group++) {
                assertThat(means.getDouble(group, 0)).isEqualTo(group + 1.0);
            }
        }
    }

    @Test
    void gathersText() {
        Program program = ProgramRewrites.stacked(Program.build(tf -> {
            var s = Program.placeholder(tf, "s_input", TString.class, Shape.of(-1));
            return Program.outputs("s", tf.strings.reduceJoin(s, tf.constant(0)));
        }));
        try (var s = TString.vectorOf("a", "b", "c");
                var groups = groups(new int[][] {{2, 0}, {1, 1}});
                var result = TensorFlowRun.run(program, Map.of("s_input", s, ProgramRewrites.GROUPS, groups))) {
            assertThat((NdArray<?>) result.get(0)).isEqualTo(NdArrays.vectorOfObjects("ca", "bb"));
        }
    }

    @Test
    void refusesRowsThatAreNotThere() {
        Program program = ProgramRewrites.stacked(means(Shape.of(-1, 2)));
        try (var x = TensorFlowRun.counting(Shape.of(4, 2));
                var groups = groups(new int[][] {{0, 4}})) {
            assertThatThrownBy(() -> TensorFlowRun.run(program, Map.of("x_input", x, ProgramRewrites.GROUPS, groups)))
                    .hasMessageStartingWith("indices[0,1] = 4 is not in [0, 4)");
        }
    }

    @Test
    void isTheSameProgramEachTime() {
        Program program = means(Shape.of(-1, 2));
        assertThat(ProgramRewrites.stacked(program)).isSameAs(ProgramRewrites.stacked(program));
        assertThat(ProgramRewrites.stacked(means(Shape.of(-1, 2)))).isEqualTo(ProgramRewrites.stacked(program));
    }

    @Test
    void refusesAProgramThatIsNotOverBlocks() {
        assertThatThrownBy(() -> ProgramRewrites.stacked(Program.build(tf -> Program.outputs("c", tf.constant(1)))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Cannot run program 'c' group by group: expected inputs, found none");
        assertThatThrownBy(() -> ProgramRewrites.stacked(Program.build(
                        tf -> Program.outputs("y", Program.placeholder(tf, "x", TFloat64.class, Shape.scalar())))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot run program 'y' group by group: expected input 'x' to be a block of rows, found shape []. Give it the shape [?]");
    }
}
