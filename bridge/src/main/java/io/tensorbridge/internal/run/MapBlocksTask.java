package io.tensorbridge.internal.run;

import io.tensorbridge.arrow.BlockColumn;
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

/** What an executor needs to know to run programs over a partition: a value that travels. No record: those are slower to read. */
public final class MapBlocksTask implements PartitionTask<ColumnarBatch> {

    private static final long serialVersionUID = 1;

    private final Shared<MapBlocksPlan> plan; // shared by all tasks
    private final TaskMetrics metrics;

    private MapBlocksTask(Shared<MapBlocksPlan> plan, TaskMetrics metrics) {
        this.plan = plan;
        this.metrics = metrics;
    }

    /**
     * Returns the task.
     *
     * @param runs the programs, which all are fed from the same columns
     * @param fed these columns
     * @param limits how large a block may become
     * @param trimmed whether the result has the new columns alone
     * @param metrics where to count
     */
    public static MapBlocksTask of(
            List<ProgramRun> runs, List<BlockColumn> fed, BlockLimits limits, boolean trimmed, TaskMetrics metrics) {
        return new MapBlocksTask(
                Shared.of(new MapBlocksPlan(List.copyOf(runs), List.copyOf(fed), limits, trimmed)), metrics);
    }

    TaskMetrics metrics() {
        return metrics;
    }

    List<ProgramRun> runs() {
        return plan.value().runs();
    }

    boolean trimmed() {
        return plan.value().trimmed();
    }

    @Override
    public Class<ColumnarBatch> resultType() {
        return ColumnarBatch.class;
    }

    @Override
    public Iterator<ColumnarBatch> overRows(Iterator<InternalRow> rows, StructType schema) {
        return run((allocator, copies) -> BlockSource.ofRows(
                rows, schema, plan.value().fed(), keep(), plan.value().limits(), allocator, copies));
    }

    @Override
    public Iterator<ColumnarBatch> overBatches(Iterator<ColumnarBatch> batches) {
        return run((allocator, copies) -> BlockSource.ofBatches(
                batches, plan.value().fed(), keep(), plan.value().limits(), allocator, copies));
    }

    private BlockSource.Keep keep() {
        return trimmed() ? BlockSource.Keep.NONE : BlockSource.Keep.ALL;
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
}
