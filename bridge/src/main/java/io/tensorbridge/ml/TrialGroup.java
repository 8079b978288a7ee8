package io.tensorbridge.ml;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.evaluation.Evaluator;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.jspecify.annotations.Nullable;

/** Trials over the same features, and their folds, each of which is cached while trials run on it. For use by several threads. */
final class TrialGroup {

    private final Features features;
    private final Splitting splitting;
    private final CachedData cache;
    private final List<Trial> trials = new ArrayList<>();
    private @Nullable List<Splitting.Fold> folds;
    private final int[] left;
    private int foldsLeft;

    TrialGroup(Features features, Splitting splitting, CachedData cache) {
        this.features = features;
        this.splitting = splitting;
        this.cache = cache;
        this.left = new int[splitting.folds()];
        this.foldsLeft = left.length;
    }

    void add(Trial trial) {
        trials.add(trial);
        for (int fold = 0; fold < left.length; fold++) {
            left[fold]++;
        }
    }

    List<Trial> trials() {
        return trials;
    }

    Features features() {
        return features;
    }

    /** Fits a trial to a fold and returns its metric; the time is what this takes once the fold is there. */
    Measured run(Trial trial, int number, Evaluator evaluator) {
        Splitting.Fold fold = fold(number);
        long start = System.nanoTime();
        PipelineModel rest = trial.fitRest(fold.training());
        double metric = evaluator.evaluate(trial.transformRest(rest, fold.validation()));
        return new Measured(metric, (System.nanoTime() - start) / 1e9);
    }

    /** A metric, and how long it took to come by. */
    record Measured(double metric, double seconds) {}

    /** Returns whether this was the last trial on the last fold; lets go of folds that are done. */
    synchronized boolean isDoneWith(int number) {
        left[number]--;
        if (left[number] > 0) {
            return false;
        }
        // one split has the features themselves as its fold, which are wanted still
        if (folds != null && folds.size() > 1) {
            cache.release(folds.get(number).training());
            cache.release(folds.get(number).validation());
        }
        foldsLeft--;
        return foldsLeft == 0;
    }

    private synchronized Splitting.Fold fold(int number) {
        if (folds == null) {
            folds = splitting.folds(features.data());
        }
        Splitting.Fold fold = folds.get(number);
        cache.compute(fold.training());
        cache.compute(fold.validation());
        return fold;
    }

    /** Returns all rows with their features, to fit the best to. */
    Dataset<Row> rows() {
        return features.data().stream().reduce(Dataset::union).orElseThrow();
    }
}
