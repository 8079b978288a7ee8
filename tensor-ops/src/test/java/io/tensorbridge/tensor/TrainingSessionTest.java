package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.tensor.TrainingSession.Fed;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.tensorflow.Graph;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.types.TFloat32;

@ExtendWith(NativeMemoryExtension.class)
class TrainingSessionTest {

    /** Doubles x, and refuses what is not finite. */
    private static GraphDef graph() {
        try (var graph = new Graph()) {
            Ops tf = Ops.create(graph);
            var x = tf.withName("x").placeholder(TFloat32.class, Placeholder.shape(Shape.of(-1)));
            tf.withName("twice").math.mul(tf.debugging.checkNumerics(x, "of x"), tf.constant(2f));
            return graph.toGraphDef();
        }
    }

    private static TrainingSession open() {
        return TrainingSession.open(graph(), /* rank= */ 0, List.of(), /* threads= */ 1);
    }

    @Test
    void runsWhatIsFed() {
        try (TrainingSession session = open()) {
            TrainingSession.Run run = session.prepare(List.of(new Fed("x:0", DataType.DT_FLOAT)), "twice:0", null);
            for (int n : new int[] {2, 0, 3}) {
                var to = run.feed(0, n * 4L, n);
                float[] expected = new float[n];
                for (int i = 0; i < n; i++) {
                    to.putFloat(i * 4, i);
                    expected[i] = 2 * i;
                }
                assertThat(run.run()).containsExactly(expected);
            }
        }
    }

    @Test
    void refusesToRunWithoutAFeed() {
        try (TrainingSession session = open()) {
            TrainingSession.Run run = session.prepare(List.of(new Fed("x:0", DataType.DT_FLOAT)), "twice:0", null);
            run.feed(0, 4, 1).putFloat(0, 1);
            run.run();
            assertThatThrownBy(run::run) // a feed is for one run
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("Feed 0 has no value");
        }
    }

    @Test
    void refusesMoreThanABufferShows() {
        try (TrainingSession session = open()) {
            TrainingSession.Run run = session.prepare(List.of(new Fed("x:0", DataType.DT_FLOAT)), "twice:0", null);
            assertThatThrownBy(() -> run.feed(0, 1L << 31, 1 << 29))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("Cannot feed 2147483648 bytes: expected 2147483647 at most");
        }
    }

    @Test
    void saysThatTheProgramFailed() {
        try (TrainingSession session = open()) {
            TrainingSession.Run run = session.prepare(List.of(new Fed("x:0", DataType.DT_FLOAT)), "twice:0", null);
            run.feed(0, 4, 1).putFloat(0, Float.NaN);
            assertThatThrownBy(run::run)
                    .isInstanceOfSatisfying(
                            TrainingSession.RunException.class,
                            e -> assertThat(e.kind()).isEqualTo(TrainingSession.RunException.Kind.PROGRAM))
                    .hasMessage("of x : Tensor had NaN values");
        }
    }

    @Test
    void leavesNothingOfARunThatCannotBePrepared() {
        try (TrainingSession session = open()) {
            assertThatThrownBy(() -> session.prepare(List.of(new Fed("x:0", DataType.DT_FLOAT)), "twice:0", "none"))
                    .isInstanceOf(ProgramException.class)
                    .hasMessage("Cannot train: its graph has no operation 'none'");
        }
    }
}
