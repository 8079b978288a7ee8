package io.tensorbridge.train;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.spark.BarrierTaskContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets the tasks of a barrier stage tell each other something, in time: Spark itself would wait for a year
 * ({@code spark.barrier.sync.timeout}).
 */
final class Gathering {

    private static final Logger LOG = LoggerFactory.getLogger(Gathering.class);

    private Gathering() {}

    /**
     * Returns what all tasks say, by their ranks.
     *
     * @throws IllegalStateException if one of them says nothing in time
     */
    static List<String> of(BarrierTaskContext context, String own, Duration wait) throws InterruptedException {
        try {
            return gather(context, own, wait);
        } catch (TimeoutException e) {
            throw new IllegalStateException(
                    "Cannot train: expected all %d tasks to begin within %d s, found that some did not"
                            .formatted(context.getTaskInfos().length, wait.toSeconds()),
                    e);
        }
    }

    /** Returns what all tasks say; what this one says alone if others say nothing in time. */
    static List<String> orOwn(BarrierTaskContext context, String own, Duration wait) throws InterruptedException {
        try {
            return gather(context, own, wait);
        } catch (TimeoutException | IllegalStateException e) {
            LOG.warn("Other workers do not say how they have failed", e);
            return List.of(own);
        }
    }

    private static List<String> gather(BarrierTaskContext context, String own, Duration wait)
            throws InterruptedException, TimeoutException {
        var gathered = new FutureTask<>(() -> List.of(context.allGather(own)));
        var thread = new Thread(gathered, "tensorbridge-gathering");
        thread.setDaemon(true);
        thread.start();
        try {
            return gathered.get(wait.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new IllegalStateException("Cannot train: the tasks do not find each other", e.getCause());
        } finally {
            thread.interrupt(); // waits no longer, if it still does
        }
    }
}
