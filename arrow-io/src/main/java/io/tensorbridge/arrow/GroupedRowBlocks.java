package io.tensorbridge.arrow;

import java.util.Iterator;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.spark.sql.catalyst.InternalRow;

/** Blocks of grouped rows out of rows. */
final class GroupedRowBlocks extends GroupedBlocks {

    private final Iterator<InternalRow> rows;
    private long dropped;

    GroupedRowBlocks(
            Iterator<InternalRow> rows,
            List<KeyColumn> keys,
            Order order,
            List<BlockColumn> columns,
            GroupLimits limits,
            BufferAllocator allocator,
            BlockCopies copies) {
        super(keys, order, columns, limits, allocator, copies);
        this.rows = rows;
    }

    @Override
    int fill() {
        UniformColumn[] columns = columns();
        boolean dropping = dropping().length > 0;
        boolean sizesKnown = sizesAreKnown(); // from the first row on, unless its arrays are null
        int limit = sizesKnown ? limit(bytesPerRow()) : Integer.MAX_VALUE;
        int[] groupOfRow = ensureGroups(1);
        int count = 0;
        while (count < limit && (count == 0 || hasRoom()) && rows.hasNext()) {
            InternalRow row = rows.next();
            if (dropping && isToBeDropped(row)) {
                dropped++;
                continue;
            }
            if (count == groupOfRow.length) {
                groupOfRow = ensureGroups(count + 1);
            }
            groupOfRow[count] = groups().of(row);
            for (UniformColumn column : columns) {
                column.append(row, count);
            }
            count++;
            if (!sizesKnown) {
                sizesKnown = sizesAreKnown();
                limit = limit(bytesPerRow());
            }
        }
        copies().add(BlockCopies.Source.ROWS, bytesPerRow() * count);
        return count;
    }

    private boolean sizesAreKnown() {
        for (UniformColumn column : columns()) {
            if (column.cellBytes() == 0) {
                return false;
            }
        }
        return true;
    }

    private boolean isToBeDropped(InternalRow row) {
        for (UniformColumn column : dropping()) {
            if (column.hasNull(row)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public long droppedRows() {
        return dropped;
    }
}
