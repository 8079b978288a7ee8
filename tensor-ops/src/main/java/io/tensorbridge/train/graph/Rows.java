package io.tensorbridge.train.graph;

import io.tensorbridge.tensor.Shapes;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** What losses and metrics ask of the values of rows. */
final class Rows {

    private Rows() {}

    /** Returns the mean of all elements, which is that over the rows, for all have as many. */
    static Operand<TFloat32> mean(Ops tf, Operand<TFloat32> values) {
        return tf.math.mean(tf.reshape(values, tf.constant(new int[] {-1})), tf.constant(0));
    }

    /** Returns how many classes there are, if each has a score and each row one of them. */
    static int classesOf(Operand<?> scores, Operand<?> label) {
        Shape shape = scores.asOutput().shape();
        if (shape.numDimensions() != 2 || shape.get(1) < 1) {
            throw new IllegalArgumentException(
                    "Cannot compare scores and labels: expected scores of shape [?, classes], found %s. Give a row a score for each class, as Layers.dense(…) does"
                            .formatted(Shapes.describe(shape)));
        }
        if (label.asOutput().shape().numDimensions() != 1) {
            throw new IllegalArgumentException(
                    "Cannot compare scores and labels: expected labels of shape [?], found %s. Give a row the number of its class"
                            .formatted(Shapes.describe(label.asOutput().shape())));
        }
        return Math.toIntExact(shape.get(1));
    }

    /** Refuses what TensorFlow would spread over each other: [?] and [?, 1] make [?, ?]. */
    static void requireSameShape(Operand<?> guess, Operand<?> truth) {
        Shape expected = truth.asOutput().shape();
        Shape found = guess.asOutput().shape();
        if (expected.isUnknown()
                || found.isUnknown()
                || expected.numDimensions() != found.numDimensions()
                || !expected.isCompatibleWith(found)) {
            throw new IllegalArgumentException(
                    "Cannot compare predictions with the truth: expected predictions of its shape %s, found %s. Bring them into one shape with tf.reshape(…)"
                            .formatted(Shapes.describe(expected), Shapes.describe(found)));
        }
    }
}
