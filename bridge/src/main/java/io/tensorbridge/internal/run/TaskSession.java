package io.tensorbridge.internal.run;

import io.tensorbridge.arrow.BlockSource;
import io.tensorbridge.tensor.BlockRunner;
import io.tensorbridge.tensor.FailingRow;
import io.tensorbridge.tensor.ProgramException;
import io.tensorbridge.tensor.TransferLedger;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.jspecify.annotations.Nullable;

/**
 * A task's use of a program: the session is asked for when there is a first block, and given back when this is closed.
 *
 * <p>For use by one thread at a time.
 */
final class TaskSession implements AutoCloseable {

    private final ShippedProgram program;
    private final RunnerSpec spec;
    private final BufferAllocator allocator;
    private final TaskContext context;
    private final TaskMetrics metrics;
    private final TransferLedger ledger = new TransferLedger();
    private SessionRegistry.@Nullable Lease lease;
    private @Nullable BlockRunner runner;
    private long blockCount;

    TaskSession(
            ShippedProgram program,
            RunnerSpec spec,
            BufferAllocator allocator,
            TaskContext context,
            TaskMetrics metrics) {
        this.program = program;
        this.spec = spec;
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

    /** Runs columns of so many rows, in the order in which a source would give them; returns as {@link #run} does. */
    VectorSchemaRoot runColumns(List<FieldVector> columns, int rows) {
        try {
            return runner().run(columns, rows);
        } catch (ProgramException e) {
            throw failed(rows, e.reason(), e);
        }
    }

    /** Runs columns of so many rows that come out one by one; returns as {@link #run} does. If a row fails, it is named. */
    VectorSchemaRoot runRows(List<FieldVector> columns, int rows) {
        try {
            return runner().run(columns, rows);
        } catch (ProgramException e) {
            throw e.refusal().isPresent() ? failedOnRow(columns, rows, e) : failed(rows, e.reason(), e);
        }
    }

    private ProgramException failedOnRow(List<FieldVector> columns, int rows, ProgramException failure) {
        try {
            return FailingRow.find(runner(), columns, rows, context::killTaskIfInterrupted, allocator, ledger)
                    .map(found -> new ProgramException(
                            "Program '%s' failed on row %d of block %d of partition %d (%d rows)"
                                    .formatted(
                                            program.program().name(),
                                            found.row(),
                                            blockCount,
                                            context.partitionId(),
                                            rows),
                            found.failure().reason(),
                            failure))
                    .orElseGet(() -> failed(rows, failure.reason(), failure));
        } catch (TaskKilledException e) {
            throw e;
        } catch (RuntimeException e) { // the search is of no matter beside what it was for
            ProgramException failed = failed(rows, failure.reason(), failure);
            failed.addSuppressed(e);
            return failed;
        }
    }

    /**
     * Runs columns that are reduced to so many rows.
     *
     * @param columns as for {@link #runColumns}
     * @param rows how many rows of the partition these are
     * @param groups how many rows are to come out; fed to the program as its number of rows, if it asks for one
     */
    VectorSchemaRoot runGroups(List<FieldVector> columns, int rows, int groups) {
        VectorSchemaRoot outputs;
        try {
            outputs = runner().run(columns, groups);
        } catch (ProgramException e) {
            throw failed(rows, e.reason(), e);
        }
        if (outputs.getRowCount() != groups) {
            try (outputs) {
                throw failed(
                        rows,
                        "expected one row of each output for each of %d groups, found %d. Make the program reduce each to one row"
                                .formatted(groups, outputs.getRowCount()),
                        /* cause= */ null);
            }
        }
        return outputs;
    }

    /** Returns the time spent inside TensorFlow's run so far, in nanoseconds. */
    long runNanos() {
        return runner == null ? 0 : runner.runNanos();
    }

    /** Takes note that a block is done, of which nothing may have come out yet. */
    void countBlock() {
        blockCount++;
        metrics.add(TaskMetrics.BLOCKS, 1);
    }

    /** Takes note that a block is done. */
    void count(int rowsOut) {
        countBlock();
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
            SessionRegistry.Lease held = lease == null ? acquire() : lease;
            lease = held; // to be given back even if there comes no runner of it
            runner = spec.open(held.session(), program.program(), allocator, ledger, context::killTaskIfInterrupted);
        }
        return runner;
    }

    private SessionRegistry.Lease acquire() {
        SessionRegistry.Lease acquired = SessionRegistry.instance()
                .acquire(
                        program.key(context),
                        program::programToLoad,
                        program.idleLimits(),
                        context::killTaskIfInterrupted);
        SessionMetrics.show();
        if (acquired.hasLoaded()) {
            metrics.add(TaskMetrics.SESSIONS, 1);
            metrics.add(TaskMetrics.LOAD, TimeUnit.NANOSECONDS.toMillis(acquired.loadNanos()));
        }
        if (acquired.session().device().startsWith("GPU")) {
            metrics.add(TaskMetrics.ON_GPU, 1);
        }
        return acquired;
    }

    /** Counts what was done, and gives the session back. */
    @Override
    public void close() {
        BlockRunner open = runner;
        runner = null;
        Closing.all(
                "program " + program.sessionKey(),
                () -> {
                    metrics.addTransfers(ledger);
                    metrics.add(TaskMetrics.RUN, open == null ? 0 : open.runNanos());
                },
                open,
                lease);
    }
}
