package io.tensorbridge.train;

import io.tensorbridge.train.graph.LearningRate;
import io.tensorbridge.train.graph.Optimizer;
import io.tensorbridge.train.graph.TrainingProgram;
import io.tensorbridge.train.graph.UpdateRule;
import io.tensorbridge.train.worker.TrainingSettings;
import io.tensorbridge.train.worker.TrainingSettings.Better;
import io.tensorbridge.train.worker.TrainingSettings.Keep;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.apache.spark.sql.Dataset;

/** All that a trainer can be told, with what holds if it is not. A trainer changes a copy that nobody else has yet. */
final class TrainerOptions {

    OptionalInt workers = OptionalInt.empty();
    int epochs = 1;
    int batchRows = 32;
    Optimizer optimizer = Optimizer.adam();
    LearningRate rate = LearningRate.constant(0.001);
    double weightDecay;
    double clipValue = Double.POSITIVE_INFINITY;
    double clipNorm = Double.POSITIVE_INFINITY;
    int accumulate = 1;
    UpdateRule.Wire wire = UpdateRule.Wire.FLOAT;
    long seed = 1;
    double validationSplit;
    Optional<Dataset<?>> validation = Optional.empty();
    String watched = "loss";
    Better better = Better.LOWER;
    int patience;
    double leastGain;
    Keep keep = Keep.LAST;
    Duration stepTimeout = Duration.ofSeconds(60);
    int heapMiB = 256;
    String checkpoints = "";
    long checkpointSteps;
    double checkpointSeconds;
    List<TrainingListener> listeners = List.of();
    Map<String, String> columns = Map.of();
    Set<String> shaped = Set.of();

    TrainerOptions copy() {
        var copy = new TrainerOptions();
        copy.workers = workers;
        copy.epochs = epochs;
        copy.batchRows = batchRows;
        copy.optimizer = optimizer;
        copy.rate = rate;
        copy.weightDecay = weightDecay;
        copy.clipValue = clipValue;
        copy.clipNorm = clipNorm;
        copy.accumulate = accumulate;
        copy.wire = wire;
        copy.seed = seed;
        copy.validationSplit = validationSplit;
        copy.validation = validation;
        copy.watched = watched;
        copy.better = better;
        copy.patience = patience;
        copy.leastGain = leastGain;
        copy.keep = keep;
        copy.stepTimeout = stepTimeout;
        copy.heapMiB = heapMiB;
        copy.checkpoints = checkpoints;
        copy.checkpointSteps = checkpointSteps;
        copy.checkpointSeconds = checkpointSeconds;
        copy.listeners = listeners;
        copy.columns = columns;
        copy.shaped = shaped;
        return copy;
    }

    void feed(String input, String column) {
        Map<String, String> more = new HashMap<>(columns);
        more.put(input, column);
        columns = more;
    }

    void shaped(String column) {
        Set<String> more = new HashSet<>(shaped);
        more.add(column);
        shaped = more;
    }

    void keepBest() {
        keep = Keep.BEST;
    }

    /** Returns what workers are told. */
    TrainingSettings settings(TrainingProgram program, int threads) {
        if (!watched.equals("loss") && !program.metrics().contains(watched)) {
            throw new IllegalArgumentException(
                    "Cannot watch '%s': expected loss or one of the metrics %s. Add it to the program with metric(…)"
                            .formatted(watched, program.metrics()));
        }
        return new TrainingSettings(
                new UpdateRule(optimizer, rate, weightDecay, clipValue, clipNorm, accumulate, wire),
                epochs,
                batchRows,
                seed,
                watched,
                better,
                patience,
                leastGain,
                keep,
                checkpointSteps,
                checkpointSeconds,
                stepTimeout.toMillis() / 1000.0,
                threads);
    }

    static void requirePositive(String what, long value) {
        if (value < 1) {
            throw new IllegalArgumentException("Invalid %s: must be positive, found %d".formatted(what, value));
        }
    }

    static void requireNumber(String what, double value, double least) {
        if (!(value >= least && value < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("Invalid %s: must be a number %s, found %s"
                    .formatted(what, least > 0 ? "above 0" : "from 0", value));
        }
    }
}
