package io.tensorbridge.train.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.TensorValue;
import io.tensorbridge.train.graph.Perceptron.Batch;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

@ExtendWith(NativeMemoryExtension.class)
class GradientsTest {

    private static final float STEP = 1e-3f;

    /** At a rate of 1, a variable loses its gradient in a step. */
    @ParameterizedTest
    @ValueSource(strings = {"hidden/kernel", "hidden/bias", "out/kernel", "out/bias"})
    void equalNumericDifferences(String variable) {
        TrainingProgram program = Perceptron.program();
        try (Batch batch = Batch.of(16, 3)) {
            Shape shape = program.variables()
                    .get(program.variableNames().indexOf(variable))
                    .shape();
            float[] first;
            float[] gradient;
            try (StepRun run = StepRun.of(program, StepRun.rule(Optimizer.sgd(), 1))) {
                first = run.weights(variable);
                run.step(batch.feeds(), 1);
                gradient = run.weights(variable);
            }
            for (int i = 0; i < first.length; i++) {
                gradient[i] = first[i] - gradient[i];
            }
            for (int i = 0; i < first.length; i += 3) {
                double slope = (loss(program, variable, shape, first, i, STEP, batch)
                                - loss(program, variable, shape, first, i, -STEP, batch))
                        / (2 * STEP);
                assertThat(slope).as("%s[%d]", variable, i).isCloseTo(gradient[i], offset(1e-3));
            }
        }
    }

    private static double loss(
            TrainingProgram program, String variable, Shape shape, float[] values, int at, float step, Batch batch) {
        float[] moved = values.clone();
        moved[at] += step;
        TrainingProgram other = program.startingFrom(Map.of(variable, TensorValue.of(shape, moved)));
        try (StepRun run = StepRun.of(other, StepRun.rule(Optimizer.sgd(), 1))) {
            return run.compute(program.training().loss(), batch.feeds())[0];
        }
    }

    static Stream<Arguments> withoutGradients() {
        return Stream.of(
                refused(
                        t -> {
                            var w = t.variable("w", Initialiser.zeros());
                            t.variable("a", Initialiser.zeros());
                            t.variable("b/c", Initialiser.zeros(), 3);
                            train(t, w);
                        },
                        "Cannot train on this loss: expected a gradient for every variable, found none for 'a', 'b/c'. Use them in the loss, or leave them as they are with frozen(…)"),
                refused(
                        t -> train(t, t.ops().stopGradient(t.variable("stopped", Initialiser.zeros()))),
                        "Cannot train on this loss: expected a gradient for every variable, found none for 'stopped'. Use them in the loss, or leave them as they are with frozen(…)"),
                refused(
                        t -> {
                            var tf = t.ops();
                            var w = t.variable("w", Initialiser.zeros());
                            var chosen = t.variable("chosen", Initialiser.zeros(), 3);
                            train(
                                    t,
                                    tf.math.add(
                                            w, tf.dtypes.cast(tf.math.argMax(chosen, tf.constant(0)), TFloat32.class)));
                        },
                        "Cannot train on this loss: expected a gradient for every variable, found none for 'chosen'. Use them in the loss, or leave them as they are with frozen(…)"),
                refused(
                        t -> {
                            var w = t.variable("w", Initialiser.zeros());
                            train(t, t.ops().withName("beta").math.betainc(w, w, w));
                        },
                        "Cannot train: expected operations that TensorFlow's C++ library has a gradient for between the variables and the loss, found Betainc 'beta'. Compute it by others, or end the gradient there with tf.stopGradient(…)"),
                refused(
                        t -> {
                            var tf = t.ops();
                            var label = t.label("label", TInt32.class, 3);
                            var scores = Layers.dense(t, "out", t.input("x", TFloat32.class, 4), 3);
                            // one more, which is not between the variables and the loss
                            tf.nn.sparseSoftmaxCrossEntropyWithLogits(tf.constant(new float[2][3]), label);
                            t.loss(tf.math.mean(
                                    tf.withName("sparse")
                                            .nn
                                            .sparseSoftmaxCrossEntropyWithLogits(scores, label)
                                            .loss(),
                                    tf.constant(0)));
                            t.output("scores", scores);
                        },
                        "Cannot train: expected operations that TensorFlow's C++ library has a gradient for between the variables and the loss, found SparseSoftmaxCrossEntropyWithLogits 'sparse'. Use Losses.crossEntropy(…), which has one"));
    }

    private static Arguments refused(Consumer<TrainingGraph> body, String message) {
        return Arguments.of(body, message);
    }

    private static void train(TrainingGraph t, Operand<TFloat32> value) {
        var tf = t.ops();
        var x = t.input("x", TFloat32.class);
        t.loss(tf.math.mean(tf.math.squaredDifference(x, value), tf.constant(0)));
        t.output("x", x);
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("withoutGradients")
    void areMissedByName(Consumer<TrainingGraph> body, String message) {
        assertThatThrownBy(() -> TrainingProgram.build(body))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }
}
