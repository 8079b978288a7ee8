package io.tensorbridge.ml;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.spark.SparkContext;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.evaluation.Evaluator;
import org.apache.spark.sql.Dataset;
import org.jspecify.annotations.Nullable;

/**
 * One tuning, from the input to the best model.
 *
 * <p>All trials on all folds stand in one queue, group by group, so that features come and go as the queue moves on: those of
 * the groups that run, and of the best so far, are all that is cached.
 */
final class Tuning implements AutoCloseable {

    private final Dataset<?> input;
    private final Validation validation;
    private final CachedData cache = new CachedData();
    private final double[][] metrics;
    private final double[][] seconds;
    private final double[] featureSeconds;
    private @Nullable TrialGroup bestGroup;
    private int best = -1;
    private double bestMetric;

    Tuning(Dataset<?> input, Validation validation) {
        this.input = input;
        this.validation = validation;
        int trials = validation.trials().size();
        int folds = validation.splitting().folds();
        this.metrics = new double[trials][folds];
        this.seconds = new double[trials][folds];
        this.featureSeconds = new double[trials];
    }

    /** What came of it. */
    record Outcome(PipelineModel bestModel, int best, List<TrialResult> results) {}

    Outcome run() {
        List<TrialThreads.Work> trials = trials(groups());
        var model = new AtomicReference<PipelineModel>();
        SparkContext context = input.sparkSession().sparkContext();
        try (var threads = new TrialThreads(context, validation.parallelism())) {
            boolean isDone = false;
            try {
                threads.run(trials);
                threads.run(List.of(new TrialThreads.Work("Fit to all rows", () -> model.set(fitBest()))));
                isDone = true;
            } finally {
                if (!isDone) {
                    cache.releaseAbandoned(context, threads.tag());
                }
            }
        }
        List<TrialResult> results = new ArrayList<>();
        for (Trial one : validation.trials()) {
            int i = one.index();
            results.add(new TrialResult(one.shown(), mean(metrics[i]), sum(seconds[i]), featureSeconds[i]));
        }
        return new Outcome(Objects.requireNonNull(model.get(), "a model"), best, results);
    }

    private PipelineModel fitBest() {
        TrialGroup group = Objects.requireNonNull(bestGroup, "a group of trials");
        Trial trial = validation.trials().get(best);
        try {
            return trial.model(trial.fitRest(group.rows()), input);
        } catch (Throwable e) {
            throw failure(trial, "when fitted to all rows", e);
        }
    }

    @Override
    public void close() {
        cache.close();
    }

    private List<TrialGroup> groups() {
        Splitting splitting = validation.splitting();
        Features root = Features.of(input, cache);
        Features parts = root;
        if (splitting instanceof Splitting.OneSplit) {
            root.readTwice();
            parts = root.then("parts", whole -> splitting.parts(whole.get(0)));
        }
        Map<Features, TrialGroup> groups = new LinkedHashMap<>();
        for (Trial trial : validation.trials()) {
            Features features = parts;
            mention(features, trial, 0);
            for (int i = 0; i < trial.transformers(); i++) {
                int position = i;
                features = features.then(
                        trial.key(i),
                        rows -> rows.stream()
                                .map(part -> trial.transformer(position).transform(part))
                                .toList());
                mention(features, trial, i + 1);
            }
            groups.computeIfAbsent(features.asLeaf(), leaf -> new TrialGroup(leaf, splitting, cache))
                    .add(trial);
        }
        return List.copyOf(groups.values());
    }

    private void mention(Features features, Trial trial, int position) {
        ParamTree ahead = trial.params(position, trial.stages());
        ahead.visit(validation.evaluator());
        ahead.visit(validation.splitting().foldColumn());
        features.mentions(trial.params(0, position), ahead);
    }

    private List<TrialThreads.Work> trials(List<TrialGroup> groups) {
        List<TrialThreads.Work> work = new ArrayList<>();
        for (TrialGroup group : groups) {
            for (int fold = 0; fold < validation.splitting().folds(); fold++) {
                for (Trial trial : group.trials()) {
                    int number = fold;
                    String name = "Trial %d, fold %d".formatted(trial.index(), number);
                    work.add(new TrialThreads.Work(name, () -> runTrial(group, trial, number)));
                }
            }
        }
        return work;
    }

    private void runTrial(TrialGroup group, Trial trial, int fold) {
        TrialGroup.Measured measured;
        try {
            measured = group.run(trial, fold, validation.evaluator());
        } catch (Throwable e) {
            String where = "in fold %d of %d"
                    .formatted(fold + 1, validation.splitting().folds());
            throw failure(trial, where, e);
        }
        synchronized (this) {
            metrics[trial.index()][fold] = measured.metric();
            seconds[trial.index()][fold] = measured.seconds();
        }
        if (group.isDoneWith(fold)) {
            compare(group);
        }
    }

    private static TrialException failure(Trial trial, String where, Throwable cause) {
        // of a failed job the first line says what it was, and the others where: they stand in the cause
        String reason = String.valueOf(cause.getMessage()).lines().findFirst().orElse("");
        return new TrialException("The trial with %s failed %s: %s".formatted(trial.shown(), where, reason), cause);
    }

    /** Keeps the features of the group with the best trial so far, and lets go of the other's. */
    private synchronized void compare(TrialGroup group) {
        boolean isBetter = false;
        for (Trial trial : group.trials()) {
            int index = trial.index();
            featureSeconds[index] = group.features().seconds();
            double metric = mean(metrics[index]);
            if (best < 0 || isBetter(metric, index, validation.evaluator())) {
                best = index;
                bestMetric = metric;
                isBetter = true;
            }
        }
        TrialGroup loser = isBetter ? bestGroup : group;
        if (isBetter) {
            bestGroup = group;
        }
        if (loser != null) {
            loser.features().release();
        }
    }

    /** The first of equals is the best, as in Spark. Unlike there, what is no number is the worst. */
    private boolean isBetter(double metric, int index, Evaluator evaluator) {
        if (Double.isNaN(metric) || Double.isNaN(bestMetric)) {
            return Double.isNaN(metric) ? Double.isNaN(bestMetric) && index < best : true;
        }
        if (metric == bestMetric) {
            return index < best;
        }
        return evaluator.isLargerBetter() == (metric > bestMetric);
    }

    private static double mean(double[] values) {
        return sum(values) / values.length;
    }

    private static double sum(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum;
    }
}
