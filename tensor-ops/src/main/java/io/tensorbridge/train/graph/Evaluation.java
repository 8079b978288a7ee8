package io.tensorbridge.train.graph;

import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/** Sums up an evaluation, batch after batch and then over the workers; in doubles, for there may be millions of batches. */
final class Evaluation {

    private final Ops tf;
    private final Collectives collectives;
    private final Slots slots;
    private Operand<TFloat32> total;

    Evaluation(Ops tf, Collectives collectives, Slots slots) {
        this.tf = tf;
        this.collectives = collectives;
        this.slots = slots;
        total = tf.constant(0f);
    }

    /** Adds the weighted numbers of a batch, a vector. */
    Op add(Operand<TFloat32> numbers) {
        Shape shape = numbers.asOutput().shape();
        Operand<TFloat64> zeros = tf.zeros(tf.constant(shape), TFloat64.class);
        Slots.Slot<TFloat64> sum = slots.passing("evaluated", shape, TFloat64.class, zeros);
        Operand<TFloat64> all = collectives.sum(sum.read());
        Op reset = tf.withControlDependencies(all).assignVariableOp(sum.handle(), zeros);
        total = tf.withControlDependencies(reset).dtypes.cast(all, TFloat32.class);
        return tf.assignAddVariableOp(sum.handle(), tf.dtypes.cast(numbers, TFloat64.class));
    }

    /** Returns the sums over all that was added, by all workers; after which they are zero. */
    Operand<TFloat32> total() {
        return total;
    }
}
