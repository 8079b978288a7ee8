package io.tensorbridge.ml;

import java.util.List;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkContext;

/**
 * The threads on which one tuning fits and judges. Their Spark jobs bear a tag, by which all are ended when one fails or the
 * caller is interrupted.
 *
 * <p>For use by the caller's thread, whose job group and description the jobs have. Closing it lets threads end.
 */
final class TrialThreads implements AutoCloseable {

    private final SparkContext context;
    private final String tag = "tensorbridge-tuning-" + UUID.randomUUID();
    private final ExecutorService threads;

    TrialThreads(SparkContext context, int parallelism) {
        this.context = context;
        this.threads = Executors.newFixedThreadPool(parallelism, TrialThread::new);
    }

    /** Work, and what Spark's UI is to call its jobs. */
    record Work(String name, Runnable run) {}

    /** Returns what jobs are tagged with; the creation sites of their RDDs end with it. */
    String tag() {
        return tag;
    }

    /**
     * Runs all, in their order as far as there are threads, and returns when they are done. If that is not to be, nothing runs
     * any more when this throws, and nothing can be run.
     *
     * @throws TrialException the first that was thrown by one of them
     * @throws CancellationException if the caller is interrupted, which it stays
     */
    void run(List<Work> all) {
        boolean isDone = false;
        try {
            var running = new ExecutorCompletionService<Void>(threads);
            for (Work work : all) {
                running.submit(() -> {
                    context.addJobTag(tag);
                    context.setCallSite("%s of %s".formatted(work.name(), tag));
                    work.run().run();
                    return null;
                });
            }
            for (int i = 0; i < all.size(); i++) {
                running.take().get();
            }
            isDone = true;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof TrialException failure) {
                throw failure;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            var cancelled = new CancellationException("The tuning was interrupted");
            cancelled.initCause(e);
            throw cancelled;
        } finally {
            if (!isDone) {
                cancel();
            }
        }
    }

    @Override
    public void close() {
        threads.shutdown();
    }

    /** Ends what runs, and returns when nothing does any more: else it would cache again what is let go of. */
    private void cancel() {
        threads.shutdownNow();
        boolean isInterrupted = false;
        boolean isOver = false;
        while (!isOver) {
            context.cancelJobsWithTag(tag);
            try {
                isOver = threads.awaitTermination(100, TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                isInterrupted = true;
            }
        }
        context.cancelJobsWithTag(tag);
        if (isInterrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Does not keep the process alive. */
    private static final class TrialThread extends Thread {

        TrialThread(Runnable work) {
            super(work, "tensorbridge-trial");
            setDaemon(true);
        }
    }
}
