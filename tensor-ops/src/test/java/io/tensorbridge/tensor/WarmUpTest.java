package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TString;

@ExtendWith(NativeMemoryExtension.class)
class WarmUpTest {

    private static final SessionOptions OPTIONS = SessionOptions.onCallingThread(1);

    /** Two outputs of different numbers of rows, and strings: nothing of it comes out of a warm-up. */
    private static Program program() {
        return Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat32.class, Shape.of(-1, 2));
            var s = Program.placeholder(tf, "s", TString.class, Shape.of(-1));
            return Program.outputs("sum", tf.reduceSum(x, tf.constant(new int[] {0, 1})))
                    .and("upper", tf.strings.upper(s));
        });
    }

    private static Program refusing() {
        return Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TInt32.class, Shape.of(-1));
            return Program.outputs("y", tf.gather(x, tf.constant(5), tf.constant(0)));
        });
    }

    @Test
    void aProgramIsRunOnceBeforeAnybodyHasIt() {
        Program warm = program()
                .warmUp(Map.of("x", TensorValue.of(Shape.of(1, 2), 1f, 2f), "s", TensorValue.of(Shape.of(1), "a")));
        ProgramSession.load(warm, OPTIONS.runLimit(Duration.ofSeconds(60))).close();
        assertThat(warm.sessionKey()).isEqualTo(program().sessionKey());
        assertThat(warm).isNotEqualTo(program());
    }

    @Test
    void aWarmUpThatFailsFailsTheLoad() {
        Program program = refusing().warmUp(Map.of("x", TensorValue.of(Shape.of(2), 1, 2)));
        assertThatThrownBy(() -> ProgramSession.load(program, OPTIONS))
                .isInstanceOf(ProgramException.class)
                .hasMessageStartingWith("Cannot load program 'y': its warm-up failed: ")
                .hasMessageContaining("indices = 5 is not in [0, 2)")
                .hasMessageEndingWith(". Mend warmUp(…)");
    }

    @Test
    void travelsWithTheProgram() throws IOException, ClassNotFoundException {
        Program program = refusing()
                .warmUp(Map.of("x", TensorValue.of(Shape.of(2), 1, 2)))
                .named("renamed");
        var bytes = new ByteArrayOutputStream();
        try (var out = new ObjectOutputStream(bytes)) {
            out.writeObject(program);
        }
        try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            assertThat(in.readObject()).isEqualTo(program);
        }
        assertThat(List.of(program.warmUp())).containsExactly(Map.of("x", TensorValue.of(Shape.of(2), 1, 2)));
    }

    @Test
    void refusesValuesThatDoNotFitAllAtOnce() {
        assertThatThrownBy(() ->
                        program().warmUp(Map.of("x", TensorValue.of(Shape.of(3), 1f, 2f, 3f), "t", TensorValue.of(1f))))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot warm up program 'sum,upper':
                          - input 's': expected DT_STRING[?], found no value
                          - input 't': no such input; the inputs are [x, s]
                          - input 'x': expected DT_FLOAT[?, 2], found DT_FLOAT[3]. Mend warmUp(…)""");
    }
}
