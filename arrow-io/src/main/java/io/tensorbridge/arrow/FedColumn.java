package io.tensorbridge.arrow;

import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.util.MemoryUtil;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.vectorized.ColumnVector;

/**
 * One fed column of the block under construction: owns its Arrow vector and writes cells into it.
 *
 * <p>The vector is used again for the next block, unless somebody has kept its memory. For use by one thread.
 */
abstract sealed class FedColumn implements AutoCloseable permits ScalarColumn, ArrayColumn, BinaryColumn {

    /*
     * Cells are all of one size, so the values of row n lie at n times that size, nulls included; what a null's place
     * holds is the policy's business. The validity bits say which cells are null, for whoever reads the column later.
     */

    private static final int FIRST_ROWS = 256;
    private static final long MOST_VALUES = Integer.MAX_VALUE; // Arrow's offsets and counts are 32 bits wide

    private final BlockColumn column;
    private final BufferAllocator allocator;
    private final long budget;

    private FieldVector vector;
    private ArrowBackedColumnVector view;
    private int capacity;
    private int rowsAsked;
    private int references;
    private boolean hasNulls;

    private long block;

    /** Creates the column; {@code budget} is the bytes that its memory grows to by itself, beyond what rows need. */
    FedColumn(BlockColumn column, BufferAllocator allocator, long budget) {
        this.column = column;
        this.allocator = allocator;
        this.budget = budget;
        this.vector = newVector(allocator, column.name());
        this.view = new ArrowBackedColumnVector(vector);
    }

    static FedColumn of(BlockColumn column, BufferAllocator allocator, long budget) {
        if (BlockColumn.levels(column.type()) == 0) {
            return new ScalarColumn(column, allocator, budget);
        }
        return column.type() instanceof org.apache.spark.sql.types.BinaryType
                ? new BinaryColumn(column, allocator, budget)
                : new ArrayColumn(column, allocator, budget);
    }

    /** Begins a new block. */
    final void begin(long blockNumber) {
        block = blockNumber;
        if (capacity > 0 && values(vector).refCnt() != references) {
            replace(allocated(capacity)); // somebody has kept the memory: a tensor of a run, or a reader
        } else if (hasNulls) {
            markAllValid(vector);
        }
        hasNulls = false;
    }

    /** Writes the cell of a row as the block's row {@code at}. */
    final void append(InternalRow row, int at) {
        ensureRows(at + 1, at);
        if (row.isNullAt(column.ordinal())) {
            writeNull(at);
        } else {
            write(row, at);
        }
    }

    /** Writes cells of a column as the first rows of the block; returns where the bytes came from. */
    final BlockCopies.Source append(ColumnVector from, int start, int count) {
        ensureRows(count, 0);
        return write(from, start, count);
    }

    /** Completes the block; the vector stays this column's. */
    final FieldVector finish(int rows) {
        setRowCount(vector, rows);
        view.refresh();
        return vector;
    }

    /** Returns the column as Spark reads it, nulls and all; valid until the next block begins. */
    final ColumnVector view() {
        return view;
    }

    final BlockColumn column() {
        return column;
    }

    /** Returns whether the row has a null here, as the cell or inside of it. */
    abstract boolean hasNull(InternalRow row);

    /** Returns the same of a columnar batch's row. */
    abstract boolean hasNull(ColumnVector from, int row);

    /** Returns the bytes of a cell's values, or 0 if no cell has told yet. */
    abstract long cellBytes();

    /** Returns how many values a cell has, or 0 if no cell has told yet. */
    abstract long cellValues();

    /** Returns the bytes that a cell of a columnar batch has, as far as can be told. */
    long bytesOf(ColumnVector from, int row) {
        return cellBytes();
    }

    abstract void write(InternalRow row, int at);

    abstract BlockCopies.Source write(ColumnVector from, int start, int count);

    /** Puts the fill value in a cell's place, or sees to it that this is done once the cell's size is known. */
    abstract void fillCell(Number value, int at);

    abstract FieldVector newVector(BufferAllocator from, String name);

    /** Allocates all buffers of a new vector for so many rows. */
    abstract void allocate(FieldVector empty, int rows);

    /** Returns the buffer of the innermost values. */
    abstract ArrowBuf values(FieldVector of);

    abstract void markAllValid(FieldVector of);

    abstract void setRowCount(FieldVector of, int rows);

    final void writeNull(int at) {
        if (column.onNull() instanceof NullPolicy.Fill fill) {
            fillCell(fill.value(), at);
            markNull(vector.getValidityBuffer(), at);
        } else { // rows to be dropped do not come here
            throw new BlockException(
                    "Cannot feed column '%s': expected a value in row %d of block %d, found null. Fill or drop nulls with onNull(…)"
                            .formatted(column.name(), at, block));
        }
    }

    final void writeNullElement(ArrowBuf validity, long element, int position, int at, ValueType type, long address) {
        if (column.onNull() instanceof NullPolicy.Fill fill) {
            type.put(fill.value(), address);
            markNull(validity, element);
        } else {
            throw new BlockException(
                    "Cannot feed column '%s': expected a value at position %d of row %d of block %d, found null. Fill or drop nulls with onNull(…)"
                            .formatted(column.name(), position, at, block));
        }
    }

    final BlockException wrongLength(int expected, int at, int found) {
        return new BlockException("Cannot feed column '%s': expected %d values in row %d of block %d, found %d"
                .formatted(column.name(), expected, at, block, found));
    }

    final BlockException emptyCell(int at) {
        return new BlockException(
                "Cannot feed column '%s': its cell shape is unknown, since row %d of block %d is an empty array of arrays. Give it with shape(\"%s\", …)"
                        .formatted(column.name(), at, block, column.name()));
    }

    final BlockException nullArray(int position, int at) {
        return new BlockException(
                "Cannot feed column '%s': expected an array at position %d of row %d of block %d, found null. Drop such rows with onNull(…)"
                        .formatted(column.name(), position, at, block));
    }

    final BlockException unknownLength() {
        return new BlockException(
                "Cannot feed column '%s': its cell shape is unknown, since all cells of block %d are null. Give it with shape(\"%s\", …)"
                        .formatted(column.name(), block, column.name()));
    }

    /** Returns the address of the values, which moves when the column grows. */
    final long address() {
        return values(vector).memoryAddress();
    }

    final FieldVector vector() {
        return vector;
    }

    /** Makes room again, for cells whose size has only now become known. */
    final void reallocate() {
        if (capacity > 0) {
            replace(allocated(Math.max(rowsAsked, (int) Math.min(capacity, rowsInBudget()))));
        }
    }

    private void ensureRows(int rows, int written) {
        rowsAsked = rows;
        if (rows <= capacity) {
            return;
        }
        long more = Math.min(Math.max(FIRST_ROWS, capacity * 2L), rowsInBudget());
        FieldVector larger = allocated((int) Math.max(rows, more));
        copyContents(vector, larger, written);
        replace(larger);
    }

    private long rowsInBudget() {
        return cellBytes() == 0 ? Integer.MAX_VALUE : Math.min(Integer.MAX_VALUE, budget / cellBytes());
    }

    private FieldVector allocated(int rows) {
        if (rows * cellValues() > MOST_VALUES) {
            throw new BlockException(
                    "Cannot feed column '%s': expected at most %d values in a block, found %d rows of %d. Lower blockRows"
                            .formatted(column.name(), MOST_VALUES, rows, cellValues()));
        }
        FieldVector fresh = newVector(allocator, column.name());
        try {
            allocate(fresh, rows);
            markAllValid(fresh);
            capacity = rows;
            references = values(fresh).refCnt();
            return fresh;
        } catch (RuntimeException | Error e) {
            fresh.close();
            throw e;
        }
    }

    private void replace(FieldVector with) {
        vector.close();
        vector = with;
        view = new ArrowBackedColumnVector(with);
    }

    private void copyContents(FieldVector from, FieldVector to, int rows) {
        if (rows == 0) {
            return;
        }
        MemoryUtil.copyMemory(values(from).memoryAddress(), values(to).memoryAddress(), rows * cellBytes());
        if (hasNulls) {
            copyValidity(from, to);
        }
    }

    private static void copyValidity(FieldVector from, FieldVector to) {
        ArrowBuf old = from.getValidityBuffer();
        MemoryUtil.copyMemory(old.memoryAddress(), to.getValidityBuffer().memoryAddress(), old.capacity());
        if (from instanceof ListVector list) {
            copyValidity(list.getDataVector(), ((ListVector) to).getDataVector());
        }
    }

    private void markNull(ArrowBuf validity, long at) {
        hasNulls = true;
        long address = validity.memoryAddress() + at / Byte.SIZE;
        MemoryUtil.putByte(address, (byte) (MemoryUtil.getByte(address) & ~(1 << (at % Byte.SIZE))));
    }

    static void setAllValid(FieldVector of) {
        ArrowBuf validity = of.getValidityBuffer();
        MemoryUtil.setMemory(validity.memoryAddress(), validity.capacity(), (byte) 0xFF);
    }

    @Override
    public void close() {
        vector.close();
        capacity = 0;
    }
}
