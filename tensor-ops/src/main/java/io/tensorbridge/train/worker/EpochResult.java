package io.tensorbridge.train.worker;

import java.io.Serializable;
import java.util.Map;

/**
 * What came of an epoch, over all workers.
 *
 * @param epoch which, from 1
 * @param step how many steps have been taken
 * @param loss the mean over the epoch's rows, each as its step found it
 * @param metrics the same of each metric
 * @param validation {@code loss} and the metrics of the validation; empty if there is none
 * @param rate the rate of the last step
 * @param seconds how long the epoch took, the validation included
 * @param rows how many rows were seen
 */
public record EpochResult(
        int epoch,
        long step,
        double loss,
        Map<String, Double> metrics,
        Map<String, Double> validation,
        double rate,
        double seconds,
        long rows)
        implements Serializable {}
