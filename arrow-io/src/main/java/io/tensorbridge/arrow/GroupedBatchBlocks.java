package io.tensorbridge.arrow;

import java.util.Iterator;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.spark.sql.vectorized.ArrowColumnVector;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.jspecify.annotations.Nullable;

/** Blocks of grouped rows out of columnar batches. */
final class GroupedBatchBlocks extends GroupedBlocks {

    private static final int ROWS_AT_ONCE = 4096; // between two looks at how much room keys take

    private final Iterator<ColumnarBatch> batches;
    private @Nullable ColumnarBatch batch;
    private int @Nullable [] selection;
    private int rowsInBatch;
    private int next;
    private long dropped;

    GroupedBatchBlocks(
            Iterator<ColumnarBatch> batches,
            List<KeyColumn> keys,
            Order order,
            List<BlockColumn> columns,
            GroupLimits limits,
            BufferAllocator allocator,
            BlockCopies copies) {
        super(keys, order, columns, limits, allocator, copies);
        this.batches = batches;
    }

    @Override
    int fill() {
        int count = 0;
        while (count == 0 || hasRoom()) {
            ColumnarBatch open = openBatch();
            if (open == null) {
                return count;
            }
            int limit = limit(bytesPerRow(open));
            if (count >= limit) {
                return count;
            }
            int rows = Math.min(Math.min(rowsInBatch - next, limit - count), ROWS_AT_ONCE);
            groups().of(open, selection, next, rows, ensureGroups(count + rows), count);
            for (UniformColumn column : columns()) {
                copy(column, open.column(column.column().ordinal()), rows, count);
            }
            next += rows;
            count += rows;
        }
        return count;
    }

    private @Nullable ColumnarBatch openBatch() {
        while (batch == null || next >= rowsInBatch) {
            releaseBatch();
            // only now: a reader of files overwrites its batch as soon as it is asked whether there is another
            if (!batches.hasNext()) {
                return null;
            }
            ColumnarBatch opened = batches.next();
            batch = opened;
            next = 0;
            selection = BatchBlocks.select(List.of(columns()), opened);
            rowsInBatch = selection == null ? opened.numRows() : selection.length;
            dropped += opened.numRows() - rowsInBatch;
        }
        return batch;
    }

    private void copy(UniformColumn column, ColumnVector source, int rows, int at) {
        BlockCopies.Source reason = selection != null
                ? column.append(new RowsOfColumnVector(source, 0, selection), next, rows, at)
                : column.append(source, next, rows, at);
        if (source instanceof ArrowColumnVector && (selection != null || source.hasNull())) {
            reason = BlockCopies.Source.NULLS;
        }
        copies().add(reason, column.cellBytes() * rows);
    }

    /** Known for columns written here before; an unknown one's is asked of the batch's next cell. */
    private long bytesPerRow(ColumnarBatch open) {
        long bytes = 0;
        int row = selection == null ? next : selection[next];
        for (UniformColumn column : columns()) {
            bytes += column.bytesOf(open.column(column.column().ordinal()), row, 1);
        }
        return bytes;
    }

    @Override
    public long droppedRows() {
        return dropped;
    }

    /** Closes what can be closed of the batch that is done with, in case no consumer has. */
    private void releaseBatch() {
        if (batch != null) {
            batch.closeIfFreeable();
            batch = null;
        }
    }

    @Override
    public void close() {
        releaseBatch();
        super.close();
    }
}
