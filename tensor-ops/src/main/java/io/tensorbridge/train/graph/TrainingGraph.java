package io.tensorbridge.train.graph;

import org.tensorflow.op.Ops;

/** A training program under construction. */
public final class TrainingGraph {

    private final Ops tf;

    TrainingGraph(Ops tf) {
        this.tf = tf;
    }

    /** Returns TensorFlow's operations, of the graph under construction. */
    public Ops ops() {
        return tf;
    }
}
