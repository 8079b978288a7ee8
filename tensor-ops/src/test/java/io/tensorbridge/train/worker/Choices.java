package io.tensorbridge.train.worker;

import io.tensorbridge.train.graph.LearningRate;
import io.tensorbridge.train.graph.Optimizer;
import io.tensorbridge.train.graph.UpdateRule;
import io.tensorbridge.train.worker.TrainingSettings.Better;
import io.tensorbridge.train.worker.TrainingSettings.Keep;

/** How a test trains, with what holds where it says nothing. */
final class Choices {

    Optimizer optimizer = Optimizer.adam();
    double rate = 0.02;
    int accumulate = 1;
    UpdateRule.Wire wire = UpdateRule.Wire.FLOAT;
    int epochs = 5;
    int batchRows = 16;
    long seed = 20_26;
    String watched = "loss";
    Better better = Better.LOWER;
    int patience;
    double leastGain;
    Keep keep = Keep.LAST;
    long checkpointSteps;
    double checkpointSeconds;
    double stepSeconds = 10;

    TrainingSettings settings() {
        return new TrainingSettings(
                new UpdateRule(
                        optimizer,
                        LearningRate.constant(rate),
                        /* weightDecay= */ 0,
                        Double.POSITIVE_INFINITY,
                        Double.POSITIVE_INFINITY,
                        accumulate,
                        wire),
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
                stepSeconds,
                /* threads= */ 1);
    }
}
