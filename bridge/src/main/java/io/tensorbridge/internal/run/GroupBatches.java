package io.tensorbridge.internal.run;

import io.tensorbridge.arrow.BlockCopies;
import io.tensorbridge.arrow.BlockException;
import io.tensorbridge.arrow.GroupRows;
import io.tensorbridge.arrow.GroupedBlocks;
import io.tensorbridge.internal.bind.GroupForm;
import io.tensorbridge.tensor.SignatureMismatchException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.apache.spark.util.TaskCompletionListener;
import org.jspecify.annotations.Nullable;

/**
 * The loop of a task that reduces groups: block by block through the session, what came of one block carried into the next.
 *
 * <p>Rows that come as they will are reduced in part: all groups are carried on until the partition ends or there are too
 * many, and then given up as they are. Of sorted rows all groups of a block but the last are complete, and given up at once.
 *
 * <p>A batch is valid until the next is asked for; what it is made of is freed then, or when the task ends. Threads as with
 * {@link ResultBatches}.
 */
final class GroupBatches implements Iterator<ColumnarBatch>, TaskCompletionListener {

    private final GroupTask task;
    private @Nullable GroupedBlocks blocks; // null once closed: a task may go through many partitions
    private final BlockCopies copies;
    private final BufferAllocator allocator;
    private final TaskContext context;
    private final TaskSession session;
    private final GroupReduction reduction;
    private final Deque<GroupRows> complete = new ArrayDeque<>();
    private List<GroupRows> reduced = List.of(); // owned; what is carried or complete is a part of it
    private List<GroupRows> carried = List.of();
    private boolean groupsAreGivenUp;
    private boolean ended;

    GroupBatches(
            GroupTask task, GroupedBlocks blocks, BlockCopies copies, BufferAllocator allocator, TaskContext context) {
        this.task = task;
        this.blocks = blocks;
        this.copies = copies;
        this.allocator = allocator;
        this.context = context;
        boolean segmented = task.form() == GroupForm.SEGMENTED;
        this.session = new TaskSession(
                task.program(),
                segmented
                        ? SegmentReduction.spec(task.fed(), task.fetches())
                        : StackReduction.spec(task.fed(), task.fetches()),
                allocator,
                context,
                task.metrics());
        this.reduction =
                segmented ? new SegmentReduction(session, allocator) : new StackReduction(session, allocator, context);
    }

    @Override
    public synchronized boolean hasNext() {
        GroupedBlocks open = blocks;
        if (open == null) {
            return false;
        }
        while (complete.isEmpty() && !ended) {
            advance(open);
        }
        if (complete.isEmpty()) {
            close(); // several partitions may share a task: do not wait for its end
            return false;
        }
        return true;
    }

    @Override
    public synchronized ColumnarBatch next() {
        if (!hasNext() || blocks == null) {
            throw new NoSuchElementException();
        }
        GroupRows rows = complete.remove();
        task.metrics().add(TaskMetrics.ROWS, rows.count());
        return blocks.batch(rows);
    }

    /** Reduces the next block. */
    private void advance(GroupedBlocks open) {
        context.killTaskIfInterrupted(); // a run cannot be interrupted, so between two is the time
        if (groupsAreGivenUp) {
            groupsAreGivenUp = false;
            carried = List.of();
            open.clearGroups();
            releaseReduced();
        }
        try {
            ended = !open.advance(carried);
        } catch (BlockException e) {
            throw new SignatureMismatchException(String.valueOf(e.getMessage()), e);
        }
        if (ended) {
            complete.addAll(carried);
            return;
        }
        releaseReduced(); // what was carried is in the block
        long before = session.runNanos();
        reduced = reduction.reduce(open);
        open.ran(session.runNanos() - before);
        session.countBlock();
        if (task.order() == GroupedBlocks.Order.SORTED) {
            giveUpAllButTheLast(open.groupCount() - 1);
        } else {
            carried = reduced;
            if (open.isFull()) {
                complete.addAll(carried);
                groupsAreGivenUp = true;
            }
        }
    }

    private void giveUpAllButTheLast(int last) {
        for (GroupRows rows : reduced) {
            GroupRows done = rows;
            if (rows.group(rows.count() - 1) == last) {
                carried = List.of(rows.lastAsFirst());
                done = rows.withoutLast();
            }
            if (done.count() > 0) {
                complete.add(done);
            }
        }
    }

    private void releaseReduced() {
        reduced.forEach(rows -> rows.rows().close());
        reduced = List.of();
    }

    @Override
    public void onTaskCompletion(TaskContext completed) {
        close();
    }

    private synchronized void close() {
        GroupedBlocks open = blocks;
        if (open == null) {
            return;
        }
        blocks = null;
        complete.clear();
        Closing.all(
                "partition %d".formatted(context.partitionId()),
                () -> count(open),
                this::releaseReduced,
                session,
                open,
                () -> ExecutorMemory.close(allocator, task.program().sessionKey(), context));
    }

    private void count(GroupedBlocks source) {
        task.metrics().add(TaskMetrics.DROPPED, source.droppedRows());
        task.metrics().addCopies(copies);
        task.metrics().add(TaskMetrics.PEAK, allocator.getPeakMemoryAllocation());
    }
}
