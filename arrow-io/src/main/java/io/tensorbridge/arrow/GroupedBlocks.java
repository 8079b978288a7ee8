package io.tensorbridge.arrow;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarBatch;

/**
 * Cuts a partition into blocks of rows that belong to groups.
 *
 * <p>The way of the data: fed cells are copied once, in bulk where they come in columns, to the block's Arrow vectors; keys
 * go through a table that numbers them, and beside its rows a block has the number of each row's group. Behind the new rows
 * stand those that are carried over from the block before: what a program has made of each group so far. (Behind them, since
 * a running sum of floats in front would swallow what is small beside it.) The more are carried, the larger is the block, so
 * that carrying costs a fraction of what new rows cost.
 *
 * <p>There is one block at a time: {@link #advance} uses the memory of the block before it again. For use by one thread.
 * Close it to free the memory; closing twice is harmless.
 */
public abstract sealed class GroupedBlocks implements AutoCloseable permits GroupedRowBlocks, GroupedBatchBlocks {

    /** How the rows of a partition come. */
    public enum Order {
        /** As they will. All groups go on from block to block until they are cleared. */
        ANY,
        /** Sorted by their keys, as Spark sorts. Only the last group of a block goes on, as number 0 of the next. */
        SORTED
    }

    private final Groups groups;
    private final List<KeyColumn> keys;
    private final UniformColumn[] fed;
    private final UniformColumn[] dropping;
    private final GroupedSizer sizer;
    private final BlockCopies copies;
    private int[] groupOfRow = new int[256];
    private List<FieldVector> vectors = List.of();
    private int rowCount;
    private int carriedCount;
    private long blocks;

    GroupedBlocks(
            List<KeyColumn> keys,
            Order order,
            List<BlockColumn> columns,
            GroupLimits limits,
            BufferAllocator allocator,
            BlockCopies copies) {
        this.groups = groupsOf(keys, order);
        this.keys = List.copyOf(keys);
        this.sizer = new GroupedSizer(limits);
        this.copies = copies;
        this.fed = columns.stream()
                .map(column -> (UniformColumn) FedColumn.of(column, allocator, limits.bytes()))
                .toArray(UniformColumn[]::new);
        this.dropping = Arrays.stream(fed)
                .filter(column -> column.column().onNull() instanceof NullPolicy.DropRow)
                .toArray(UniformColumn[]::new);
    }

    private static Groups groupsOf(List<KeyColumn> keys, Order order) {
        if (order == Order.SORTED) {
            return new SortedGroups(keys);
        }
        if (keys.size() == 1) {
            var word = KeyWord.find(keys.get(0).type());
            if (word.isPresent()) {
                return new WordGroups(keys.get(0), word.get());
            }
        }
        return new HashedGroups(keys);
    }

    /**
     * Makes blocks out of rows.
     *
     * @param rows the rows; each may be overwritten when the next is asked for
     * @param keys the columns to group by, at least one
     * @param order how the rows come
     * @param fed the columns to feed
     * @param limits how large a block may become
     * @param allocator where the fed columns' memory comes from; stays the caller's, and is closed after this
     * @param copies where copied bytes are counted
     */
    public static GroupedBlocks ofRows(
            Iterator<InternalRow> rows,
            List<KeyColumn> keys,
            Order order,
            List<BlockColumn> fed,
            GroupLimits limits,
            BufferAllocator allocator,
            BlockCopies copies) {
        return new GroupedRowBlocks(rows, keys, order, fed, limits, allocator, copies);
    }

    /**
     * Makes blocks out of columnar batches, however many it takes to fill one.
     *
     * @param batches the batches; each may be overwritten when {@code hasNext} is called, and is closed, if it can be, when
     *     the next is asked for
     * @param keys the columns to group by, at least one
     * @param order how the rows come
     * @param fed the columns to feed
     * @param limits how large a block may become
     * @param allocator where the fed columns' memory comes from; stays the caller's, and is closed after this
     * @param copies where copied bytes are counted
     */
    public static GroupedBlocks ofBatches(
            Iterator<ColumnarBatch> batches,
            List<KeyColumn> keys,
            Order order,
            List<BlockColumn> fed,
            GroupLimits limits,
            BufferAllocator allocator,
            BlockCopies copies) {
        return new GroupedBatchBlocks(batches, keys, order, fed, limits, allocator, copies);
    }

    /**
     * Makes the next block, which ends the one before.
     *
     * @param carried rows to put behind the new ones, which are copied; one per group at most
     * @return whether there is one: whether there are new rows; if not, nothing is done with what is carried, though the
     *     groups of sorted rows have new numbers all the same
     * @throws BlockException if a cell cannot be fed
     */
    public final boolean advance(List<GroupRows> carried) {
        groups.beginBlock();
        for (UniformColumn column : fed) {
            column.begin(blocks);
        }
        carriedCount = carried.stream().mapToInt(GroupRows::count).sum();
        rowCount = fill();
        if (rowCount == 0) {
            return false;
        }
        carried.forEach(this::carry);
        vectors = new ArrayList<>(fed.length);
        for (UniformColumn column : fed) {
            vectors.add(column.finish(rowCount));
        }
        blocks++;
        return true;
    }

    private void carry(GroupRows carried) {
        ensureGroups(rowCount + carried.count());
        for (int i = 0; i < carried.count(); i++) {
            groupOfRow[rowCount + i] = carried.group(i);
        }
        for (int column = 0; column < fed.length; column++) {
            fed[column].appendCells(
                    carried.rows().getFieldVectors().get(column), carried.from(), carried.count(), rowCount);
        }
        rowCount += carried.count();
    }

    /** Puts new rows into the block; returns how many. */
    abstract int fill();

    /** Returns the block's fed columns, in the order in which they were asked for. */
    public final List<FieldVector> fed() {
        return vectors;
    }

    /** Returns the number of each row's group; more numbers than there are rows, maybe. */
    public final int[] groupOfRow() {
        return groupOfRow;
    }

    /** Returns the number of rows, those included that were carried. */
    public final int rowCount() {
        return rowCount;
    }

    /** Returns the number of groups so far. */
    public final int groupCount() {
        return groups.count();
    }

    /** Returns whether there are too many groups to carry them on. */
    public final boolean isFull() {
        return sizer.areTooMany(groups, bytesPerRow());
    }

    /** Forgets all groups; to be called when their rows have been given up. */
    public final void clearGroups() {
        groups.clear();
    }

    /** Takes note of how long a program took for the current block, so that later ones take no longer than they should. */
    public final void ran(long nanos) {
        sizer.ran(rowCount, nanos);
    }

    /** Returns how many rows were left out for their nulls so far. */
    public abstract long droppedRows();

    /**
     * Returns rows as Spark reads them: keys first, then what the program made. Nothing is copied; valid until the next
     * block begins or groups are cleared.
     */
    public final ColumnarBatch batch(GroupRows rows) {
        List<ColumnVector> columns = new ArrayList<>();
        for (int field = 0; field < keys.size(); field++) {
            columns.add(GettersColumnVector.ofGroups(
                    groups, rows, field, keys.get(field).type()));
        }
        rows.rows()
                .getFieldVectors()
                .forEach(vector -> columns.add(fromRow(new ArrowBackedColumnVector(vector), rows.from())));
        return new ColumnarBatch(columns.toArray(ColumnVector[]::new), rows.count());
    }

    private static ColumnVector fromRow(ColumnVector column, int from) {
        return from == 0 ? column : new RowsOfColumnVector(column, from, null);
    }

    final Groups groups() {
        return groups;
    }

    final UniformColumn[] columns() {
        return fed;
    }

    final UniformColumn[] dropping() {
        return dropping;
    }

    final BlockCopies copies() {
        return copies;
    }

    /** Returns how many new rows the block may have, with a row of this size. */
    final int limit(long bytesPerRow) {
        return sizer.rows(bytesPerRow, carriedCount);
    }

    /** Returns whether there is room for more keys; a block has one new row at least, whatever this says. */
    final boolean hasRoom() {
        return !sizer.isFull(groups);
    }

    final int[] ensureGroups(int rows) {
        if (rows > groupOfRow.length) {
            groupOfRow = Arrays.copyOf(groupOfRow, (int)
                    Math.min(Integer.MAX_VALUE - 8, Math.max(rows, 2L * groupOfRow.length)));
        }
        return groupOfRow;
    }

    /** Returns the bytes of a row as far as cells have told. */
    final long bytesPerRow() {
        long bytes = 0;
        for (UniformColumn column : fed) {
            bytes += column.cellBytes();
        }
        return bytes;
    }

    @Override
    public void close() {
        for (UniformColumn column : fed) {
            column.close();
        }
    }
}
