package io.tensorbridge.train.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.train.graph.Perceptron.Batch;
import io.tensorbridge.train.graph.UpdateRule.Wire;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.types.TFloat32;

@ExtendWith(NativeMemoryExtension.class)
class StepGraphTest {

    private static final double NONE = Double.POSITIVE_INFINITY;
    private static final double RATE = 0.1;

    private static UpdateRule rule(double weightDecay, double clipValue, double clipNorm, int accumulate, Wire wire) {
        return new UpdateRule(
                Optimizer.sgd(), LearningRate.constant(RATE), weightDecay, clipValue, clipNorm, accumulate, wire);
    }

    private static UpdateRule accumulating(int microBatches) {
        return rule(0, NONE, NONE, microBatches, Wire.FLOAT);
    }

    private static List<float[]> weights(StepRun run) {
        return run.graph().names().stream().map(run::weights).toList();
    }

    private static void assertNear(List<float[]> found, List<float[]> expected, float by) {
        for (int i = 0; i < expected.size(); i++) {
            assertThat(found.get(i)).as("variable %d", i).containsExactly(expected.get(i), offset(by));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 8})
    void takesTheStepOfALargeBatchOverItsMicroBatches(int parts) {
        try (Batch all = Batch.of(24, 5);
                StepRun whole = StepRun.of(Perceptron.program(), accumulating(1));
                StepRun pieces = StepRun.of(Perceptron.program(), accumulating(parts))) {
            for (int step = 0; step < 3; step++) {
                float[] expected = whole.step(all.feeds(), RATE);
                float[] found = {};
                for (int i = 0; i < parts; i++) {
                    // of unequal sizes: the last is the largest
                    int from = i * 2;
                    int until = i == parts - 1 ? 24 : from + 2;
                    try (Batch some = all.slice(from, until)) {
                        if (i < parts - 1) {
                            pieces.accumulate(some.feeds(), 2 / 24.0);
                        } else {
                            found = pieces.apply(some.feeds(), (until - from) / 24.0, RATE);
                        }
                    }
                }
                assertThat(found).containsExactly(expected, offset(1e-6f));
            }
            assertNear(weights(pieces), weights(whole), 1e-6f);
        }
    }

    @Test
    void takesNoNoticeOfRowsWithoutWeight() {
        float[] nothing = new float[Perceptron.WIDTH];
        Arrays.fill(nothing, Float.NaN);
        try (Batch all = Batch.of(6, 5);
                Batch none = Batch.of(nothing, new int[] {0});
                StepRun expected = StepRun.of(Perceptron.program(), accumulating(1));
                StepRun found = StepRun.of(Perceptron.program(), accumulating(3))) {
            float[] results = expected.step(all.feeds(), RATE);
            found.accumulate(none.feeds(), 0);
            found.accumulate(all.feeds(), 1);
            assertThat(found.apply(none.feeds(), 0, RATE)).containsExactly(results, offset(1e-6f));
            assertNear(weights(found), weights(expected), 1e-6f);
        }
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void takesNoNoticeOfAWorkerWithoutWeight(Wire wire) {
        float[] nothing = new float[Perceptron.WIDTH];
        Arrays.fill(nothing, Float.NaN);
        try (Batch none = Batch.of(nothing, new int[] {0});
                StepRun run = StepRun.ofTwins(Perceptron.program(), rule(0, NONE, NONE, 1, wire))) {
            List<float[]> first = weights(run);
            assertThat(run.apply(none.feeds(), 0, RATE)).containsExactly(0, 0);
            assertNear(weights(run), first, 0);
        }
    }

    @Test
    void saysThatALossIsNoNumber() {
        float[] nothing = new float[Perceptron.WIDTH];
        Arrays.fill(nothing, Float.NaN);
        try (Batch none = Batch.of(nothing, new int[] {0});
                StepRun run = StepRun.of(Perceptron.program(), accumulating(1))) {
            assertThat(run.step(none.feeds(), RATE)[0]).isNaN();
        }
    }

    @Test
    void takesTheStepOfOneWorkerWithTwo() {
        try (Batch all = Batch.of(24, 5);
                StepRun one = StepRun.of(Perceptron.program(), accumulating(1));
                StepRun two = StepRun.ofTwins(Perceptron.program(), accumulating(1))) {
            for (int step = 0; step < 3; step++) {
                float[] expected = one.step(all.feeds(), RATE);
                assertThat(two.apply(all.feeds(), 0.5, RATE)).containsExactly(expected, offset(1e-6f));
            }
            assertNear(weights(two), weights(one), 1e-6f);
        }
    }

    @Test
    void takesNearlyThatStepWithHalvesOnTheWire() {
        try (Batch all = Batch.of(24, 5);
                StepRun one = StepRun.of(Perceptron.program(), accumulating(1));
                StepRun two = StepRun.ofTwins(Perceptron.program(), rule(0, NONE, NONE, 1, Wire.HALF))) {
            List<float[]> first = weights(one);
            float[] expected = one.step(all.feeds(), RATE);
            float[] found = two.apply(all.feeds(), 0.5, RATE);
            // the loss loses nothing, the gradients their last digits
            assertThat(found).containsExactly(expected, offset(1e-6f));
            assertNear(weights(two), weights(one), 1e-4f);
            assertThat(weights(two).get(0)).isNotEqualTo(weights(one).get(0));
            assertThat(weights(two).get(0)).isNotEqualTo(first.get(0));
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {1e-7f, 3e-5f, 1, 1_234.567f, 70_000, 9.87e6f, 4e10f})
    void sendsALossOfAnySizeInHalves(float size) {
        TrainingProgram program = TrainingProgram.build(t -> {
            var tf = t.ops();
            var x = t.input("x", TFloat32.class);
            var w = t.variable("w", Initialiser.zeros());
            t.loss(tf.math.mean(tf.math.add(x, tf.math.mul(w, tf.constant(0.001f))), tf.constant(0)));
            t.output("x", x);
        });
        try (StepRun run = StepRun.ofTwins(program, rule(0, NONE, NONE, 1, Wire.HALF));
                var x = TFloat32.vectorOf(size)) {
            assertThat(run.apply(Map.of("x", x), 0.5, RATE)[0]).isCloseTo(size, offset(size * 1e-5f + 1e-10f));
        }
    }

    @Test
    void clipsEachValue() {
        try (var x = TFloat32.vectorOf(1, 2, 6);
                StepRun run = StepRun.of(OptimizersTest.parabola(), rule(0, 0.5, NONE, 1, Wire.FLOAT))) {
            run.step(Map.of("x", x), RATE); // a gradient of 4
            assertThat(run.weights("w")[0]).isCloseTo((float) (5 - RATE * 0.5), offset(1e-6f));
        }
    }

    @Test
    void clipsTheNormOfAllGradientsTogether() {
        try (Batch all = Batch.of(24, 5);
                StepRun free = StepRun.of(Perceptron.program(), accumulating(1));
                StepRun loose = StepRun.of(Perceptron.program(), rule(0, NONE, 1e6, 1, Wire.FLOAT));
                StepRun clipped = StepRun.of(Perceptron.program(), rule(0, NONE, 0.01, 1, Wire.FLOAT))) {
            List<float[]> first = weights(free);
            free.step(all.feeds(), RATE);
            loose.step(all.feeds(), RATE);
            clipped.step(all.feeds(), RATE);
            assertNear(weights(loose), weights(free), 0);
            assertThat(norm(first, weights(free))).isGreaterThan(0.05);
            assertThat(norm(first, weights(clipped))).isCloseTo(RATE * 0.01, offset(1e-6));
            // all of them by the same
            double ratio = norm(first, weights(clipped)) / norm(first, weights(free));
            assertThat(norm(first.subList(0, 1), weights(clipped)) / norm(first.subList(0, 1), weights(free)))
                    .isCloseTo(ratio, offset(1e-3));
        }
    }

    private static double norm(List<float[]> first, List<float[]> last) {
        double sum = 0;
        for (int i = 0; i < first.size(); i++) {
            for (int j = 0; j < first.get(i).length; j++) {
                sum += Math.pow(first.get(i)[j] - last.get(i)[j], 2);
            }
        }
        return Math.sqrt(sum);
    }

    @Test
    void clipsWhatAllMicroBatchesMakeTogether() {
        try (var low = TFloat32.vectorOf(1);
                var high = TFloat32.vectorOf(8.9f);
                StepRun run = StepRun.of(OptimizersTest.parabola(), rule(0, 0.5, NONE, 2, Wire.FLOAT))) {
            // gradients of 8 and -7.8, whose mean is 0.1
            run.accumulate(Map.of("x", low), 0.5);
            run.apply(Map.of("x", high), 0.5, RATE);
            assertThat(run.weights("w")[0]).isCloseTo((float) (5 - RATE * 0.1), offset(1e-6f));
        }
    }

    @ParameterizedTest
    @MethodSource("io.tensorbridge.train.graph.OptimizersTest#optimizers")
    void letsWeightsDecayByThemselves(Optimizer optimizer, Object ignored) {
        var decaying = new UpdateRule(
                optimizer, LearningRate.constant(RATE), 0.2, NONE, NONE, /* accumulate= */ 1, Wire.FLOAT);
        try (var x = TFloat32.vectorOf(1, 2, 6);
                StepRun without = StepRun.of(OptimizersTest.parabola(), StepRun.rule(optimizer, RATE));
                StepRun with = StepRun.of(OptimizersTest.parabola(), decaying)) {
            without.step(Map.of("x", x), RATE);
            with.step(Map.of("x", x), RATE);
            // as AdamW has it: the gradient is that before the decay
            assertThat(with.weights("w")[0])
                    .isCloseTo((float) (without.weights("w")[0] - RATE * 0.2 * 5), offset(1e-5f));
        }
    }

    @Test
    void leavesFrozenVariablesAsTheyAre() {
        TrainingProgram program = Perceptron.program().frozen("hidden/.*");
        try (Batch all = Batch.of(24, 5);
                StepRun run = StepRun.of(program, rule(0.1, NONE, NONE, 1, Wire.FLOAT))) {
            List<float[]> first = weights(run);
            run.step(all.feeds(), RATE);
            assertNear(weights(run).subList(0, 2), first.subList(0, 2), 0);
            assertThat(run.weights("out/kernel")).isNotEqualTo(first.get(2));
        }
    }

    @Test
    void sumsUpAnEvaluation() {
        try (Batch all = Batch.of(24, 5);
                Batch some = all.slice(0, 10);
                Batch others = all.slice(10, 24);
                StepRun run = StepRun.of(Perceptron.program(), accumulating(1))) {
            var objective = Perceptron.program().training();
            float[] expected = {
                run.compute(objective.loss(), all.feeds())[0],
                run.compute(objective.metrics().get(0).tensor(), all.feeds())[0]
            };
            for (int i = 0; i < 2; i++) {
                run.evaluate(some.feeds(), 10 / 24.0);
                run.evaluate(others.feeds(), 14 / 24.0);
                assertThat(run.total()).containsExactly(expected, offset(1e-6f));
            }
            assertThat(run.total()).containsExactly(0, 0);
        }
    }

    @Test
    void sumsUpAnEvaluationOverTheWorkers() {
        try (Batch all = Batch.of(24, 5);
                StepRun one = StepRun.of(Perceptron.program(), accumulating(1));
                StepRun two = StepRun.ofTwins(Perceptron.program(), accumulating(1))) {
            one.evaluate(all.feeds(), 1);
            two.evaluate(all.feeds(), 0.5);
            assertThat(two.total()).containsExactly(one.total(), offset(1e-6f));
        }
    }

    @ParameterizedTest
    @MethodSource("io.tensorbridge.train.graph.OptimizersTest#optimizers")
    void goesOnFromAFileAsIfItHadNotStopped(Optimizer optimizer, Object ignored, @TempDir Path directory) {
        TrainingProgram program = Perceptron.program();
        String file = directory.resolve("all").toString();
        try (Batch batch = Batch.of(24, 5);
                StepRun run = StepRun.of(program, StepRun.rule(optimizer, RATE));
                StepRun resumed = StepRun.of(program, StepRun.rule(optimizer, RATE))) {
            for (int step = 0; step < 3; step++) {
                run.step(batch.feeds(), RATE);
            }
            run.file(run.graph().targets().saving().save(), file);
            resumed.file(resumed.graph().targets().saving().restore(), file);
            resumed.goOnAfter(3);
            for (int step = 0; step < 3; step++) {
                assertThat(resumed.step(batch.feeds(), RATE)).isEqualTo(run.step(batch.feeds(), RATE));
            }
            assertNear(weights(resumed), weights(run), 0);
        }
    }

    @Test
    void savesTheWeightsAloneUnderTheirNames(@TempDir Path directory) {
        TrainingProgram program = Perceptron.program();
        String file = directory.resolve("weights").toString();
        try (Batch batch = Batch.of(24, 5);
                StepRun run = StepRun.of(program, StepRun.rule(Optimizer.adam(), RATE));
                StepRun other = StepRun.of(program, StepRun.rule(Optimizer.sgd(), RATE))) {
            run.step(batch.feeds(), RATE);
            run.file(run.graph().targets().saving().saveWeights(), file);
            other.file(other.graph().targets().saving().restoreWeights(), file);
            assertNear(weights(other), weights(run), 0);
        }
    }

    @Test
    void keepsTheBestBeside(@TempDir Path directory) {
        TrainingProgram program = Perceptron.program();
        String file = directory.resolve("best").toString();
        try (Batch batch = Batch.of(24, 5);
                StepRun run = StepRun.of(program, StepRun.rule(Optimizer.adam(), RATE));
                StepRun other = StepRun.of(program, StepRun.rule(Optimizer.adam(), RATE))) {
            run.step(batch.feeds(), RATE);
            List<float[]> best = weights(run);
            run.target(run.graph().targets().best().keep());
            run.step(batch.feeds(), RATE);
            assertThat(weights(run).get(0)).isNotEqualTo(best.get(0));

            run.file(run.graph().targets().best().save(), file);
            other.file(other.graph().targets().best().restore(), file);
            other.target(other.graph().targets().best().take());
            assertNear(weights(other), best, 0);

            run.target(run.graph().targets().best().take());
            assertNear(weights(run), best, 0);
            run.step(batch.feeds(), RATE); // what was kept is no part of what is trained
            run.target(run.graph().targets().best().take());
            assertNear(weights(run), best, 0);
        }
    }

    /** Variables that are read while they are written make such a network diverge at once. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void doesNotRaceWithItself(int seed) {
        ConfigProto threads =
                ConfigProto.newBuilder().setInterOpParallelismThreads(4).build();
        TrainingProgram program = Perceptron.program(784, 128, 10);
        StepGraph graph = StepGraph.of(program, accumulating(1), 0, 1, 1);
        try (Batch batch = Batch.of(128, 784, 10, seed);
                StepRun run = new StepRun(graph, threads);
                StepRun alone = new StepRun(
                        graph,
                        ConfigProto.newBuilder()
                                .setInterOpParallelismThreads(-1)
                                .build())) {
            run.initialise(seed);
            alone.initialise(seed);
            float[] found = {};
            float[] expected = {};
            for (int step = 0; step < 40; step++) {
                found = run.step(batch.feeds(), RATE);
                expected = alone.step(batch.feeds(), RATE);
            }
            assertThat(found).containsExactly(expected, offset(1e-3f));
            assertThat(found[0]).isLessThan(1);
        }
    }

    @Test
    void standsOnItsWorkerWithOneSumForAllOfAStep() {
        StepGraph graph = StepGraph.of(Perceptron.program(), accumulating(2), 1, 3, 1000.5);
        Set<String> devices = new TreeSet<>();
        graph.graphDef().getNodeList().forEach(node -> devices.add(node.getDevice()));
        assertThat(devices).containsExactly("/job:worker/task:1/device:CPU:0");
        List<NodeDef> sums = sums(graph);
        assertThat(sums).hasSize(3); // of a step, of an evaluation, and to meet
        assertThat(sums)
                .extracting(node -> node.getAttrOrThrow("instance_key").getI())
                .doesNotHaveDuplicates();
        assertThat(sums).allSatisfy(node -> {
            assertThat(node.getAttrOrThrow("group_size").getI()).isEqualTo(3);
            assertThat(node.getAttrOrThrow("timeout_seconds").getF()).isEqualTo(1000.5f);
            assertThat(node.getAttrOrThrow("merge_op").getS().toStringUtf8()).isEqualTo("Add");
            assertThat(node.getAttrOrThrow("final_op").getS().toStringUtf8()).isEqualTo("Id");
        });
    }

    @Test
    void isTheSameOnEveryWorkerButForItsPlace() {
        StepGraph first = StepGraph.of(Perceptron.program(), accumulating(2), 0, 2, 1);
        StepGraph second = StepGraph.of(Perceptron.program(), accumulating(2), 1, 2, 1);
        assertThat(second.graphDef().toString().replace("task:1", "task:0"))
                .isEqualTo(first.graphDef().toString());
        assertThat(second.feeds()).isEqualTo(first.feeds());
        assertThat(second.targets()).isEqualTo(first.targets());
    }

    @Test
    void hasNoSumAndNoPlaceAlone() {
        StepGraph graph = StepGraph.of(Perceptron.program(), accumulating(1), 0, 1, 1);
        assertThat(sums(graph)).isEmpty();
        assertThat(graph.graphDef().getNodeList())
                .allSatisfy(node -> assertThat(node.getDevice()).isEmpty());
    }

    private static List<NodeDef> sums(StepGraph graph) {
        return graph.graphDef().getNodeList().stream()
                .filter(node -> node.getOp().equals("CollectiveReduce"))
                .toList();
    }
}
