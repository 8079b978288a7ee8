package io.tensorbridge.tensor;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tensorbridge.model.internal.ModelFiles;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.StampedLock;
import org.apache.arrow.memory.BufferAllocator;

/**
 * A program loaded into TensorFlow.
 *
 * <p>Safe for use by several threads, each with a {@link BlockRunner} of its own. Closing waits for the runs that are
 * under way; runs that come later are refused.
 */
public final class ProgramSession implements AutoCloseable {

    private final String sessionKey;
    private final long bytes;
    private final NativeSession session;
    private final StampedLock lifetime = new StampedLock(); // the cheapest to read: it is taken at every run
    private final SessionOptions options;
    private final String device;
    private boolean closed; // guarded by lifetime
    private volatile boolean spoiled;

    private ProgramSession(Program program, NativeSession session, SessionOptions options, String device) {
        this.sessionKey = program.sessionKey();
        this.bytes = program.files().length();
        this.session = session;
        this.options = options;
        this.device = device;
    }

    /**
     * Loads a program, and runs it once if it {@linkplain Program#warmUp says} with what. A saved model is written to a private directory for TensorFlow to read, and removed again.
     *
     * @return a session, which the caller closes; not from a Spark task, since closing cannot be interrupted
     * @throws ProgramException if TensorFlow cannot load it
     */
    public static ProgramSession load(Program program, SessionOptions options) {
        String what = "Cannot load program '%s'".formatted(program.name());
        Devices.require(what, options);
        String device = Devices.of(options);
        NativeSession session = switch (program.form()) {
            case GRAPH_DEF -> NativeSession.ofGraph(what, graphOf(what, program, options), options.toConfig());
            case SAVED_MODEL -> loadSavedModel(what, program, options);
        };
        var loaded = new ProgramSession(program, session, options, device);
        if (!program.warmUp().isEmpty()) {
            try {
                WarmUp.run(what, loaded, program);
            } catch (RuntimeException | Error e) {
                loaded.close();
                throw e;
            }
        }
        return loaded;
    }

    private static byte[] graphOf(String what, Program program, SessionOptions options) {
        try {
            byte[] graph = program.files().bytes(ModelFiles.GRAPH);
            Optional<String> device = placementOf(options);
            return device.isPresent() ? Placement.ofGraph(graph, device.get()) : graph;
        } catch (InvalidProtocolBufferException e) {
            throw new ProgramException(what, "its graph cannot be read (%s)".formatted(e.getMessage()), e);
        } catch (UncheckedIOException e) {
            throw new ProgramException(what, "%s. %s".formatted(e.getMessage(), WrittenModel.IF_AGAIN), e);
        }
    }

    private static NativeSession loadSavedModel(String what, Program program, SessionOptions options) {
        Optional<String> device = placementOf(options);
        try (WrittenModel written = WrittenModel.of(what, program)) {
            return device.isPresent()
                    ? written.load(options.toConfig(), device.get())
                    : written.load(options.toConfig());
        }
    }

    /** Returns which of several GPUs the graph is to be put on; without it TensorFlow takes the first there is. */
    private static Optional<String> placementOf(SessionOptions options) {
        return options.gpu().isPresent()
                        && Devices.of(options).equals("GPU:" + options.gpu().getAsInt())
                ? Optional.of("/device:" + Devices.of(options))
                : Optional.empty();
    }

    /**
     * Prepares to run blocks through this session.
     *
     * @param program which signature to run; its files must be those that this session was loaded from
     * @param feeds one for every input that the fetched outputs need, in whatever form
     * @param fetches the outputs wanted, in order
     * @param allocator where the columns that come out are accounted for; it stays the caller's
     * @param ledger where copies are counted
     * @return a runner for one thread, which the caller closes before this session
     */
    public BlockRunner runner(
            Program program, List<Feed> feeds, List<Fetch> fetches, BufferAllocator allocator, TransferLedger ledger) {
        if (!program.sessionKey().equals(sessionKey)) {
            throw new IllegalArgumentException(
                    "Cannot run program '%s': this session was loaded from other files".formatted(program.name()));
        }
        long stamp = enter();
        try {
            return new DirectRunner(this, program, feeds, fetches, allocator, ledger);
        } finally {
            leave(stamp);
        }
    }

    /**
     * Prepares to run blocks whose rows may be of different shapes, through a program that takes rows of one shape and
     * minds each by itself: it is run once for each shape that a block has. Rows keep their order.
     *
     * <p>A block of one shape is run as it is. The rows of another are copied, and so are their results, whose cells may
     * then be of different shapes too.
     *
     * @param program as for {@link #runner}
     * @param feeds as for {@link #runner}, but columns in no other form than {@link Feed.Dense}
     * @param fetches as for {@link #runner}
     * @param allocator as for {@link #runner}
     * @param ledger as for {@link #runner}
     * @return a runner for one thread, which the caller closes before this session
     */
    public BlockRunner runnerOfRows(
            Program program, List<Feed> feeds, List<Fetch> fetches, BufferAllocator allocator, TransferLedger ledger) {
        List<RowShapes.GroupedColumn> columns = GroupingRunner.columnsOf(program, feeds);
        return new GroupingRunner(
                program, runner(program, feeds, fetches, allocator, ledger), columns, fetches, allocator, ledger);
    }

    /** Returns how many bytes the program's files have: about what the session takes of memory. */
    public long bytes() {
        return bytes;
    }

    /** Returns the device that it runs on, such as {@code CPU:0} or {@code GPU:1}. */
    public String device() {
        return device;
    }

    /**
     * Returns whether a run has not ended within the limit. The session is of no more use to anybody, since all its runs
     * were cut short: close it and load another.
     */
    public boolean isSpoiled() {
        return spoiled;
    }

    /** Cuts all runs short. To be called while the session cannot close, since a run is between enter and leave. */
    void spoil() {
        spoiled = true;
        session.cut();
    }

    /** Throws if another run has spoiled the session. */
    void requireSound(String what) {
        if (spoiled) {
            throw new ProgramException(
                    what,
                    "expected an open session, found it closed since another run did not end within %s. Run it again"
                            .formatted(RunLimit.describe(options.runLimit().orElseThrow())));
        }
    }

    SessionOptions options() {
        return options;
    }

    NativeSession session() {
        return session;
    }

    /** Keeps the session open until {@link #leave} is given what this returns. */
    long enter() {
        long stamp = lifetime.readLock();
        if (closed) {
            lifetime.unlockRead(stamp);
            throw new IllegalStateException("This session is closed");
        }
        return stamp;
    }

    void leave(long stamp) {
        lifetime.unlockRead(stamp);
    }

    @Override
    public void close() {
        long stamp = lifetime.writeLock();
        try {
            if (!closed) {
                closed = true;
                session.close();
            }
        } finally {
            lifetime.unlockWrite(stamp);
        }
    }
}
