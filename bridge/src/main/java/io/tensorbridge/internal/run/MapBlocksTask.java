package io.tensorbridge.internal.run;

import io.tensorbridge.arrow.BlockCopies;
import io.tensorbridge.arrow.BlockLimits;
import io.tensorbridge.arrow.BlockSource;
import java.util.Iterator;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.vectorized.ColumnarBatch;

/**
 * What an executor needs to know to run a program over a partition: a value that travels.
 *
 * @param program the program
 * @param spec how it runs
 * @param limits how large a block may become
 * @param trimmed whether the result has the new columns alone
 * @param metrics where to count
 */
public record MapBlocksTask(
        ShippedProgram program, RunnerSpec spec, BlockLimits limits, boolean trimmed, TaskMetrics metrics)
        implements PartitionTask<ColumnarBatch> {

    @Override
    public Iterator<ColumnarBatch> overRows(Iterator<InternalRow> rows, StructType schema) {
        return run((allocator, copies) ->
                BlockSource.ofRows(rows, schema, spec.fed().columns(), keep(), limits, allocator, copies));
    }

    @Override
    public Iterator<ColumnarBatch> overBatches(Iterator<ColumnarBatch> batches) {
        return run((allocator, copies) ->
                BlockSource.ofBatches(batches, spec.fed().columns(), keep(), limits, allocator, copies));
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
