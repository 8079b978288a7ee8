package io.tensorbridge.train.worker;

import io.tensorbridge.train.graph.UpdateRule;
import java.io.Serializable;

/**
 * How long and how a program is trained; the same on every worker.
 *
 * @param rule what a step does with the gradients
 * @param epochs how often every row is seen, at most
 * @param batchRows rows of a worker in a step, at most
 * @param seed seeds the order of rows, and what is random in the program
 * @param watched the metric that says which weights are the best: {@code loss} or a metric, of the validation if there is one
 * @param better which way the watched metric is better
 * @param patience how many epochs may pass without a better value before training stops; 0 for all
 * @param leastGain by how much a value must be better to count
 * @param keep which weights are the result
 * @param checkpointSteps after how many steps a checkpoint is written; 0 for none
 * @param checkpointSeconds after how many seconds one is written; 0 for none
 * @param stepSeconds how long a step may take
 * @param threads threads that one operation may use
 */
public record TrainingSettings(
        UpdateRule rule,
        int epochs,
        int batchRows,
        long seed,
        String watched,
        Better better,
        int patience,
        double leastGain,
        Keep keep,
        long checkpointSteps,
        double checkpointSeconds,
        double stepSeconds,
        int threads)
        implements Serializable {

    /** Which of two values of a metric is better. */
    public enum Better {
        LOWER,
        HIGHER
    }

    /** Which weights are the result. */
    public enum Keep {
        LAST,
        BEST
    }
}
