package io.tensorbridge.train.graph;

import java.io.Serializable;

/** The rate of each step: a function of how many steps have been taken, the same on every worker. */
public sealed interface LearningRate extends Serializable {

    /**
     * Returns the rate of a step.
     *
     * @param step how many steps were taken before, from 0
     */
    double at(long step);

    /** The same rate always. */
    static LearningRate constant(double rate) {
        return new Constant(rate);
    }

    /** The same rate always. */
    record Constant(double rate) implements LearningRate {
        @Override
        public double at(long step) {
            return rate;
        }
    }
}
