package io.tensorbridge.train.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import io.tensorbridge.tensor.NativeMemoryExtension;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TFloat32;

@ExtendWith(NativeMemoryExtension.class)
class DropoutTest {

    private static final int ROWS = 10;
    private static final int WIDTH = 400;
    private static final double RATE = 0.25;

    /** The loss is the mean of what is left of {@code x * w}. */
    private static TrainingProgram program() {
        return TrainingProgram.build(t -> {
            var tf = t.ops();
            var x = t.input("x", TFloat32.class, WIDTH);
            var left = t.dropout(tf.math.mul(x, t.variable("w", Initialiser.ones(), WIDTH)), RATE);
            t.loss(Losses.meanAbsoluteError(tf, left, tf.zerosLike(left)));
            t.metric("again", Losses.meanAbsoluteError(tf, t.dropout(x, RATE), tf.zerosLike(x)));
            t.output("left", left);
        });
    }

    private static TFloat32 ones() {
        float[] values = new float[ROWS * WIDTH];
        Arrays.fill(values, 1);
        return TFloat32.tensorOf(Shape.of(ROWS, WIDTH), DataBuffers.of(values));
    }

    @Test
    void dropsAShareAndKeepsTheMean() {
        try (StepRun run = StepRun.of(program(), StepRun.rule(Optimizer.sgd(), 1));
                TFloat32 x = ones()) {
            float[] means = run.step(Map.of("x", x), 0);
            assertThat(means[0]).isCloseTo(1, offset(0.05f)).isNotEqualTo(1);
            assertThat(means[1]).isCloseTo(1, offset(0.05f)).isNotEqualTo(means[0]);
        }
    }

    @Test
    void dropsOthersInEachStepAndTheSameInEachRun() {
        try (StepRun one = StepRun.of(program(), StepRun.rule(Optimizer.sgd(), 1));
                StepRun two = StepRun.of(program(), StepRun.rule(Optimizer.sgd(), 1));
                TFloat32 x = ones()) {
            float[] first = one.step(Map.of("x", x), 0);
            float[] second = one.step(Map.of("x", x), 0);
            assertThat(second).isNotEqualTo(first);
            assertThat(two.step(Map.of("x", x), 0)).isEqualTo(first);
            assertThat(two.step(Map.of("x", x), 0)).isEqualTo(second);
        }
    }

    @Test
    void letsNoGradientThroughWhatIsDropped() {
        try (StepRun run = StepRun.of(program(), StepRun.rule(Optimizer.sgd(), 1));
                TFloat32 x = ones()) {
            float mean = run.step(Map.of("x", x), 1)[0];
            // a weight loses its share of the mean for each row in which it was left
            double lost = 0;
            for (float weight : run.weights("w")) {
                lost += 1 - weight;
                assertThat(Math.IEEEremainder((1 - weight) * WIDTH * ROWS * (1 - RATE), 1))
                        .isCloseTo(0, offset(0.01));
            }
            assertThat(lost).isCloseTo(mean, offset(1e-3));
        }
    }

    @Test
    void dropsNothingInUse() {
        try (StepRun run = StepRun.of(program(), StepRun.rule(Optimizer.sgd(), 1));
                TFloat32 x = ones()) {
            run.evaluate(Map.of("x", x), 1);
            assertThat(run.total()).containsExactly(1, 1);
            assertThat(run.compute(program().outputs().get(0).tensor(), Map.of("x", x)))
                    .containsOnly(1);
        }
    }
}
