package io.tensorbridge.arrow;

import java.util.Iterator;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a partition into blocks.
 *
 * <p>There is one block at a time: {@link #advance} uses the memory of the block before it again. A partition without rows
 * has no blocks. For use by one thread. Close it to free the memory; closing twice is harmless.
 */
public abstract sealed class BlockSource implements AutoCloseable permits RowBlocks, BatchBlocks {

    private final BlockSizer sizer;
    private @Nullable Block current;
    private long blocks;

    BlockSource(BlockLimits limits) {
        this.sizer = new BlockSizer(limits);
    }

    /** Which columns a block has beside those that are fed. */
    public enum Keep {
        /** All columns of the partition, for results that go beside them. */
        ALL,
        /** None. */
        NONE
    }

    /**
     * Makes blocks out of rows.
     *
     * @param rows the rows; each may be overwritten when the next is asked for
     * @param schema the rows' columns
     * @param fed the columns to feed
     * @param keep which columns to keep beside them
     * @param limits how large a block may become
     * @param allocator where the fed columns' memory comes from; stays the caller's, and is closed after this
     * @param copies where copied bytes are counted
     */
    public static BlockSource ofRows(
            Iterator<InternalRow> rows,
            StructType schema,
            List<BlockColumn> fed,
            Keep keep,
            BlockLimits limits,
            BufferAllocator allocator,
            BlockCopies copies) {
        return new RowBlocks(rows, schema, fedColumns(fed, limits, allocator), keep, limits, copies);
    }

    /**
     * Makes blocks out of columnar batches.
     *
     * <p>A block is a batch, or a part of one. Arrow columns are taken as they are where no null stands in the way; all
     * others are copied in bulk. A batch is closed, if it can be, when the next is asked for.
     *
     * @param batches the batches; each may be overwritten when {@code hasNext} is called
     * @param fed the columns to feed
     * @param keep which columns to keep beside them
     * @param limits how large a block may become
     * @param allocator where the fed columns' memory comes from; stays the caller's, and is closed after this
     * @param copies where copied bytes are counted
     */
    public static BlockSource ofBatches(
            Iterator<ColumnarBatch> batches,
            List<BlockColumn> fed,
            Keep keep,
            BlockLimits limits,
            BufferAllocator allocator,
            BlockCopies copies) {
        return new BatchBlocks(batches, fedColumns(fed, limits, allocator), keep, limits, copies);
    }

    private static List<FedColumn> fedColumns(List<BlockColumn> fed, BlockLimits limits, BufferAllocator allocator) {
        return fed.stream()
                .map(column -> FedColumn.of(column, allocator, limits.bytes()))
                .toList();
    }

    /**
     * Makes the next block, which ends the one before.
     *
     * @return whether there is one
     * @throws BlockException if a cell cannot be fed
     */
    public final boolean advance() {
        current = null;
        current = next(blocks);
        if (current == null) {
            return false;
        }
        blocks++;
        return true;
    }

    /** Returns the block that {@link #advance} made. */
    public final Block block() {
        if (current == null) {
            throw new IllegalStateException("There is no block: advance() was not called, or returned false");
        }
        return current;
    }

    /** Takes note of how long a program took for the current block, so that later ones take no longer than they should. */
    public final void ran(long nanos) {
        sizer.ran(block().rowCount(), nanos);
    }

    /** Returns how many rows were left out for their nulls so far. */
    public abstract long droppedRows();

    /** Returns the next block, of at least one row, or null if there is none. */
    abstract @Nullable Block next(long number);

    final BlockSizer sizer() {
        return sizer;
    }

    @Override
    public abstract void close();
}
