package io.tensorbridge.train.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import io.tensorbridge.tensor.NativeMemoryExtension;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.types.TFloat32;

@ExtendWith(NativeMemoryExtension.class)
class InitialiserTest {

    private static TrainingProgram program(Initialiser initialiser, long... shape) {
        return TrainingProgram.build(t -> {
            var tf = t.ops();
            var x = t.input("x", TFloat32.class);
            var first = tf.math.mean(
                    tf.reshape(t.variable("first", initialiser, shape), tf.constant(new int[] {-1})), tf.constant(0));
            var second = tf.math.mean(
                    tf.reshape(t.variable("second", initialiser, shape), tf.constant(new int[] {-1})), tf.constant(0));
            t.loss(tf.math.mul(tf.math.mean(x, tf.constant(0)), tf.math.add(first, second)));
            t.output("x", x);
        });
    }

    static Stream<Arguments> numbers() {
        double he = Math.sqrt(2.0 / (3 * 3 * 40));
        double glorot = Math.sqrt(6.0 / (3 * 3 * 40 + 3 * 3 * 50));
        return Stream.of(
                Arguments.of("he", Initialiser.he(), 0, he, 2 * he / 0.8796),
                Arguments.of("glorot", Initialiser.glorot(), 0, glorot / Math.sqrt(3), glorot),
                Arguments.of("uniform", Initialiser.uniform(2, 5), 3.5, 3 / Math.sqrt(12), 5),
                Arguments.of("truncatedNormal", Initialiser.truncatedNormal(0.1), 0, 0.08796, 0.2),
                Arguments.of("ones", Initialiser.ones(), 1, 0, 1),
                Arguments.of("zeros", Initialiser.zeros(), 0, 0, 0),
                Arguments.of("constant", Initialiser.constant(-3), -3, 0, -3));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("numbers")
    void begins(String name, Initialiser initialiser, double mean, double deviation, double most) {
        try (StepRun run = StepRun.of(program(initialiser, 3, 3, 40, 50), StepRun.rule(Optimizer.sgd(), 1))) {
            float[] values = run.weights("first");
            double sum = 0;
            double squares = 0;
            double largest = Double.NEGATIVE_INFINITY;
            for (float value : values) {
                sum += value;
                squares += (value - mean) * (value - mean);
                largest = Math.max(largest, value);
            }
            double by = Math.max(deviation, 1e-6) * 0.03;
            assertThat(sum / values.length).isCloseTo(mean, offset(by));
            assertThat(Math.sqrt(squares / values.length)).isCloseTo(deviation, offset(by));
            assertThat(largest).isLessThanOrEqualTo(most + 1e-6).isGreaterThan(most - deviation * 0.1 - 1e-6);
        }
    }

    @Test
    void dependsOnTheSeedAndOnTheVariable() {
        StepGraph graph = StepGraph.of(program(Initialiser.he(), 20), StepRun.rule(Optimizer.sgd(), 1), 0, 1, 1);
        try (var one = new StepRun(graph);
                var same = new StepRun(graph);
                var other = new StepRun(graph)) {
            one.initialise(1);
            same.initialise(1);
            other.initialise(2);
            assertThat(one.weights("first")).isEqualTo(same.weights("first"));
            assertThat(one.weights("first")).isNotEqualTo(one.weights("second"));
            assertThat(one.weights("first")).isNotEqualTo(other.weights("first"));
        }
    }
}
