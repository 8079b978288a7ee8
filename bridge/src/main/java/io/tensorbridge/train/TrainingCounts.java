package io.tensorbridge.train;

import io.tensorbridge.train.worker.WorkerEvent;
import java.io.Serializable;
import org.apache.spark.SparkContext;
import org.apache.spark.util.LongAccumulator;

/**
 * What Spark's UI shows of a training on its stage. A restarted stage counts what it does again.
 *
 * @param steps steps that were taken
 * @param rows rows that were seen
 * @param epochs epochs that have ended
 */
record TrainingCounts(LongAccumulator steps, LongAccumulator rows, LongAccumulator epochs) implements Serializable {

    static TrainingCounts in(SparkContext context) {
        return new TrainingCounts(
                context.longAccumulator("training steps"),
                context.longAccumulator("training rows"),
                context.longAccumulator("training epochs"));
    }

    /** Counts what the first worker says. */
    void epoch(WorkerEvent.Epoch epoch, long stepsBefore) {
        steps.add(epoch.result().step() - stepsBefore);
        rows.add(epoch.result().rows());
        epochs.add(1L);
    }
}
