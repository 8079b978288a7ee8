package io.tensorbridge.train.graph;

import java.io.Serializable;

/** How a variable follows its gradient: one of TensorFlow's own operations, with its constants. The rate is not among them. */
public sealed interface Optimizer extends Serializable {

    /** Plain gradient descent. */
    static Optimizer sgd() {
        return new Sgd();
    }

    /** Gradient descent with momentum. */
    static Optimizer momentum(double momentum) {
        return new Momentum(momentum);
    }

    /** Adam with the constants of its paper: 0.9, 0.999 and 1e-7 as Keras has it. */
    static Optimizer adam() {
        return new Adam(0.9, 0.999, 1e-7);
    }

    /** Adagrad, whose accumulators begin with 0.1. */
    static Optimizer adagrad() {
        return new Adagrad(0.1, 1e-7);
    }

    /** RMSProp, with a decay of 0.9 and no momentum. */
    static Optimizer rmsProp() {
        return new RmsProp(0.9, 0.0, 1e-7);
    }

    /** Plain gradient descent. */
    record Sgd() implements Optimizer {}

    /** Gradient descent with momentum: {@code accumulator = momentum * accumulator + gradient}. */
    record Momentum(double momentum) implements Optimizer {}

    /** Adam, after Kingma and Ba, https://arxiv.org/abs/1412.6980. */
    record Adam(double beta1, double beta2, double epsilon) implements Optimizer {}

    /** Adagrad, after Duchi, Hazan and Singer. */
    record Adagrad(double initialAccumulator, double epsilon) implements Optimizer {}

    /** RMSProp, after Hinton. */
    record RmsProp(double decay, double momentum, double epsilon) implements Optimizer {}
}
