package io.tensorbridge.internal.run;

import io.tensorbridge.arrow.BlockColumn;
import io.tensorbridge.arrow.BlockCopies;
import io.tensorbridge.arrow.BlockLimits;
import io.tensorbridge.arrow.BlockSource;
import io.tensorbridge.internal.bind.BoundFeed;
import io.tensorbridge.internal.bind.BoundFetch;
import io.tensorbridge.tensor.Program;
import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.spark.TaskContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.vectorized.ColumnarBatch;

/**
 * What an executor needs to know to run a program over a partition: a value that travels.
 *
 * @param sessionKey which session runs it
 * @param program the program, shipped apart
 * @param feeds the inputs
 * @param columnOfFeed for each feed, which of the columns feeds it
 * @param columns the columns that are fed, each once
 * @param fetches the outputs
 * @param limits how large a block may become
 * @param trimmed whether the result has the new columns alone
 * @param threads how many threads one operation of TensorFlow may use
 * @param metrics where to count
 */
public record MapBlocksTask(
        String sessionKey,
        Broadcast<Program> program,
        List<BoundFeed> feeds,
        List<Integer> columnOfFeed,
        List<BlockColumn> columns,
        List<BoundFetch> fetches,
        BlockLimits limits,
        boolean trimmed,
        int threads,
        TaskMetrics metrics)
        implements Serializable {

    /** Runs the program over a partition of rows. */
    public Iterator<ColumnarBatch> overRows(Iterator<InternalRow> rows, StructType schema) {
        return run((allocator, copies) -> BlockSource.ofRows(rows, schema, columns, keep(), limits, allocator, copies));
    }

    /** Runs the program over a partition of columnar batches. */
    public Iterator<ColumnarBatch> overBatches(Iterator<ColumnarBatch> batches) {
        return run((allocator, copies) -> BlockSource.ofBatches(batches, columns, keep(), limits, allocator, copies));
    }

    private BlockSource.Keep keep() {
        return trimmed ? BlockSource.Keep.NONE : BlockSource.Keep.ALL;
    }

    private Iterator<ColumnarBatch> run(SourceFactory factory) {
        TaskContext context = TaskContext.get();
        BufferAllocator allocator = ExecutorMemory.forTask("partition " + context.partitionId());
        var copies = new BlockCopies();
        BlockSource blocks;
        try {
            blocks = factory.open(allocator, copies);
        } catch (RuntimeException | Error e) {
            allocator.close();
            throw e;
        }
        var batches = new ResultBatches(this, blocks, copies, allocator, context);
        context.addTaskCompletionListener(batches);
        return batches;
    }

    private interface SourceFactory {
        BlockSource open(BufferAllocator allocator, BlockCopies copies);
    }
}
