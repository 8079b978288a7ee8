package io.tensorbridge.train.graph;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/** Numbers to watch: each a scalar, the mean over the rows. The {@link Losses} may be watched too. */
public final class Metrics {

    private Metrics() {}

    /**
     * The share of rows whose right class has the highest score.
     *
     * @param scores {@code [?, classes]}, before or after a softmax
     * @param label {@code [?]}, the numbers of the classes from 0
     */
    public static Operand<TFloat32> accuracy(Ops tf, Operand<TFloat32> scores, Operand<? extends TNumber> label) {
        Rows.classesOf(scores, label);
        Operand<TInt64> guess = tf.math.argMax(scores, tf.constant(1));
        return Rows.mean(tf, tf.dtypes.cast(tf.math.equal(guess, tf.dtypes.cast(label, TInt64.class)), TFloat32.class));
    }

    /**
     * The share of what is so and has a score above 0, or is not and has none.
     *
     * @param scores {@code [?, …]}, before a sigmoid
     * @param truth 1 for what is so and 0 for what is not, of the same shape
     */
    public static Operand<TFloat32> binaryAccuracy(Ops tf, Operand<TFloat32> scores, Operand<? extends TNumber> truth) {
        Rows.requireSameShape(scores, truth);
        Operand<TFloat32> guess = tf.dtypes.cast(tf.math.greater(scores, tf.constant(0f)), TFloat32.class);
        return Rows.mean(
                tf, tf.dtypes.cast(tf.math.equal(guess, tf.dtypes.cast(truth, TFloat32.class)), TFloat32.class));
    }
}
