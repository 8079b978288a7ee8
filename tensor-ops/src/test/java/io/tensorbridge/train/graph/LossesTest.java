package io.tensorbridge.train.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import io.tensorbridge.tensor.NativeMemoryExtension;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;

/** Holds losses and metrics against their formulas, computed here in doubles. */
@ExtendWith(NativeMemoryExtension.class)
class LossesTest {

    /** Two scores of a row less what is trained, and what is right of each kind. */
    private static float[] train(Body body) {
        TrainingProgram program = TrainingProgram.build(t -> {
            var scores = t.input("scores", TFloat32.class, 2);
            var shift = t.variable("shift", Initialiser.zeros(), 2);
            var moved = t.ops().math.sub(scores, shift);
            var truth = t.input("truth", TUint8.class, 2);
            var label = t.label("label", TInt32.class, 2);
            body.accept(t, moved, truth, label);
            t.output("moved", moved);
        });
        try (StepRun run = StepRun.of(program, StepRun.rule(Optimizer.sgd(), 1));
                var scores = TFloat32.tensorOf(Shape.of(2, 2), DataBuffers.of(2f, -1f, 0.5f, 3f));
                var truth = TUint8.tensorOf(Shape.of(2, 2), DataBuffers.of((byte) 1, (byte) 0, (byte) 1, (byte) 0));
                var label = TInt32.vectorOf(0, 0)) {
            float[] results = run.step(Map.of("scores", scores, "truth", truth, "label", label), 1);
            float[] shift = run.weights("shift");
            return new float[] {results[0], results.length > 1 ? results[1] : Float.NaN, shift[0], shift[1]};
        }
    }

    private interface Body {
        void accept(TrainingGraph t, Operand<TFloat32> scores, Operand<TUint8> truth, Operand<TInt32> label);
    }

    @Test
    void areOfClasses() {
        float[] found = train((t, scores, truth, label) -> {
            t.loss(Losses.crossEntropy(t.ops(), scores, label));
            t.metric("accuracy", Metrics.accuracy(t.ops(), scores, label));
        });
        double first = 1 / (1 + Math.exp(-3)); // of the right class
        double second = 1 / (1 + Math.exp(2.5));
        assertThat(found[0]).isCloseTo((float) (-(Math.log(first) + Math.log(second)) / 2), offset(1e-6f));
        assertThat(found[1]).isEqualTo(0.5f);
        // the gradient by a score is its share less what it should be; what is subtracted follows the other way
        assertThat(found[2]).isCloseTo((float) ((first - 1 + second - 1) / 2), offset(1e-6f));
        assertThat(found[3]).isCloseTo((float) -((first - 1 + second - 1) / 2), offset(1e-6f));
    }

    @Test
    void areOfWhatIsSoOrNot() {
        float[] found = train((t, scores, truth, label) -> {
            t.loss(Losses.binaryCrossEntropy(t.ops(), scores, truth));
            t.metric("accuracy", Metrics.binaryAccuracy(t.ops(), scores, truth));
        });
        double[] shares = {sigmoid(2), sigmoid(-1), sigmoid(0.5), sigmoid(3)};
        double loss = -(Math.log(shares[0]) + Math.log(1 - shares[1]) + Math.log(shares[2]) + Math.log(1 - shares[3]));
        assertThat(found[0]).isCloseTo((float) (loss / 4), offset(1e-6f));
        assertThat(found[1]).isEqualTo(0.75f);
        assertThat(found[2]).isCloseTo((float) ((shares[0] - 1 + shares[2] - 1) / 4), offset(1e-6f));
        assertThat(found[3]).isCloseTo((float) ((shares[1] + shares[3]) / 4), offset(1e-6f));
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    @Test
    void areFiniteForScoresOfAnySize() {
        TrainingProgram program = TrainingProgram.build(t -> {
            var x = t.input("x", TFloat32.class);
            var scores = t.ops().math.mul(x, t.variable("w", Initialiser.ones()));
            t.loss(Losses.binaryCrossEntropy(t.ops(), scores, t.ops().zerosLike(x)));
            t.output("scores", scores);
        });
        try (StepRun run = StepRun.of(program, StepRun.rule(Optimizer.sgd(), 1));
                var x = TFloat32.vectorOf(-1000, 1000)) {
            assertThat(run.step(Map.of("x", x), 0.001)[0]).isEqualTo(500);
            assertThat(run.weights("w")[0]).isCloseTo(0.5f, offset(1e-6f));
        }
    }

    @Test
    void areOfNumbers() {
        float[] found = train((t, scores, truth, label) -> {
            t.loss(Losses.meanSquaredError(t.ops(), scores, truth));
            t.metric("error", Losses.meanAbsoluteError(t.ops(), scores, truth));
        });
        assertThat(found[0]).isCloseTo((1 + 1 + 0.25f + 9) / 4, offset(1e-6f));
        assertThat(found[1]).isCloseTo((1 + 1 + 0.5f + 3) / 4, offset(1e-6f));
        assertThat(found[2]).isCloseTo(2 * (1 - 0.5f) / 4, offset(1e-6f));
        assertThat(found[3]).isCloseTo(2 * (-1 + 3f) / 4, offset(1e-6f));
    }

    @Test
    void areOfAbsoluteNumbers() {
        float[] found = train((t, scores, truth, label) -> t.loss(Losses.meanAbsoluteError(t.ops(), scores, truth)));
        assertThat(found[0]).isCloseTo((1 + 1 + 0.5f + 3) / 4, offset(1e-6f));
        assertThat(found[2]).isEqualTo(0); // one is above and one is below
        assertThat(found[3]).isEqualTo(0);
    }

    static Stream<Arguments> invalid() {
        return Stream.of(
                refused(
                        tf -> Losses.crossEntropy(tf, floats(tf, -1), floats(tf, -1)),
                        "Cannot compare scores and labels: expected scores of shape [?, classes], found [?]. Give a row a score for each class, as Layers.dense(…) does"),
                refused(
                        tf -> Metrics.accuracy(tf, floats(tf, -1, -1), floats(tf, -1)),
                        "Cannot compare scores and labels: expected scores of shape [?, classes], found [?, ?]. Give a row a score for each class, as Layers.dense(…) does"),
                refused(
                        tf -> Losses.crossEntropy(tf, floats(tf, -1, 3), floats(tf, -1, 1)),
                        "Cannot compare scores and labels: expected labels of shape [?], found [?, 1]. Give a row the number of its class"),
                refused(
                        tf -> Losses.meanSquaredError(tf, floats(tf, -1, 1), floats(tf, -1)),
                        "Cannot compare predictions with the truth: expected predictions of its shape [?], found [?, 1]. Bring them into one shape with tf.reshape(…)"),
                refused(
                        tf -> Losses.binaryCrossEntropy(tf, floats(tf, -1, 2), floats(tf, -1, 3)),
                        "Cannot compare predictions with the truth: expected predictions of its shape [?, 3], found [?, 2]. Bring them into one shape with tf.reshape(…)"));
    }

    private static Operand<TFloat32> floats(Ops tf, long... shape) {
        return tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(shape)));
    }

    private static Arguments refused(Consumer<Ops> call, String message) {
        return Arguments.of(call, message);
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("invalid")
    void refuseWhatTheyWouldSpread(Consumer<Ops> call, String message) {
        try (var graph = new Graph()) {
            Ops tf = Ops.create(graph);
            assertThatThrownBy(() -> call.accept(tf))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(message);
        }
    }
}
