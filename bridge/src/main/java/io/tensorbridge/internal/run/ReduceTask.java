package io.tensorbridge.internal.run;

import io.tensorbridge.arrow.BlockCopies;
import io.tensorbridge.arrow.BlockLimits;
import io.tensorbridge.arrow.BlockSource;
import java.util.Iterator;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.vectorized.ColumnarBatch;

/**
 * What an executor needs to know to reduce a partition to one row: a value that travels.
 *
 * @param program the program that makes fewer rows of a block
 * @param first how it runs on a partition
 * @param again how it runs on results, which are reduced once more
 * @param resultSchema the columns of a result
 * @param limits how large a block may become
 * @param checked whether it is to be seen on the first block that the program is a reduction
 * @param metrics where to count
 */
public record ReduceTask(
        ShippedProgram program,
        RunnerSpec first,
        RunnerSpec again,
        StructType resultSchema,
        BlockLimits limits,
        boolean checked,
        TaskMetrics metrics)
        implements PartitionTask<PartialRow> {

    @Override
    public Class<PartialRow> resultType() {
        return PartialRow.class;
    }

    @Override
    public Iterator<PartialRow> overRows(Iterator<InternalRow> rows, StructType schema) {
        return reduce(
                first,
                (allocator, copies) -> BlockSource.ofRows(
                        rows, schema, first.fed().columns(), BlockSource.Keep.NONE, limits, allocator, copies));
    }

    @Override
    public Iterator<PartialRow> overBatches(Iterator<ColumnarBatch> batches) {
        return reduce(
                first,
                (allocator, copies) -> BlockSource.ofBatches(
                        batches, first.fed().columns(), BlockSource.Keep.NONE, limits, allocator, copies));
    }

    /** Reduces results once more. */
    Iterator<PartialRow> overPartials(Iterator<PartialRow> partials) {
        return reduce(again, (allocator, copies) -> partialBlocks(partials, limits, allocator, copies));
    }

    BlockSource partialBlocks(
            Iterator<PartialRow> partials, BlockLimits blockLimits, BufferAllocator allocator, BlockCopies copies) {
        return BlockSource.ofRows(
                PartialRow.rows(partials, resultSchema.length()),
                resultSchema,
                again.fed().columns(),
                BlockSource.Keep.NONE,
                blockLimits,
                allocator,
                copies);
    }

    private Iterator<PartialRow> reduce(RunnerSpec from, SourceFactory factory) {
        TaskContext context = TaskContext.get();
        BufferAllocator allocator = ExecutorMemory.forTask("partition " + context.partitionId());
        try (var partition = new ReducePartition(this, allocator, context)) {
            return partition
                    .reduce(from, factory)
                    .map(List::of)
                    .orElse(List.of())
                    .iterator();
        } finally {
            ExecutorMemory.close(allocator, program.sessionKey(), context);
        }
    }
}
