package io.tensorbridge.train.graph;

import static java.util.Objects.requireNonNull;

import java.io.Serializable;

/**
 * What a step does with the gradients, in this order: they are summed over the micro-batches and the workers, clipped by value,
 * clipped by their global norm, and given to the optimizer; weights decay by themselves, as AdamW's.
 *
 * @param optimizer how a variable follows its gradient
 * @param rate the rate of each step
 * @param weightDecay what a weight loses in a step, times the rate; 0 for nothing
 * @param clipValue the largest value of a gradient, either way; infinite for no limit
 * @param clipNorm the largest norm of all gradients together; infinite for no limit
 * @param accumulate how many micro-batches make a step
 * @param wire as what the gradients travel
 */
public record UpdateRule(
        Optimizer optimizer,
        LearningRate rate,
        double weightDecay,
        double clipValue,
        double clipNorm,
        int accumulate,
        Wire wire)
        implements Serializable {

    public UpdateRule {
        requireNonNull(optimizer, "optimizer");
        requireNonNull(rate, "rate");
        Checked.notNegative("weight decay", weightDecay);
        Checked.limit("limit of a gradient's values", clipValue);
        Checked.limit("limit of the gradients' norm", clipNorm);
        Checked.positive("number of micro-batches", accumulate);
        requireNonNull(wire, "wire");
    }

    /** Returns the rule that does nothing but to follow the gradients of one batch a step. */
    public static UpdateRule of(Optimizer optimizer, LearningRate rate) {
        return new UpdateRule(
                optimizer,
                rate,
                /* weightDecay= */ 0,
                Double.POSITIVE_INFINITY,
                Double.POSITIVE_INFINITY,
                /* accumulate= */ 1,
                Wire.FLOAT);
    }

    /** As what the gradients travel between workers. */
    public enum Wire {
        /** As they are. */
        FLOAT,
        /**
         * As numbers of 16 bits: half of the bytes, and 3 digits of each gradient. A gradient above 65,504 becomes infinite. The
         * loss, the metrics and what variables are set to keep about as much as they have.
         */
        HALF
    }

    /** Returns what of this changes a step, as messages show it. */
    public String describe() {
        return "%s, rate %s, weightDecay %s, clipValue %s, clipNorm %s, accumulate %d, wire %s"
                .formatted(optimizer, rate, weightDecay, clipValue, clipNorm, accumulate, wire);
    }
}
