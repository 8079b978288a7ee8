package io.tensorbridge.train.worker;

import java.util.ArrayList;
import java.util.List;

/**
 * How far training has come: all that a step depends on beside the variables.
 *
 * @param step how many steps have been taken
 * @param epoch the epoch under way, from 1
 * @param stepOfEpoch how many steps of it have been taken
 * @param sums the loss and the metrics of these steps, times their rows
 * @param seconds how long these steps took
 * @param best the best value of the watched metric so far; NaN for none
 * @param epochsWithoutBetter how many epochs have passed since
 * @param history the epochs that have ended
 */
record TrainingState(
        long step,
        int epoch,
        long stepOfEpoch,
        List<Double> sums,
        double seconds,
        double best,
        int epochsWithoutBetter,
        List<EpochResult> history) {

    static TrainingState begin(int numbers) {
        return new TrainingState(0, 1, 0, zeros(numbers), 0, Double.NaN, 0, List.of());
    }

    /** Returns whether the watched metric has had a value. */
    boolean hasBest() {
        return !Double.isNaN(best);
    }

    static List<Double> zeros(int numbers) {
        List<Double> zeros = new ArrayList<>();
        for (int i = 0; i < numbers; i++) {
            zeros.add(0.0);
        }
        return zeros;
    }

    /** Returns the state after a step of an epoch. */
    TrainingState after(float[] results, long rows, double took) {
        List<Double> added = new ArrayList<>();
        for (int i = 0; i < results.length; i++) {
            added.add(sums.get(i) + (double) results[i] * rows);
        }
        return new TrainingState(
                step + 1, epoch, stepOfEpoch + 1, added, seconds + took, best, epochsWithoutBetter, history);
    }

    /** Returns the state after an epoch has ended. */
    TrainingState after(EpochResult result, double newBest, int newEpochsWithoutBetter) {
        List<EpochResult> all = new ArrayList<>(history);
        all.add(result);
        return new TrainingState(
                step, epoch + 1, 0, zeros(sums.size()), 0, newBest, newEpochsWithoutBetter, List.copyOf(all));
    }
}
