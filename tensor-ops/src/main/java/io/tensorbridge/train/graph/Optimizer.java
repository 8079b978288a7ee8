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

    /** Gradient descent with momentum that looks ahead, after Nesterov. */
    static Optimizer nesterov(double momentum) {
        return new Nesterov(momentum);
    }

    /** Adam with the constants of its paper, 0.9 and 0.999, and 1e-7 as Keras has it. */
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

    /** {@code w -= rate * gradient}. */
    record Sgd() implements Optimizer {}

    /** {@code velocity = momentum * velocity - rate * gradient; w += velocity}, as Keras has it. */
    record Momentum(double momentum) implements Optimizer {

        public Momentum {
            Checked.share("momentum", momentum);
        }
    }

    /** {@code velocity = momentum * velocity - rate * gradient; w += momentum * velocity - rate * gradient}, as Keras has it. */
    record Nesterov(double momentum) implements Optimizer {

        public Nesterov {
            Checked.share("momentum", momentum);
        }
    }

    /**
     * Adam, after Kingma and Ba, https://arxiv.org/abs/1412.6980: {@code m = beta1 * m + (1 - beta1) * gradient;
     * v = beta2 * v + (1 - beta2) * gradient²; w -= rate * √(1 - beta2^t) / (1 - beta1^t) * m / (√v + epsilon)}.
     */
    record Adam(double beta1, double beta2, double epsilon) implements Optimizer {

        public Adam {
            Checked.share("beta1 of Adam", beta1);
            Checked.share("beta2 of Adam", beta2);
            Checked.notNegative("epsilon of Adam", epsilon);
        }
    }

    /** Adagrad, after Duchi, Hazan and Singer: {@code a += gradient²; w -= rate * gradient / (√a + epsilon)}. */
    record Adagrad(double initialAccumulator, double epsilon) implements Optimizer {

        public Adagrad {
            Checked.notNegative("initial accumulator of Adagrad", initialAccumulator);
            Checked.notNegative("epsilon of Adagrad", epsilon);
        }
    }

    /**
     * RMSProp, after Hinton: {@code s = decay * s + (1 - decay) * gradient²;
     * v = momentum * v + rate * gradient / √(s + epsilon); w -= v}.
     */
    record RmsProp(double decay, double momentum, double epsilon) implements Optimizer {

        public RmsProp {
            Checked.share("decay of RMSProp", decay);
            Checked.share("momentum of RMSProp", momentum);
            Checked.notNegative("epsilon of RMSProp", epsilon);
        }
    }
}
