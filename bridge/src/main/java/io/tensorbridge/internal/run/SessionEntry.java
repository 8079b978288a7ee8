package io.tensorbridge.internal.run;

import io.tensorbridge.tensor.ProgramSession;
import io.tensorbridge.tensor.SessionOptions;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** A session of a {@link SessionRegistry}, or one that is being loaded; all but the waiting is guarded by the registry. */
final class SessionEntry {

    private static final long POLL_MILLIS = 100;

    /**
     * What tasks must share to share a session.
     *
     * @param sessionKey files and tags; see {@link io.tensorbridge.tensor.Program#sessionKey}
     * @param options how it runs
     */
    record Key(String sessionKey, SessionOptions options) {}

    private final Key key;
    private final CompletableFuture<ProgramSession> loading = new CompletableFuture<>();
    private String name;
    private @Nullable ProgramSession session;
    private int users;
    private long lastUse;
    private long idleSince;

    SessionEntry(Key key) {
        this.key = key;
        this.name = key.sessionKey();
    }

    Key key() {
        return key;
    }

    /** Returns the program's name and digest, as far as they are known. */
    String name() {
        return name;
    }

    void enter(long use) {
        users++;
        lastUse = use;
    }

    void leave(long now) {
        users--;
        idleSince = now;
    }

    void loaded(String programName, ProgramSession loaded, long now) {
        name = programName;
        session = loaded;
        idleSince = now;
    }

    boolean isUsed() {
        return users > 0;
    }

    /** Returns whether there is a session, and nobody uses it. */
    boolean isIdle() {
        return session != null && users == 0;
    }

    boolean isOpen() {
        return session != null;
    }

    boolean isSpoiled() {
        return session != null && session.isSpoiled();
    }

    /** Returns the bytes of the program's files; 0 before it is loaded. */
    long bytes() {
        return session == null ? 0 : session.bytes();
    }

    long lastUse() {
        return lastUse;
    }

    long idleSince() {
        return idleSince;
    }

    /** Lets those who wait go on; not to be called by who holds the registry. */
    void publish(ProgramSession loaded) {
        loading.complete(loaded);
    }

    /** Fails those who wait; not to be called by who holds the registry. */
    void fail(Throwable cause) {
        loading.completeExceptionally(cause);
    }

    /**
     * Waits for the session.
     *
     * @param checkKilled throws if the task has been killed
     */
    ProgramSession await(Runnable checkKilled) {
        while (true) {
            try {
                return loading.get(POLL_MILLIS, TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) { // still loading, but perhaps not for this task
                checkKilled.run();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                checkKilled.run();
                throw new IllegalStateException(
                        "Interrupted while program %s is loaded".formatted(key.sessionKey()), e);
            } catch (ExecutionException e) {
                if (e.getCause() instanceof RuntimeException cause) {
                    throw cause; // one for all who wait, who only read it
                }
                throw new IllegalStateException("Cannot load program %s".formatted(key.sessionKey()), e.getCause());
            }
        }
    }
}
