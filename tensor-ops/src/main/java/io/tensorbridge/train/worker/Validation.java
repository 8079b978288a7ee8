package io.tensorbridge.train.worker;

import io.tensorbridge.tensor.TrainingSession;
import io.tensorbridge.train.graph.StepGraph;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Takes the loss and the metrics over rows that are not trained on. Belongs to one thread. */
final class Validation {

    /** So many batches are summed before the workers wait for each other: one that is slower must not fall behind by more. */
    private static final int BATCHES_OF_SUM = 64;

    private final int rank;
    private final List<String> numbers;
    private final StepFeeds feeds;
    private final Voice voice;
    private final Steps steps;
    private final Batches batches;
    private final TrainingSession.Run evaluate;
    private final TrainingSession.Run total;

    /**
     * @param numbers the names of the loss and the metrics
     */
    Validation(
            WorkerTask task,
            StepGraph graph,
            TrainingSession session,
            StepFeeds feeds,
            List<String> numbers,
            Voice voice)
            throws IOException {
        rank = task.rank();
        this.numbers = numbers;
        this.feeds = feeds;
        this.voice = voice;
        steps = Steps.of(task.validationRowsOf(), task.settings().batchRows());
        batches = new Batches(task.program().inputs(), MappedRows.of(task.validation()));
        evaluate =
                session.prepare(feeds.all(), /* fetch= */ null, graph.targets().evaluate());
        total = session.prepare(List.of(), graph.total(), /* target= */ null);
    }

    /**
     * Returns the loss and the metrics, over all workers; nothing if none has rows for it.
     *
     * @param step how many steps have been taken
     */
    Map<String, Double> run(long step) {
        if (steps.count() == 0) {
            return Map.of();
        }
        double[] sums = new double[numbers.size()];
        for (long i = 0; i < steps.count(); i++) {
            long from = steps.from(rank, i);
            long until = steps.from(rank, i + 1);
            if (until > from) {
                batches.feed(evaluate, from, until);
                feeds.feed(evaluate, (double) (until - from) / steps.rows(), step, i);
                evaluate.run();
            }
            if ((i + 1) % BATCHES_OF_SUM == 0 || i + 1 == steps.count()) {
                add(total.run(), sums);
                voice.alive();
            }
        }
        Map<String, Double> named = new LinkedHashMap<>();
        for (int i = 0; i < sums.length; i++) {
            named.put(numbers.get(i), sums[i]);
        }
        return named;
    }

    private static void add(float[] part, double[] sums) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] += part[i];
        }
    }
}
