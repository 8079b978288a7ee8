package io.tensorbridge.internal.run;

import io.tensorbridge.arrow.BlockCopies;
import io.tensorbridge.arrow.GroupLimits;
import io.tensorbridge.arrow.GroupedBlocks;
import io.tensorbridge.arrow.KeyColumn;
import io.tensorbridge.internal.bind.BoundFetch;
import io.tensorbridge.internal.bind.GroupForm;
import java.util.Iterator;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.vectorized.ColumnarBatch;

/**
 * What an executor needs to know to reduce the groups of a partition: a value that travels.
 *
 * @param program the reduction, in its form for many groups
 * @param form which form that is
 * @param keys the columns to group by
 * @param order how rows come: as they will where groups are reduced in part, sorted where they are completed
 * @param fed the columns that are fed, one for each feed
 * @param fetches the outputs, in the order of the feeds
 * @param limits how large a block may become, and how many groups are kept
 * @param metrics where to count
 */
public record GroupTask(
        ShippedProgram program,
        GroupForm form,
        List<KeyColumn> keys,
        GroupedBlocks.Order order,
        FedColumns fed,
        List<BoundFetch> fetches,
        GroupLimits limits,
        TaskMetrics metrics)
        implements PartitionTask<ColumnarBatch> {

    @Override
    public Class<ColumnarBatch> resultType() {
        return ColumnarBatch.class;
    }

    @Override
    public Iterator<ColumnarBatch> overRows(Iterator<InternalRow> rows, StructType schema) {
        return run((allocator, copies) ->
                GroupedBlocks.ofRows(rows, keys, order, fed.columns(), limits, allocator, copies));
    }

    @Override
    public Iterator<ColumnarBatch> overBatches(Iterator<ColumnarBatch> batches) {
        return run((allocator, copies) ->
                GroupedBlocks.ofBatches(batches, keys, order, fed.columns(), limits, allocator, copies));
    }

    private Iterator<ColumnarBatch> run(SourceFactory factory) {
        TaskContext context = TaskContext.get();
        BufferAllocator allocator = ExecutorMemory.forTask("partition " + context.partitionId());
        var copies = new BlockCopies();
        GroupedBlocks blocks;
        try {
            blocks = factory.open(allocator, copies);
        } catch (RuntimeException | Error e) {
            allocator.close();
            throw e;
        }
        var batches = new GroupBatches(this, blocks, copies, allocator, context);
        context.addTaskCompletionListener(batches);
        return batches;
    }

    private interface SourceFactory {
        GroupedBlocks open(BufferAllocator allocator, BlockCopies copies);
    }
}
