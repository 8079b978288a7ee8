package io.tensorbridge.train.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import io.tensorbridge.tensor.NativeMemoryExtension;
import java.util.Map;
import java.util.function.DoubleBinaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.types.TFloat32;

/** Holds each optimizer against its formula, computed here in doubles. */
@ExtendWith(NativeMemoryExtension.class)
class OptimizersTest {

    private static final double RATE = 0.1;

    /** A formula: gets the gradient and how many steps there were, and returns what is taken off the variable. */
    private interface Formula {
        DoubleBinaryOperator begin();
    }

    static Stream<Arguments> optimizers() {
        return Stream.of(
                formula(Optimizer.sgd(), () -> (gradient, step) -> RATE * gradient),
                formula(Optimizer.momentum(0.9), () -> {
                    double[] velocity = {0};
                    return (gradient, step) -> {
                        velocity[0] = 0.9 * velocity[0] - RATE * gradient;
                        return -velocity[0];
                    };
                }),
                formula(Optimizer.nesterov(0.9), () -> {
                    double[] velocity = {0};
                    return (gradient, step) -> {
                        velocity[0] = 0.9 * velocity[0] - RATE * gradient;
                        return RATE * gradient - 0.9 * velocity[0];
                    };
                }),
                formula(Optimizer.adam(), () -> {
                    double[] moments = {0, 0};
                    return (gradient, step) -> {
                        moments[0] = 0.9 * moments[0] + 0.1 * gradient;
                        moments[1] = 0.999 * moments[1] + 0.001 * gradient * gradient;
                        double rate = RATE * Math.sqrt(1 - Math.pow(0.999, step + 1)) / (1 - Math.pow(0.9, step + 1));
                        return rate * moments[0] / (Math.sqrt(moments[1]) + 1e-7);
                    };
                }),
                formula(Optimizer.adagrad(), () -> {
                    double[] sum = {0.1};
                    return (gradient, step) -> {
                        sum[0] += gradient * gradient;
                        return RATE * gradient / (Math.sqrt(sum[0]) + 1e-7);
                    };
                }),
                formula(Optimizer.rmsProp(), () -> {
                    double[] mean = {0};
                    return (gradient, step) -> {
                        mean[0] = 0.9 * mean[0] + 0.1 * gradient * gradient;
                        return RATE * gradient / Math.sqrt(mean[0] + 1e-7);
                    };
                }),
                formula(new Optimizer.RmsProp(0.8, 0.5, 1e-3), () -> {
                    double[] state = {0, 0};
                    return (gradient, step) -> {
                        state[0] = 0.8 * state[0] + 0.2 * gradient * gradient;
                        state[1] = 0.5 * state[1] + RATE * gradient / Math.sqrt(state[0] + 1e-3);
                        return state[1];
                    };
                }));
    }

    private static Arguments formula(Optimizer optimizer, Formula formula) {
        return Arguments.of(optimizer, formula);
    }

    /** The loss {@code mean((w - x)²)}, whose gradient is {@code 2 (w - mean(x))}. */
    static TrainingProgram parabola() {
        return TrainingProgram.build(t -> {
            var tf = t.ops();
            var x = t.input("x", TFloat32.class);
            var w = t.variable("w", Initialiser.constant(5));
            t.loss(tf.math.mean(tf.math.squaredDifference(x, w), tf.constant(0)));
            t.output("w", w);
        });
    }

    @ParameterizedTest
    @MethodSource("optimizers")
    void followTheirFormulas(Optimizer optimizer, Formula formula) {
        DoubleBinaryOperator lost = formula.begin();
        double w = 5;
        try (StepRun run = StepRun.of(parabola(), StepRun.rule(optimizer, RATE));
                var x = TFloat32.vectorOf(1, 2, 6)) {
            for (int step = 0; step < 5; step++) {
                float loss = run.step(Map.of("x", x), RATE)[0];
                assertThat(loss)
                        .isCloseTo(
                                (float) ((Math.pow(w - 1, 2) + Math.pow(w - 2, 2) + Math.pow(w - 6, 2)) / 3),
                                offset(1e-4f));
                w -= lost.applyAsDouble(2 * (w - 3), step);
                assertThat(run.weights("w")[0]).as("step %d", step).isCloseTo((float) w, offset(1e-5f));
            }
        }
    }
}
