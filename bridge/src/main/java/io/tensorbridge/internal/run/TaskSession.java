package io.tensorbridge.internal.run;

import io.tensorbridge.arrow.BlockSource;
import io.tensorbridge.arrow.NullPolicy;
import io.tensorbridge.internal.bind.BoundFeed;
import io.tensorbridge.internal.bind.BoundFetch;
import io.tensorbridge.tensor.BlockRunner;
import io.tensorbridge.tensor.Feed;
import io.tensorbridge.tensor.Fetch;
import io.tensorbridge.tensor.ProgramException;
import io.tensorbridge.tensor.SessionOptions;
import io.tensorbridge.tensor.TransferLedger;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.spark.TaskContext;
import org.jspecify.annotations.Nullable;

/**
 * A task's use of a program: the session is asked for when there is a first block, and given back when this is closed.
 *
 * <p>For use by one thread at a time.
 */
final class TaskSession implements AutoCloseable {

    private final ShippedProgram program;
    private final FedColumns fed;
    private final List<BoundFetch> fetches;
    private final BufferAllocator allocator;
    private final TaskContext context;
    private final TaskMetrics metrics;
    private final TransferLedger ledger = new TransferLedger();
    private SessionRegistry.@Nullable Lease lease;
    private @Nullable BlockRunner runner;
    private long blockCount;

    TaskSession(
            ShippedProgram program,
            FedColumns fed,
            List<BoundFetch> fetches,
            BufferAllocator allocator,
            TaskContext context,
            TaskMetrics metrics) {
        this.program = program;
        this.fed = fed;
        this.fetches = fetches;
        this.allocator = allocator;
        this.context = context;
        this.metrics = metrics;
    }

    /** Runs the current block of a source; returns a column for each fetch, which the caller closes. */
    VectorSchemaRoot run(BlockSource source) {
        BlockRunner open = runner();
        long before = open.runNanos();
        try {
            return runColumns(
                    source.block().fed().getFieldVectors(), source.block().rowCount());
        } finally {
            source.ran(open.runNanos() - before);
        }
    }

    /** Runs columns of so many rows, as a source would give them; returns as {@link #run} does. */
    VectorSchemaRoot runColumns(List<FieldVector> columns, int rows) {
        return runFeeds(fed.vectorOfFeed(columns), rows);
    }

    /** Runs one column for each feed; returns as {@link #run} does. */
    VectorSchemaRoot runFeeds(List<FieldVector> vectorOfFeed, int rows) {
        try {
            return runner().run(vectorOfFeed, rows);
        } catch (ProgramException e) {
            throw failed(rows, e.reason(), e);
        }
    }

    /** Takes note that a block is done. */
    void count(int rowsOut) {
        blockCount++;
        metrics.add(TaskMetrics.BLOCKS, 1);
        metrics.add(TaskMetrics.ROWS, rowsOut);
    }

    /** Returns the failure of the block under way. */
    ProgramException failed(int rows, String reason, @Nullable Throwable cause) {
        String where = "Program '%s' failed on block %d of partition %d (%d rows)"
                .formatted(program.program().name(), blockCount, context.partitionId(), rows);
        return cause == null ? new ProgramException(where, reason) : new ProgramException(where, reason, cause);
    }

    private BlockRunner runner() {
        if (runner == null) {
            lease = SessionRegistry.instance()
                    .acquire(
                            program.sessionKey(),
                            SessionOptions.onCallingThread(program.threads()),
                            program.broadcast()::value);
            if (lease.hasLoaded()) {
                metrics.add(TaskMetrics.SESSIONS, 1);
                metrics.add(TaskMetrics.LOAD, TimeUnit.NANOSECONDS.toMillis(lease.loadNanos()));
            }
            runner = lease.session().runner(program.program(), feeds(), columns(), allocator, ledger);
        }
        return runner;
    }

    private List<Feed> feeds() {
        List<Feed> feeds = new ArrayList<>();
        for (int i = 0; i < fed.feeds().size(); i++) {
            BoundFeed feed = fed.feeds().get(i);
            var column = new Feed.Column(
                    i,
                    feed.column(),
                    feed.onNull() instanceof NullPolicy.Fill ? Feed.NullSlots.FILLED : Feed.NullSlots.REFUSED);
            feeds.add(new Feed.Dense(feed.input(), column, feed.cellShape()));
        }
        return feeds;
    }

    private List<Fetch> columns() {
        return fetches.stream()
                .map(fetch -> new Fetch(
                        fetch.output(),
                        fetch.elementType().field(fetch.column(), fetch.cell().size()),
                        fetch.cellShape(),
                        fetch.rows()))
                .toList();
    }

    /** Counts what was done, and gives the session back. */
    @Override
    public void close() {
        BlockRunner open = runner;
        runner = null;
        Closing.all(
                "program '%s'".formatted(program.sessionKey()),
                () -> {
                    metrics.addTransfers(ledger);
                    metrics.add(TaskMetrics.RUN, open == null ? 0 : open.runNanos());
                },
                open,
                lease);
    }
}
