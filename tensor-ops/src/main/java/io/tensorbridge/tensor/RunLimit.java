package io.tensorbridge.tensor;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * The limit to the time of one runner's runs.
 *
 * <p>For use by the runner's thread.
 */
final class RunLimit implements AutoCloseable {

    /*
     * TensorFlow's own limit, RunOptions.timeout_in_ms, is minded by a thread that waits for the others. Where operations
     * run on the calling thread there is none. What ends a loop is TF_CloseSession, from a thread beside: one for the
     * process, which looks now and then at what the runners have written down. So a run costs two writes.
     *
     * A run that ends and a watch that cuts it exclude each other by the state alone. Where the watch was first, the run
     * waits for it to be done with the session, which it keeps open meanwhile.
     */

    private static final long IDLE = 0;
    private static final long BEING_CUT = 2;
    private static final long CUT = 4;
    private static final RunLimit NONE = new RunLimit(/* nanos= */ 0, () -> {});

    private static final long LONGEST_PAUSE = TimeUnit.SECONDS.toNanos(1);
    private static final long LINGER = TimeUnit.SECONDS.toNanos(10); // so that small tasks in a row share one thread

    private static final List<RunLimit> WATCHED = new ArrayList<>(); // guarded by itself
    private static boolean watching; // guarded by WATCHED
    private static long nextLook; // by System.nanoTime; guarded by WATCHED

    private final AtomicLong state = new AtomicLong(IDLE); // or when the run began, made odd
    private final long nanos;
    private final Runnable cut;

    private RunLimit(long nanos, Runnable cut) {
        this.nanos = nanos;
        this.cut = cut;
    }

    /** Returns a limit for a runner of this session, which the runner closes. */
    static RunLimit of(ProgramSession session) {
        if (session.options().runLimit().isEmpty()) {
            return NONE;
        }
        var limit = new RunLimit(session.options().runLimit().get().toNanos(), session::spoil);
        synchronized (WATCHED) {
            if (!watching) {
                var watch = new Thread(RunLimit::watch, "tensorbridge-run-limit");
                watch.setDaemon(true);
                watch.start(); // looks when this lets go of the list
                watching = true;
            } else if (nextLook - System.nanoTime() > limit.pause()) {
                WATCHED.notifyAll(); // a wake-up for each small task would cost it more than its run
            }
            WATCHED.add(limit);
        }
        return limit;
    }

    /** Returns how long the watch may look away, in nanoseconds. */
    private long pause() {
        return Math.min(LONGEST_PAUSE, nanos / 10);
    }

    /**
     * Notes that a run begins.
     *
     * @param now the time by {@link System#nanoTime}
     * @return what {@link #end} is to be given
     */
    long begin(long now) {
        long run = now | 1;
        if (nanos > 0) {
            state.set(run);
        }
        return run;
    }

    /** Notes that a run is over, and returns whether it ended within the limit. */
    boolean end(long run) {
        if (nanos == 0 || state.compareAndSet(run, IDLE)) {
            return true;
        }
        while (state.get() != CUT) {
            LockSupport.parkNanos(100_000);
        }
        state.set(IDLE);
        return false;
    }

    /** Returns why a run failed that did not end within the limit. */
    String exceeded() {
        return "expected a run to end within %s, found it still running. Mend its loop, lower blockRows, or raise spark.tensorbridge.runTimeout"
                .formatted(describe(Duration.ofNanos(nanos)));
    }

    /** Returns a time as messages show it: {@code 2 s}, or {@code 1500 ms}. */
    static String describe(Duration time) {
        return time.toMillisPart() == 0 ? time.toSeconds() + " s" : time.toMillis() + " ms";
    }

    private static void watch() {
        while (true) {
            List<RunLimit> overdue = new ArrayList<>();
            synchronized (WATCHED) {
                if (WATCHED.isEmpty()) {
                    pause(LINGER);
                    if (WATCHED.isEmpty()) {
                        watching = false; // the thread would keep a class loader alive for nothing
                        return;
                    }
                }
                long pause = LONGEST_PAUSE;
                for (RunLimit limit : WATCHED) {
                    if (limit.isOverdue()) {
                        overdue.add(limit);
                    }
                    pause = Math.min(pause, limit.pause());
                }
                if (overdue.isEmpty()) {
                    pause(pause);
                }
            }
            overdue.forEach(RunLimit::cutShort);
        }
    }

    /** Waits until so many nanoseconds are over, or a limit comes that is to be looked at sooner. */
    private static void pause(long nanos) {
        nextLook = System.nanoTime() + nanos;
        try {
            TimeUnit.NANOSECONDS.timedWait(WATCHED, Math.max(nanos, 1_000_000));
        } catch (InterruptedException e) { // the thread is nobody's to interrupt; looking again does no harm
            Thread.interrupted();
        }
    }

    private boolean isOverdue() {
        long run = state.get();
        return (run & 1) == 1 && System.nanoTime() - run > nanos && state.compareAndSet(run, BEING_CUT);
    }

    private void cutShort() {
        try {
            cut.run();
        } finally {
            state.set(CUT);
        }
    }

    @Override
    public void close() {
        if (nanos > 0) {
            synchronized (WATCHED) {
                WATCHED.remove(this);
            }
        }
    }
}
