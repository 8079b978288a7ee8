package io.tensorbridge.train.graph;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/** Losses made of TensorFlow's operations that have gradients: each a scalar, the mean over the rows. */
public final class Losses {

    private Losses() {}

    /**
     * How unlikely the right classes are held to be.
     *
     * @param scores {@code [?, classes]}, before a softmax
     * @param label {@code [?]}, the numbers of the classes from 0
     */
    public static Operand<TFloat32> crossEntropy(Ops tf, Operand<TFloat32> scores, Operand<? extends TNumber> label) {
        int classes = Rows.classesOf(scores, label);
        Operand<TFloat32> right =
                tf.oneHot(tf.dtypes.cast(label, TInt64.class), tf.constant(classes), tf.constant(1f), tf.constant(0f));
        return Rows.mean(tf, tf.nn.softmaxCrossEntropyWithLogits(scores, right).loss());
    }

    /**
     * How unlikely it is held to be that something is so, or is not.
     *
     * @param scores {@code [?, …]}, before a sigmoid
     * @param truth 1 for what is so and 0 for what is not, of the same shape
     */
    public static Operand<TFloat32> binaryCrossEntropy(
            Ops tf, Operand<TFloat32> scores, Operand<? extends TNumber> truth) {
        Rows.requireSameShape(scores, truth);
        Operand<TFloat32> so = tf.dtypes.cast(truth, TFloat32.class);
        return Rows.mean(tf, tf.math.sub(tf.math.softplus(scores), tf.math.mul(scores, so)));
    }

    /**
     * The square of what numbers are off by.
     *
     * @param guess {@code [?, …]}
     * @param truth of the same shape
     */
    public static Operand<TFloat32> meanSquaredError(
            Ops tf, Operand<TFloat32> guess, Operand<? extends TNumber> truth) {
        Rows.requireSameShape(guess, truth);
        return Rows.mean(tf, tf.math.squaredDifference(guess, tf.dtypes.cast(truth, TFloat32.class)));
    }

    /**
     * What numbers are off by, either way.
     *
     * @param guess {@code [?, …]}
     * @param truth of the same shape
     */
    public static Operand<TFloat32> meanAbsoluteError(
            Ops tf, Operand<TFloat32> guess, Operand<? extends TNumber> truth) {
        Rows.requireSameShape(guess, truth);
        return Rows.mean(tf, tf.math.abs(tf.math.sub(guess, tf.dtypes.cast(truth, TFloat32.class))));
    }
}
