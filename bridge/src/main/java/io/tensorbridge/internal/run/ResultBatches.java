package io.tensorbridge.internal.run;

import io.tensorbridge.arrow.ArrowBackedColumnVector;
import io.tensorbridge.arrow.Block;
import io.tensorbridge.arrow.BlockCopies;
import io.tensorbridge.arrow.BlockException;
import io.tensorbridge.arrow.BlockSource;
import io.tensorbridge.tensor.SignatureMismatchException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.apache.spark.util.TaskCompletionListener;
import org.jspecify.annotations.Nullable;

/**
 * The loop of a task: block by block through the sessions, one batch of results at a time.
 *
 * <p>A batch is valid until the next is asked for; what it is made of is freed then, or when the task ends, whoever has
 * closed or kept it. Sessions are asked for when there is a first block.
 *
 * <p>For use by one thread at a time. That is not always the task's own: Spark feeds external processes from another, which
 * may still be at it when the task ends. So the methods exclude each other, and a block under way is waited for.
 */
final class ResultBatches implements Iterator<ColumnarBatch>, TaskCompletionListener {

    private final MapBlocksTask task;
    private @Nullable BlockSource blocks; // null once closed: a task may go through many partitions
    private final BlockCopies copies;
    private final BufferAllocator allocator;
    private final TaskContext context;
    private final List<TaskSession> sessions;
    private final List<VectorSchemaRoot> results = new ArrayList<>(); // of the current block, program by program
    private boolean blockIsReady;

    ResultBatches(
            MapBlocksTask task,
            BlockSource blocks,
            BlockCopies copies,
            BufferAllocator allocator,
            TaskContext context) {
        this.task = task;
        this.blocks = blocks;
        this.copies = copies;
        this.allocator = allocator;
        this.context = context;
        this.sessions = task.runs().stream()
                .map(run -> new TaskSession(run.program(), run.spec(), allocator, context, task.metrics()))
                .toList();
    }

    @Override
    public synchronized boolean hasNext() {
        BlockSource open = blocks;
        if (blockIsReady || open == null) {
            return blockIsReady;
        }
        releaseResults();
        context.killTaskIfInterrupted(); // a run cannot be interrupted, so between two is the time
        try {
            blockIsReady = open.advance();
        } catch (BlockException e) {
            throw new SignatureMismatchException(String.valueOf(e.getMessage()), e);
        }
        if (!blockIsReady) {
            close(); // several partitions may share a task: do not wait for its end
        }
        return blockIsReady;
    }

    @Override
    public synchronized ColumnarBatch next() {
        if (!hasNext() || blocks == null) {
            throw new NoSuchElementException();
        }
        blockIsReady = false;
        Block block = blocks.block();
        run(blocks, block);
        List<ColumnVector> columns = new ArrayList<>(block.columns());
        results.forEach(outputs ->
                outputs.getFieldVectors().forEach(vector -> columns.add(new ArrowBackedColumnVector(vector))));
        int rows = results.get(0).getRowCount(); // that of all: several programs give a row for each row
        task.metrics().add(TaskMetrics.ROWS, rows);
        return new ColumnarBatch(columns.toArray(ColumnVector[]::new), rows);
    }

    private void run(BlockSource source, Block block) {
        long before = runNanos();
        try {
            for (int i = 0; i < sessions.size(); i++) {
                TaskSession session = sessions.get(i);
                VectorSchemaRoot outputs = session.runRows(task.runs().get(i).columnsOf(block.fed()), block.rowCount());
                results.add(outputs);
                if (!task.trimmed() && outputs.getRowCount() != block.rowCount()) {
                    throw session.failed(
                            block.rowCount(),
                            "expected one row of output '%s' for each input row, found %d. Use trim() if the program changes the number of rows"
                                    .formatted(
                                            task.runs()
                                                    .get(i)
                                                    .spec()
                                                    .fetches()
                                                    .get(0)
                                                    .output(),
                                            outputs.getRowCount()),
                            /* cause= */ null);
                }
                session.countBlock();
                task.metrics().add(TaskMetrics.FAILED, task.runs().get(i).spec().failedRows(outputs));
            }
        } finally {
            source.ran(runNanos() - before);
        }
    }

    private long runNanos() {
        long nanos = 0;
        for (TaskSession session : sessions) {
            nanos += session.runNanos();
        }
        return nanos;
    }

    private void releaseResults() {
        List<VectorSchemaRoot> open = List.copyOf(results);
        results.clear();
        Closing.all("the results of a block", open.toArray(AutoCloseable[]::new));
    }

    @Override
    public void onTaskCompletion(TaskContext completed) {
        close();
    }

    private synchronized void close() {
        BlockSource open = blocks;
        if (open == null) {
            return;
        }
        blocks = null;
        blockIsReady = false;
        List<AutoCloseable> all = new ArrayList<>();
        all.add(() -> count(open));
        all.add(this::releaseResults);
        all.addAll(sessions);
        all.add(open);
        all.add(() ->
                ExecutorMemory.close(allocator, task.runs().get(0).program().sessionKey(), context));
        Closing.all("partition " + context.partitionId(), all.toArray(AutoCloseable[]::new));
    }

    private void count(BlockSource source) {
        task.metrics().add(TaskMetrics.DROPPED, source.droppedRows());
        task.metrics().addCopies(copies);
        task.metrics().add(TaskMetrics.PEAK, allocator.getPeakMemoryAllocation());
    }
}
