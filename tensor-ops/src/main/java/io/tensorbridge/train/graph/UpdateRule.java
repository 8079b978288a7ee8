package io.tensorbridge.train.graph;

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

    /** As what the gradients travel between workers. */
    public enum Wire {
        FLOAT,
        HALF
    }

    /** Returns what of this changes a step, as messages show it. */
    public String describe() {
        return "%s, rate %s, weightDecay %s, clipValue %s, clipNorm %s, accumulate %d, wire %s"
                .formatted(optimizer, rate, weightDecay, clipValue, clipNorm, accumulate, wire);
    }
}
