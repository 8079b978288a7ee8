package io.tensorbridge.train.graph;

import static java.util.Objects.requireNonNull;

import java.io.Serializable;

/**
 * The rate of each step: a function of how many steps have been taken, the same on every worker.
 *
 * <p>They add up: {@code cosine(0.1, 0, 9_000).warmUp(1_000)} rises over a thousand steps, and then falls; and
 * {@code constant(0.1).then(5_000, constant(0.01))} is a tenth from the 5,000th step on.
 */
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

    /** A rate that is multiplied by a factor over each so many steps, a little in each of them. */
    static LearningRate exponential(double rate, double factor, long steps) {
        return new Exponential(rate, factor, steps);
    }

    /** A rate that falls to its last in a straight line, and stays there. */
    static LearningRate linear(double rate, double last, long steps) {
        return polynomial(rate, last, steps, 1);
    }

    /** A rate that falls to its last as a power of what is left of the steps, and stays there. */
    static LearningRate polynomial(double rate, double last, long steps, double power) {
        return new Polynomial(rate, last, steps, power);
    }

    /** A rate that falls to its last as half a wave of a cosine, and stays there. */
    static LearningRate cosine(double rate, double last, long steps) {
        return new Cosine(rate, last, steps);
    }

    /** Rises to this rate in a straight line, over so many steps, which this rate does not count. */
    default LearningRate warmUp(long steps) {
        return new WarmUp(this, steps);
    }

    /** Goes over to another rate after so many steps, which that one does not count. */
    default LearningRate then(long steps, LearningRate next) {
        return new Then(this, steps, next);
    }

    /** The same rate always. */
    record Constant(double rate) implements LearningRate {

        public Constant {
            Checked.positive("learning rate", rate);
        }

        @Override
        public double at(long step) {
            return rate;
        }
    }

    /** {@code rate * factor^(step / steps)}. */
    record Exponential(double rate, double factor, long steps) implements LearningRate {

        public Exponential {
            Checked.positive("learning rate", rate);
            Checked.positive("factor of the learning rate", factor);
            Checked.positive("steps of the learning rate", steps);
        }

        @Override
        public double at(long step) {
            return rate * Math.pow(factor, (double) step / steps);
        }
    }

    /** {@code last + (rate - last) * (1 - step / steps)^power}. */
    record Polynomial(double rate, double last, long steps, double power) implements LearningRate {

        public Polynomial {
            Checked.positive("learning rate", rate);
            Checked.notNegative("last learning rate", last);
            Checked.positive("steps of the learning rate", steps);
            Checked.positive("power of the learning rate", power);
        }

        @Override
        public double at(long step) {
            return last + (rate - last) * Math.pow(1 - (double) Math.min(step, steps) / steps, power);
        }
    }

    /** {@code last + (rate - last) * (1 + cos(π step / steps)) / 2}. */
    record Cosine(double rate, double last, long steps) implements LearningRate {

        public Cosine {
            Checked.positive("learning rate", rate);
            Checked.notNegative("last learning rate", last);
            Checked.positive("steps of the learning rate", steps);
        }

        @Override
        public double at(long step) {
            return last + (rate - last) * (1 + Math.cos(Math.PI * Math.min(step, steps) / steps)) / 2;
        }
    }

    /** A straight line up to another rate's first: a share of it in the first step already, all of it in the last. */
    record WarmUp(LearningRate to, long steps) implements LearningRate {

        public WarmUp {
            requireNonNull(to, "to");
            Checked.positive("steps of the warm-up", steps);
        }

        @Override
        public double at(long step) {
            return step < steps ? to.at(0) * (step + 1) / steps : to.at(step - steps);
        }
    }

    /** One rate, and then another. */
    record Then(LearningRate first, long steps, LearningRate next) implements LearningRate {

        public Then {
            requireNonNull(first, "first");
            Checked.positive("steps of the learning rate", steps);
            requireNonNull(next, "next");
        }

        @Override
        public double at(long step) {
            return step < steps ? first.at(step) : next.at(step - steps);
        }
    }
}
