package io.tensorbridge.internal.run;

import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.ProgramSession;
import io.tensorbridge.tensor.SessionOptions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;

/**
 * The sessions of an executor: one per program and thread settings, loaded by whoever comes first while the others wait.
 *
 * <p>A session that nobody uses stays, for the tasks to come; of these only so many are kept. Closing is done by a thread
 * of the registry's own, since a task may be interrupted while it closes. Safe for use by several threads.
 */
public final class SessionRegistry {

    private static final int MOST_IDLE = 16;
    private static final SessionRegistry INSTANCE = new SessionRegistry();

    private final Map<Key, Entry> entries = new HashMap<>(); // guarded by this
    private final ExecutorService closer = Executors.newSingleThreadExecutor(task -> {
        var thread = new Thread(task, "tensorbridge-session-closer");
        thread.setDaemon(true);
        return thread;
    });
    private long uses; // guarded by this

    private SessionRegistry() {}

    /** Returns this process's registry. */
    public static SessionRegistry instance() {
        return INSTANCE;
    }

    private record Key(String sessionKey, SessionOptions options) {}

    /**
     * Returns a session for a program, loaded now or before.
     *
     * @param sessionKey the program's {@link Program#sessionKey}
     * @param program how to come by the program, if it has to be loaded
     * @return a lease, which the caller closes; the session is not the caller's
     */
    Lease acquire(String sessionKey, SessionOptions options, Supplier<Program> program) {
        var key = new Key(sessionKey, options);
        while (true) {
            Entry entry;
            boolean first;
            synchronized (this) {
                entry = entries.get(key);
                first = entry == null;
                if (entry == null) {
                    entry = new Entry(program, options);
                    entries.put(key, entry);
                }
                entry.users++;
                entry.lastUse = ++uses;
            }
            try {
                long start = System.nanoTime();
                if (first) {
                    entry.loading.run();
                }
                ProgramSession session = entry.loading.get();
                return new Lease(key, entry, session, first ? System.nanoTime() - start : -1);
            } catch (ExecutionException e) {
                abandon(key, entry);
                if (first) {
                    throw e.getCause() instanceof RuntimeException cause
                            ? cause
                            : new IllegalStateException("Cannot load program " + sessionKey, e.getCause());
                }
                // another task has failed to load it, perhaps because it was killed meanwhile: try oneself
            } catch (InterruptedException e) {
                release(key, entry);
                Thread.currentThread().interrupt();
                throw new IllegalStateException("Interrupted while another task loads the program", e);
            }
        }
    }

    private synchronized void abandon(Key key, Entry entry) {
        entry.users--;
        entries.remove(key, entry); // the next one tries again
    }

    private void release(Key key, Entry entry) {
        List<Entry> evicted = new ArrayList<>();
        synchronized (this) {
            entry.users--;
            if (entry.isSpoiled()) { // the next one loads another
                entries.remove(key, entry);
                if (entry.users == 0) {
                    evicted.add(entry);
                }
            }
            List<Map.Entry<Key, Entry>> idle = new ArrayList<>(entries.entrySet());
            idle.removeIf(candidate -> candidate.getValue().users > 0);
            idle.sort(Comparator.comparingLong(candidate -> candidate.getValue().lastUse));
            for (int i = 0; i < idle.size() - MOST_IDLE; i++) {
                entries.remove(idle.get(i).getKey());
                evicted.add(idle.get(i).getValue());
            }
        }
        evicted.forEach(old -> closer.execute(old::close));
    }

    /** Closes all sessions that nobody uses, and waits until this is done; for tests and for shutting down. */
    public void closeIdle() {
        List<Entry> idle = new ArrayList<>();
        synchronized (this) {
            entries.values().removeIf(entry -> entry.users == 0 && idle.add(entry));
        }
        for (Entry entry : idle) {
            try {
                closer.submit(entry::close).get();
            } catch (ExecutionException e) {
                throw new IllegalStateException("Cannot close a session", e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private static final class Entry {
        private final FutureTask<ProgramSession> loading;
        private int users; // guarded by the registry
        private long lastUse; // guarded by the registry

        Entry(Supplier<Program> program, SessionOptions options) {
            this.loading = new FutureTask<>(() -> ProgramSession.load(program.get(), options));
        }

        boolean isSpoiled() {
            try {
                return loading.isDone() && loading.get().isSpoiled();
            } catch (ExecutionException e) {
                return false; // it was not even loaded
            } catch (InterruptedException e) {
                throw new AssertionError("What is done is not waited for", e);
            }
        }

        void close() {
            try {
                loading.get().close();
            } catch (ExecutionException | InterruptedException e) {
                throw new IllegalStateException("Cannot close a session", e); // what has loaded cannot throw this
            }
        }
    }

    /** The use of a session by one task. */
    final class Lease implements AutoCloseable {

        private final Key key;
        private final Entry entry;
        private final ProgramSession session;
        private final long loadNanos;
        private boolean closed;

        private Lease(Key key, Entry entry, ProgramSession session, long loadNanos) {
            this.key = key;
            this.entry = entry;
            this.session = session;
            this.loadNanos = loadNanos;
        }

        ProgramSession session() {
            return session;
        }

        /** Returns whether this use loaded the session. */
        boolean hasLoaded() {
            return loadNanos >= 0;
        }

        /** Returns how long the load took, if this use did it. */
        long loadNanos() {
            return Math.max(0, loadNanos);
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                release(key, entry);
            }
        }
    }
}
