package io.tensorbridge.internal.run;

import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.ProgramSession;
import io.tensorbridge.tensor.SessionOptions;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sessions of an executor: one per program and settings, loaded for whoever comes first while the others wait.
 *
 * <p>A session that nobody uses stays, for the tasks to come. Of these only so much is kept: what goes beyond is closed, the
 * one that was used least recently first, when another session is loaded or after some time of grace, so that tasks in turn
 * do not load what the one before has just given back. Safe for use by several threads.
 */
public final class SessionRegistry {

    /*
     * Neither loading nor closing is done by a task's thread. A task may be killed while others wait for what it loads, and
     * is to leave at once; and TensorFlow's close, interrupted, would leave the session behind.
     */

    private static final Logger LOG = LoggerFactory.getLogger(SessionRegistry.class);
    private static final Duration GRACE = Duration.ofSeconds(30);
    private static final SessionRegistry INSTANCE = new SessionRegistry(ProgramSession::load, GRACE);

    /** How a session is made. */
    interface Loader {
        ProgramSession load(Program program, SessionOptions options);
    }

    private final Loader loader;
    private final long graceNanos;
    private final Map<SessionEntry.Key, SessionEntry> entries = new HashMap<>(); // guarded by this
    private final ScheduledThreadPoolExecutor closer = new ScheduledThreadPoolExecutor(1, task -> {
        var thread = new Thread(task, "tensorbridge-session-closer");
        thread.setDaemon(true);
        return thread;
    });
    private IdleLimits limits = new IdleLimits(Integer.MAX_VALUE, Long.MAX_VALUE); // guarded by this; the last task's
    private @Nullable Future<?> sweep; // guarded by this; null unless one is due
    private long uses; // guarded by this
    private long loads; // guarded by this
    private long hits; // guarded by this
    private long evictions; // guarded by this
    private long failures; // guarded by this

    SessionRegistry(Loader loader, Duration grace) {
        this.loader = loader;
        this.graceNanos = grace.toNanos();
    }

    /** Returns this process's registry. */
    public static SessionRegistry instance() {
        return INSTANCE;
    }

    /**
     * Returns a session for a program, loaded now or before.
     *
     * @param key which session
     * @param program how to come by the program, if it has to be loaded; asked for by a thread of the registry's own
     * @param idle what to keep of idle sessions from now on
     * @param checkKilled throws if the task has been killed; called while the task waits
     * @return a lease, which the caller closes; the session is not the caller's
     */
    Lease acquire(SessionEntry.Key key, Supplier<Program> program, IdleLimits idle, Runnable checkKilled) {
        long start = System.nanoTime();
        SessionEntry entry;
        boolean first;
        synchronized (this) {
            limits = idle;
            entry = entries.get(key);
            first = entry == null || entry.isSpoiled(); // who uses a spoiled one still, closes it
            if (entry == null || first) {
                entry = new SessionEntry(key);
                entries.put(key, entry);
            } else {
                hits++;
            }
            entry.enter(++uses);
        }
        try {
            if (first) {
                startLoading(entry, program);
            }
            ProgramSession session = entry.await(checkKilled);
            return new Lease(entry, session, first ? System.nanoTime() - start : -1);
        } catch (RuntimeException | Error e) {
            release(entry);
            throw e;
        }
    }

    private void startLoading(SessionEntry entry, Supplier<Program> program) {
        var thread = new Thread(() -> load(entry, program), "tensorbridge-session-loader");
        thread.setDaemon(true);
        thread.setContextClassLoader(Thread.currentThread().getContextClassLoader()); // the program is read with it
        try {
            thread.start();
        } catch (Error e) { // no thread to be had
            failed(entry, e);
        }
    }

    private void load(SessionEntry entry, Supplier<Program> program) {
        long start = System.nanoTime();
        Program loading;
        ProgramSession session;
        try {
            evictIdle(/* idleNanos= */ 0); // room for the new one
            loading = program.get();
            session = loader.load(loading, entry.key().options());
        } catch (Throwable e) { // whatever it is, those who wait are to know
            failed(entry, e);
            return;
        }
        SessionCounts counts;
        synchronized (this) {
            loads++;
            entry.loaded(loading.toString(), session, System.nanoTime());
            counts = counts();
        }
        LOG.info(
                "Loaded session {} on {}: {} bytes in {} ms; {} open with {} bytes, {} in use",
                entry.name(),
                session.device(),
                entry.bytes(),
                millisSince(start),
                counts.open(),
                counts.bytes(),
                counts.inUse());
        entry.publish(session);
        scheduleSweep(); // those who wanted it may have been killed meanwhile
    }

    private void failed(SessionEntry entry, Throwable cause) {
        synchronized (this) {
            failures++;
            entries.remove(entry.key(), entry); // the next one tries again
        }
        entry.fail(cause);
    }

    private void release(SessionEntry entry) {
        boolean spoiled;
        synchronized (this) {
            entry.leave(System.nanoTime());
            spoiled = entry.isSpoiled();
            if (spoiled) {
                entries.remove(entry.key(), entry); // the next one loads another
                if (!entry.isUsed()) {
                    evict(List.of(entry), "a run of it was cut short");
                }
            }
        }
        if (!spoiled) {
            scheduleSweep();
        }
    }

    /** Sees to it that idle sessions beyond the limits are closed, once their grace is over. */
    private synchronized void scheduleSweep() {
        if (sweep == null && !beyondLimits(/* idleNanos= */ 0).isEmpty()) {
            sweep = closer.schedule(this::sweep, graceNanos, TimeUnit.NANOSECONDS);
        }
    }

    private void sweep() {
        synchronized (this) {
            sweep = null;
        }
        evictIdle(graceNanos);
        scheduleSweep(); // for those whose grace is not over
    }

    private synchronized void evictIdle(long idleNanos) {
        List<SessionEntry> evicted = beyondLimits(idleNanos);
        evicted.forEach(entry -> entries.remove(entry.key(), entry));
        evict(evicted, "idle beyond spark.tensorbridge.idleSessions or idleSessionBytes");
    }

    private List<SessionEntry> beyondLimits(long idleNanos) {
        return limits.beyond(entries.values(), idleNanos, System.nanoTime());
    }

    private void evict(List<SessionEntry> evicted, String why) {
        evictions += evicted.size();
        evicted.forEach(entry -> closer.execute(() -> close(entry, why)));
    }

    private void close(SessionEntry entry, String why) {
        long start = System.nanoTime();
        try {
            entry.await(() -> {}).close();
        } catch (RuntimeException e) { // nobody waits for this
            LOG.error("Cannot close session {}", entry.name(), e);
            return;
        }
        SessionCounts counts = counts();
        LOG.info(
                "Closed session {}, {}: {} bytes in {} ms; {} open with {} bytes, {} in use",
                entry.name(),
                why,
                entry.bytes(),
                millisSince(start),
                counts.open(),
                counts.bytes(),
                counts.inUse());
    }

    private static long millisSince(long start) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    }

    /** Returns what there is, and what was done. */
    synchronized SessionCounts counts() {
        List<SessionEntry> open =
                entries.values().stream().filter(SessionEntry::isOpen).toList();
        return new SessionCounts(
                open.size(),
                (int) open.stream().filter(SessionEntry::isUsed).count(),
                open.stream().mapToLong(SessionEntry::bytes).sum(),
                loads,
                hits,
                evictions,
                failures);
    }

    /** Closes all sessions that nobody uses, and waits until this is done; for tests and for shutting down. */
    public void closeIdle() {
        synchronized (this) {
            List<SessionEntry> idle =
                    entries.values().stream().filter(SessionEntry::isIdle).toList();
            idle.forEach(entry -> entries.remove(entry.key(), entry));
            evict(idle, "asked for");
        }
        try {
            closer.submit(() -> {}).get(); // closed one after the other
        } catch (ExecutionException e) {
            throw new AssertionError("Nothing was done", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The use of a session by one task. */
    final class Lease implements AutoCloseable {

        private final SessionEntry entry;
        private final ProgramSession session;
        private final long loadNanos;
        private boolean closed;

        private Lease(SessionEntry entry, ProgramSession session, long loadNanos) {
            this.entry = entry;
            this.session = session;
            this.loadNanos = loadNanos;
        }

        ProgramSession session() {
            return session;
        }

        /** Returns whether the session was loaded for this use. */
        boolean hasLoaded() {
            return loadNanos >= 0;
        }

        /** Returns how long the load took, if the session was loaded for this use. */
        long loadNanos() {
            return Math.max(0, loadNanos);
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                release(entry);
            }
        }
    }
}
