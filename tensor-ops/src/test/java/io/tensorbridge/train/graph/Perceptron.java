package io.tensorbridge.train.graph;

import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** A network of two layers, and rows for it: the class is the largest of the first three numbers. */
final class Perceptron {

    static final int WIDTH = 4;
    static final int CLASSES = 3;

    private Perceptron() {}

    static TrainingProgram program() {
        return program(WIDTH, 8, CLASSES);
    }

    static TrainingProgram program(int width, int hidden, int classes) {
        return TrainingProgram.build(t -> {
            var tf = t.ops();
            var x = t.input("x", TFloat32.class, width);
            var label = t.label("label", TInt32.class, classes);
            var scores = Layers.dense(t, "out", tf.nn.relu(Layers.dense(t, "hidden", x, hidden)), classes);
            t.loss(Losses.crossEntropy(tf, scores, label));
            t.metric("accuracy", Metrics.accuracy(tf, scores, label));
            t.output("digit", tf.math.argMax(scores, tf.constant(1)));
        });
    }

    /** Rows that belong to a test, which closes them. */
    static final class Batch implements AutoCloseable {

        private final TFloat32 x;
        private final TInt32 labels;

        private Batch(TFloat32 x, TInt32 labels) {
            this.x = x;
            this.labels = labels;
        }

        /** Makes rows, others for each seed. */
        static Batch of(int rows, int width, int classes, long seed) {
            var random = new Random(seed);
            float[] x = new float[rows * width];
            int[] labels = new int[rows];
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < width; j++) {
                    x[i * width + j] = (float) random.nextGaussian();
                    labels[i] = j < classes && x[i * width + j] > x[i * width + labels[i]] ? j : labels[i];
                }
            }
            return of(x, labels);
        }

        static Batch of(int rows, long seed) {
            return of(rows, WIDTH, CLASSES, seed);
        }

        static Batch of(float[] x, int[] labels) {
            return new Batch(
                    TFloat32.tensorOf(Shape.of(labels.length, x.length / labels.length), DataBuffers.of(x)),
                    TInt32.vectorOf(labels));
        }

        /** Returns the rows from one until another, as a batch of their own. */
        Batch slice(int from, int until) {
            int width = (int) x.shape().get(1);
            float[] values = StepRun.floats(x);
            float[] some = Arrays.copyOfRange(values, from * width, until * width);
            int[] classes = new int[until - from];
            for (int i = from; i < until; i++) {
                classes[i - from] = labels.getInt(i);
            }
            return of(some, classes);
        }

        Map<String, Tensor> feeds() {
            return Map.of("x", x, "label", labels);
        }

        @Override
        public void close() {
            x.close();
            labels.close();
        }
    }
}
