package io.tensorbridge.arrow;

import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.util.MemoryUtil;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.vectorized.ColumnVector;

/**
 * A fed column whose cells are all of one size.
 *
 * <p>Its memory grows with the rows, up to what a block may have at once.
 */
abstract sealed class UniformColumn extends FedColumn permits ScalarColumn, BinaryColumn, NestedColumn {

    /*
     * Cells are all of one size, so the values of row n lie at n times that size, nulls included; what a null's place
     * holds is the policy's business. The validity bits say which cells are null, for whoever reads the column later.
     */

    private static final int FIRST_ROWS = 256;
    private static final long MOST_VALUES = Integer.MAX_VALUE; // Arrow's offsets and counts are 32 bits wide

    private final ValueType type;
    private final ValueCopies values;
    private final long fillBits;
    private final BufferAllocator allocator;
    private final long budget;

    private FieldVector vector;
    private ArrowBackedColumnVector view;
    private int capacity;
    private int rowsAsked;
    private int references;
    private int base; // the block's row that bulk writing takes for its first
    private boolean hasNulls;

    /** Creates the column; {@code budget} is the bytes that its memory grows to by itself, beyond what rows need. */
    UniformColumn(BlockColumn column, BufferAllocator allocator, long budget) {
        super(column);
        this.type = ValueType.of(BlockColumn.elementType(column.type()));
        this.values = new ValueCopies(type);
        this.fillBits = column.onNull() instanceof NullPolicy.Fill fill ? type.bitsOf(fill) : 0;
        this.allocator = allocator;
        this.budget = budget;
        this.vector = field().createVector(allocator);
        this.view = new ArrowBackedColumnVector(vector);
    }

    @Override
    final void beginCells() {
        if (capacity > 0 && values(vector).refCnt() != references) {
            replace(allocated(capacity)); // somebody has kept the memory: a tensor of a run, or a reader
        } else if (hasNulls) {
            markAllValid(vector);
        }
        hasNulls = false;
    }

    @Override
    final boolean append(InternalRow row, int at) {
        ensureRows(at + 1, at);
        if (row.isNullAt(column().ordinal())) {
            writeNull(at);
        } else {
            write(row, at);
        }
        return true;
    }

    @Override
    final void truncate(int rows) {
        // the next cells are written over those beyond
    }

    @Override
    final BlockCopies.Source append(ColumnVector from, int start, int count) {
        return append(from, start, count, 0);
    }

    /** Writes cells of a column as the block's row {@code at} and those after; returns where the bytes came from. */
    final BlockCopies.Source append(ColumnVector from, int start, int count, int at) {
        ensureRows(at + count, at);
        writeFrom(at);
        try {
            return write(from, start, count);
        } finally {
            writeFrom(0);
        }
    }

    /**
     * Writes cells that a program gave, as the block's row {@code at} and those after.
     *
     * @param cells a column without nulls whose cells have as many values as this one's, in whatever dimensions
     */
    final void appendCells(FieldVector cells, int start, int count, int at) {
        ensureRows(at + count, at);
        MemoryUtil.copyMemory(
                leaf(cells).getDataBuffer().memoryAddress() + start * cellBytes(),
                address() + at * cellBytes(),
                count * cellBytes());
    }

    private void writeFrom(int row) {
        base = row;
        errors().writeFrom(row);
    }

    /** Returns the vector inside of all lists. */
    static FieldVector leaf(FieldVector of) {
        return of instanceof ListVector list ? leaf(list.getDataVector()) : of;
    }

    @Override
    final FieldVector finish(int rows) {
        setRowCount(vector, rows);
        view.refresh();
        return vector;
    }

    @Override
    final ColumnVector view() {
        return view;
    }

    @Override
    final long bytes(int rows) {
        return cellBytes() * rows;
    }

    /** Returns how many values a cell has, or 0 if no cell has told yet. */
    abstract long cellValues();

    abstract void write(InternalRow row, int at);

    abstract BlockCopies.Source write(ColumnVector from, int start, int count);

    /** Puts the fill value in a cell's place, or sees to it that this is done once the cell's size is known. */
    abstract void fillCell(int at);

    /** Allocates all buffers of a new vector for so many rows. */
    abstract void allocate(FieldVector empty, int rows);

    /** Returns the buffer of the innermost values. */
    abstract ArrowBuf values(FieldVector of);

    abstract void markAllValid(FieldVector of);

    abstract void setRowCount(FieldVector of, int rows);

    final void writeNull(int at) {
        if (!fillsNulls()) { // rows to be dropped do not come here
            throw errors().nullCell(at);
        }
        fillCell(at);
        markNull(vector.getValidityBuffer(), base + at);
    }

    /** Writes nulls over the first rows of the block, now that the size of their cells is known. */
    final void writeNulls(int rows) {
        int interrupted = base;
        writeFrom(0);
        for (int i = 0; i < rows; i++) {
            writeNull(i);
        }
        writeFrom(interrupted);
    }

    final void writeNullElement(ArrowBuf validity, long element, int position, int at) {
        if (!fillsNulls()) {
            throw errors().nullElement(position, at);
        }
        fillValues(element, 1);
        markNull(validity, base * cellValues() + element);
    }

    /** Writes the fill value in the place of so many values. */
    final void fillValues(long first, long count) {
        type.fill(fillBits, address() + first * type.bytes(), count);
    }

    final ValueType type() {
        return type;
    }

    final ValueCopies values() {
        return values;
    }

    /** Returns the address of the values, from row 0 of what is being written; it moves when the column grows. */
    final long address() {
        return values(vector).memoryAddress() + base * cellBytes();
    }

    /** Returns which row of the block is row 0 of what is being written. */
    final int base() {
        return base;
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
            throw errors().tooManyValues(MOST_VALUES, rows, cellValues());
        }
        FieldVector fresh = field().createVector(allocator);
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

    final void markNull(ArrowBuf validity, long at) {
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
