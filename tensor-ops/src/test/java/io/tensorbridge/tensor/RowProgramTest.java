package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat64;

@ExtendWith(NativeMemoryExtension.class)
class RowProgramTest {

    /** {@code y = sum(x * x) + 1} of a vector of unknown length. */
    private static Program squares(Shape cell) {
        return Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, cell);
            return Program.outputs("y", tf.math.add(tf.reduceSum(tf.math.mul(x, x), tf.constant(0)), tf.constant(1.0)));
        });
    }

    @ParameterizedTest(name = "{0} rows")
    @ValueSource(ints = {0, 1, 7, 8, 9, 1_000})
    void runsOncePerRow(int rows) {
        Program program = ProgramRewrites.overRows(squares(Shape.of(2)));
        assertThat(program.name()).isEqualTo("y");
        assertThat(program.signature())
                .hasToString("ProgramSignature[inputs=[x: DT_DOUBLE[?, 2]], outputs=[y: DT_DOUBLE[?]]]");
        assertThat(program.copiesInputsBecauseOf()).isEmpty();
        try (var x = TFloat64.tensorOf(Shape.of(rows, 2), t -> {
                    for (int row = 0; row < rows; row++) {
                        t.setDouble(row, row, 0).setDouble(2, row, 1);
                    }
                });
                var result = TensorFlowRun.run(program, Map.of("x", x))) {
            var y = (TFloat64) result.get(0);
            assertThat(y.shape()).isEqualTo(Shape.of(rows));
            for (int row = 0; row < rows; row++) {
                assertThat(y.getDouble(row)).isEqualTo((double) row * row + 5);
            }
        }
    }
}
