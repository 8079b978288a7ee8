package io.tensorbridge.train.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.TensorValue;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

@ExtendWith(NativeMemoryExtension.class)
class LayersTest {

    private static float[] output(TrainingProgram program, float[] x, long... shape) {
        try (StepRun run = StepRun.of(program, StepRun.rule(Optimizer.sgd(), 1));
                var fed = TFloat32.tensorOf(Shape.of(shape), DataBuffers.of(x))) {
            return run.compute(program.outputs().get(0).tensor(), Map.of("x", fed));
        }
    }

    @Test
    void sumWithWeights() {
        TrainingProgram program = TrainingProgram.build(t -> {
                    var y = Layers.dense(t, "sum", t.input("x", TFloat32.class, 3), 2);
                    t.loss(Losses.meanSquaredError(t.ops(), y, t.ops().zerosLike(y)));
                    t.output("y", y);
                })
                .startingFrom(Map.of(
                        "sum/kernel", TensorValue.of(Shape.of(3, 2), 1f, 2, 3, 4, 5, 6),
                        "sum/bias", TensorValue.of(Shape.of(2), 0.5f, -0.5f)));
        assertThat(output(program, new float[] {1, 10, 100, 0, 0, 1}, 2, 3))
                .containsExactly(531.5f, 641.5f, 5.5f, 5.5f);
    }

    @Test
    void sumThePixelsAround() {
        TrainingProgram program = TrainingProgram.build(t -> {
                    var y = Layers.conv2d(t, "blur", t.input("x", TFloat32.class, 3, 3, 1), 1, 3);
                    t.loss(Losses.meanSquaredError(t.ops(), y, t.ops().zerosLike(y)));
                    t.output("y", y);
                })
                .startingFrom(Map.of(
                        "blur/kernel", TensorValue.of(Shape.of(3, 3, 1, 1), 1f, 1, 1, 1, 1, 1, 1, 1, 1),
                        "blur/bias", TensorValue.of(Shape.of(1), 0.5f)));
        assertThat(output(program, new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9}, 1, 3, 3, 1))
                .containsExactly(12.5f, 21.5f, 16.5f, 27.5f, 45.5f, 33.5f, 24.5f, 39.5f, 28.5f);
    }

    @Test
    void takeTheLargestOfASquareAndMakeVectors() {
        TrainingProgram program = TrainingProgram.build(t -> {
            var x = t.input("x", TFloat32.class, 4, 5, 1);
            var y = Layers.flatten(t, Layers.maxPool(t, x, 2));
            assertThat(y.asOutput().shape().get(1)).isEqualTo(4);
            t.loss(Losses.meanSquaredError(
                    t.ops(),
                    t.ops().math.mul(y, t.variable("w", Initialiser.ones())),
                    t.ops().zerosLike(y)));
            t.output("y", y);
        });
        float[] x = new float[20];
        for (int i = 0; i < x.length; i++) {
            x[i] = i;
        }
        assertThat(output(program, x, 1, 4, 5, 1)).containsExactly(6, 8, 16, 18);
    }

    @Test
    void learnToTellBarsThatLieFromBarsThatStand() {
        TrainingProgram program = TrainingProgram.build(t -> {
            var tf = t.ops();
            var x = t.input("x", TFloat32.class, 8, 8, 1);
            var label = t.label("label", TInt32.class, 2);
            var features = Layers.maxPool(t, tf.nn.relu(Layers.conv2d(t, "edges", x, 4, 3)), 2);
            var hidden = t.dropout(Layers.flatten(t, features), 0.2);
            var scores = Layers.dense(t, "out", hidden, 2);
            t.loss(Losses.crossEntropy(tf, scores, label));
            t.metric("accuracy", Metrics.accuracy(tf, scores, label));
            t.output("class", tf.math.argMax(scores, tf.constant(1)));
        });
        float[] pictures = new float[16 * 64];
        int[] labels = new int[16];
        for (int i = 0; i < 16; i++) {
            labels[i] = i % 2;
            for (int j = 0; j < 8; j++) {
                pictures[i * 64 + (i % 2 == 0 ? i / 2 * 8 + j : j * 8 + i / 2)] = 1;
            }
        }
        try (StepRun run = StepRun.of(program, StepRun.rule(Optimizer.adam(), 0.02));
                var x = TFloat32.tensorOf(Shape.of(16, 8, 8, 1), DataBuffers.of(pictures));
                var label = TInt32.vectorOf(labels)) {
            for (int step = 0; step < 60; step++) {
                run.step(Map.of("x", x, "label", label), 0.02);
            }
            run.evaluate(Map.of("x", x, "label", label), 1);
            assertThat(run.total()[1]).isEqualTo(1);
        }
    }

    static Stream<Arguments> invalid() {
        return Stream.of(
                refused(
                        (t, x) -> Layers.dense(t, "sum", x, 2),
                        "Cannot add layer dense 'sum': expected values of shape [?, n] with n known, found [?, ?, 3]"),
                refused(
                        (t, x) -> Layers.conv2d(t, "blur", x, 2, 3),
                        "Cannot add layer conv2d 'blur': expected values of shape [?, height, width, n] with n known, found [?, ?, 3]"),
                refused(
                        (t, x) -> Layers.flatten(t, x),
                        "Cannot add layer flatten: expected values of shape [?, …] with a cell of known shape, found [?, ?, 3]"),
                refused((t, x) -> Layers.dense(t, "sum", x, 0), "Invalid number of units: must be positive, found 0"),
                refused(
                        (t, x) -> Layers.conv2d(t, "blur", x, -1, 3),
                        "Invalid number of filters: must be positive, found -1"),
                refused(
                        (t, x) -> Layers.conv2d(t, "blur", x, 1, 0),
                        "Invalid size of a filter: must be positive, found 0"),
                refused(
                        (t, x) -> Layers.maxPool(t, x, 0),
                        "Invalid size of a square of pixels: must be positive, found 0"));
    }

    private static Arguments refused(BiConsumer<TrainingGraph, Operand<TFloat32>> call, String message) {
        return Arguments.of(call, message);
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("invalid")
    void refuseWhatTheyCannotTake(BiConsumer<TrainingGraph, Operand<TFloat32>> call, String message) {
        assertThatThrownBy(() -> TrainingProgram.build(t ->
                        call.accept(t, t.ops().placeholder(TFloat32.class, Placeholder.shape(Shape.of(-1, -1, 3))))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }
}
