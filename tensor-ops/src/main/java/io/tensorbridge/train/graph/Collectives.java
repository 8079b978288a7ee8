package io.tensorbridge.train.graph;

import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TNumber;

/** Sums over all workers, by TensorFlow's own collectives. One worker is its own sum. */
final class Collectives {

    private static final long GROUP = 1;
    private static final double START_SECONDS = 110; // processes may start one after the other

    private final Ops tf;
    private final int workers;
    private final double timeoutSeconds;
    private long instances;

    Collectives(Ops tf, int workers, double timeoutSeconds) {
        this.tf = tf;
        this.workers = workers;
        this.timeoutSeconds = timeoutSeconds;
    }

    boolean areThere() {
        return workers > 1;
    }

    /** Waits until all workers have come so far, for longer than they wait in a step. */
    Op meet() {
        return tf.withControlDependencies(sum(tf.constant(0f), Math.max(timeoutSeconds, START_SECONDS)))
                .noOp();
    }

    /** Sums a tensor, whose shape must be known, with those of the other workers. */
    <T extends TNumber> Operand<T> sum(Operand<T> value) {
        return sum(value, timeoutSeconds);
    }

    private <T extends TNumber> Operand<T> sum(Operand<T> value, double seconds) {
        if (!areThere()) {
            return value;
        }
        return tf.scope()
                .opBuilder("CollectiveReduce", "sum")
                .addInput(value.asOutput())
                .setAttr("group_size", (long) workers)
                .setAttr("group_key", GROUP)
                .setAttr("instance_key", ++instances)
                .setAttr("merge_op", "Add")
                .setAttr("final_op", "Id")
                .setAttr("subdiv_offsets", new long[] {0})
                .setAttr("timeout_seconds", (float) seconds)
                .build()
                .output(0);
    }
}
