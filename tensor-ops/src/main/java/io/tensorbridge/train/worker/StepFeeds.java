package io.tensorbridge.train.worker;

import io.tensorbridge.tensor.TrainingSession;
import io.tensorbridge.tensor.TrainingSession.Fed;
import io.tensorbridge.train.graph.Feeds;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.tensorflow.proto.DataType;

/** Feeds the numbers that stand after a batch in each run: its weight, the rate, the step, and what is random in it. */
final class StepFeeds {

    private final WorkerTask task;
    private final List<Fed> all;
    private final int first;

    StepFeeds(WorkerTask task, Feeds feeds) {
        this.task = task;
        all = new ArrayList<>(Batches.feeds(task.program().inputs(), feeds.inputs()));
        first = all.size();
        all.add(new Fed(feeds.weight(), DataType.DT_FLOAT));
        all.add(new Fed(feeds.rate(), DataType.DT_FLOAT));
        all.add(new Fed(feeds.count(), DataType.DT_INT64));
        all.add(new Fed(feeds.random(), DataType.DT_INT64));
    }

    /** Returns what is fed, the batch first. */
    List<Fed> all() {
        return all;
    }

    /**
     * Feeds the numbers.
     *
     * @param weight the share of the batch in the rows that are summed over
     * @param step how many steps have been taken
     * @param batch which batch this is, of those that are summed over; what is random is another in each
     */
    void feed(TrainingSession.Run run, double weight, long step, long batch) {
        TrainingSettings settings = task.settings();
        run.feed(first, Float.BYTES).putFloat(0, (float) weight);
        run.feed(first + 1, Float.BYTES)
                .putFloat(0, (float) settings.rule().rate().at(step));
        run.feed(first + 2, Long.BYTES).putLong(0, step);
        random(run, first + 3, Seeds.mix(Seeds.mix(settings.seed(), task.rank() + 1L), batch), step + 1);
    }

    /** Feeds what random numbers come of. */
    static void random(TrainingSession.Run run, int feed, long seed, long step) {
        ByteBuffer to = run.feed(feed, 2 * Long.BYTES, 2);
        to.putLong(0, seed);
        to.putLong(Long.BYTES, step);
    }
}
