package io.tensorbridge.train.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.train.graph.UpdateRule.Wire;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.types.TFloat32;

/** Holds variables to what the program sets them to. */
@ExtendWith(NativeMemoryExtension.class)
class UpdatesTest {

    /** Trains {@code w} as a parabola does, and keeps a moving mean of the rows by which it is watched in use. */
    static TrainingProgram movingMean() {
        return TrainingProgram.build(t -> {
            var tf = t.ops();
            var x = t.input("x", TFloat32.class);
            var w = t.variable("w", Initialiser.constant(5));
            var mean = t.frozen("mean", Initialiser.constant(100));
            var found = tf.math.mean(x, tf.constant(0));
            t.update("mean", tf.math.add(tf.math.mul(mean, tf.constant(0.9f)), tf.math.mul(found, tf.constant(0.1f))));
            t.loss(tf.math.mean(tf.math.squaredDifference(x, w), tf.constant(0)));
            t.metric("mean", t.isTraining() ? found : mean);
            t.output("y", tf.math.sub(x, mean));
        });
    }

    @Test
    void setAVariableAfterEachStep() {
        try (StepRun run = StepRun.of(movingMean(), StepRun.rule(Optimizer.sgd(), 0.1));
                var x = TFloat32.vectorOf(1, 2, 6)) {
            double mean = 100;
            for (int step = 0; step < 5; step++) {
                assertThat(run.step(Map.of("x", x), 0.1)[1]).isEqualTo(3);
                mean = 0.9 * mean + 0.1 * 3;
                assertThat(run.weights("mean")[0]).isCloseTo((float) mean, offset(1e-4f));
            }
        }
    }

    @Test
    void areTheMeanOverTheMicroBatches() {
        var rule = new UpdateRule(
                Optimizer.sgd(),
                LearningRate.constant(0.1),
                /* weightDecay= */ 0,
                Double.POSITIVE_INFINITY,
                Double.POSITIVE_INFINITY,
                /* accumulate= */ 2,
                Wire.FLOAT);
        try (StepRun run = StepRun.of(movingMean(), rule);
                var some = TFloat32.vectorOf(1, 2, 6);
                var other = TFloat32.vectorOf(7)) {
            run.accumulate(Map.of("x", some), 0.75);
            assertThat(run.weights("mean")[0]).isEqualTo(100);
            run.apply(Map.of("x", other), 0.25, 0.1);
            assertThat(run.weights("mean")[0]).isCloseTo(0.9f * 100 + 0.1f * 4, offset(1e-4f));
        }
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void areTheMeanOverTheWorkersAndLoseNothingOnTheWay(Wire wire) {
        var rule = new UpdateRule(
                Optimizer.sgd(),
                LearningRate.constant(0.1),
                /* weightDecay= */ 0,
                Double.POSITIVE_INFINITY,
                Double.POSITIVE_INFINITY,
                /* accumulate= */ 1,
                wire);
        try (StepRun run = StepRun.ofTwins(movingMean(), rule);
                var x = TFloat32.vectorOf(99.9f)) {
            run.apply(Map.of("x", x), 0.5, 0.1);
            // a half would have made 100 of it, and a mean that moves slowly would stand still
            assertThat(run.weights("mean")[0]).isCloseTo(99.99f, offset(1e-4f));
        }
    }

    @Test
    void areNotDoneInUse() {
        try (StepRun run = StepRun.of(movingMean(), StepRun.rule(Optimizer.sgd(), 0.1));
                var x = TFloat32.vectorOf(1, 2, 6)) {
            run.evaluate(Map.of("x", x), 1);
            assertThat(run.total()[1]).isEqualTo(100);
            assertThat(run.weights("mean")[0]).isEqualTo(100);
        }
    }

    @Test
    void areNotDoneIfTheVariableIsFrozen() {
        try (StepRun run = StepRun.of(movingMean().frozen("mean"), StepRun.rule(Optimizer.sgd(), 0.1));
                var x = TFloat32.vectorOf(1, 2, 6)) {
            run.step(Map.of("x", x), 0.1);
            assertThat(run.weights("mean")[0]).isEqualTo(100);
            assertThat(run.weights("w")[0]).isLessThan(5);
        }
    }
}
