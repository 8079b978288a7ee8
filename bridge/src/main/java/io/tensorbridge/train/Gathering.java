package io.tensorbridge.train;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
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

    private static final long POLL_MILLIS = 100; // how soon a cancelled task notices
    private static final Logger LOG = LoggerFactory.getLogger(Gathering.class);

    private Gathering() {}

    /**
     * Returns what all tasks say, by their ranks.
     *
     * @param what what they are expected to do, for the message
     * @throws IllegalStateException if one of them says nothing in time
     */
    static List<String> of(BarrierTaskContext context, String own, String what, Duration wait)
            throws InterruptedException {
        return within(context, own, wait)
                .orElseThrow(() -> new IllegalStateException(
                        "Training stopped: expected all %d workers to %s within %d s, found that some did not"
                                .formatted(context.getTaskInfos().length, what, wait.toSeconds())));
    }

    /** Returns what all tasks say; nothing if others say nothing in time, and then the task can only fail. */
    static Optional<List<String>> within(BarrierTaskContext context, String own, Duration wait)
            throws InterruptedException {
        var gathered = new FutureTask<>(() -> List.of(context.allGather(own)));
        var thread = new Thread(gathered, "tensorbridge-gathering");
        thread.setDaemon(true);
        thread.start();
        long end = System.nanoTime() + wait.toNanos();
        while (System.nanoTime() < end) {
            try {
                return Optional.of(gathered.get(POLL_MILLIS, TimeUnit.MILLISECONDS));
            } catch (TimeoutException e) {
                context.killTaskIfInterrupted();
            } catch (ExecutionException e) {
                context.killTaskIfInterrupted(); // which is why, then
                throw new IllegalStateException("Training stopped: the workers do not find each other", e.getCause());
            }
        }
        LOG.warn("Other workers have said nothing for {} s", wait.toSeconds());
        context.markInterrupted("it waits for others in vain"); // which ends the thread, as the task ends soon
        return Optional.empty();
    }
}
