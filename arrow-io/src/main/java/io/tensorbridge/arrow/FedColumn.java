package io.tensorbridge.arrow;

import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.vectorized.ColumnVector;

/**
 * One fed column of the block under construction: owns its Arrow vector and writes cells into it.
 *
 * <p>The vector's memory is used again for the next block, unless somebody has kept it. For use by one thread.
 */
abstract sealed class FedColumn implements AutoCloseable permits UniformColumn, VariableColumn {

    private final BlockColumn column;
    private final Field field;
    private final CellErrors errors;

    FedColumn(BlockColumn column) {
        this.column = column;
        this.field = ArrowFields.of(column.name(), column.type());
        this.errors = new CellErrors(column.name());
    }

    /**
     * Creates what writes a column.
     *
     * @param budget the bytes that a uniform column's memory grows to by itself, beyond what rows need
     */
    static FedColumn of(BlockColumn column, BufferAllocator allocator, long budget) {
        if (column.hasVariableCells()) {
            return new VariableColumn(column, allocator, VariableColumn.MOST_VALUES);
        }
        if (BlockColumn.levels(column.type()) == 0) {
            return new ScalarColumn(column, allocator, budget);
        }
        if (column.type() instanceof BinaryType) {
            return new BinaryColumn(column, allocator, budget);
        }
        return LinalgType.find(column.type())
                .<FedColumn>map(kind -> new LinalgColumn(column, kind, allocator, budget))
                .orElseGet(() -> new ArrayColumn(column, allocator, budget));
    }

    /** Begins a new block. */
    final void begin(long blockNumber) {
        errors.begin(blockNumber);
        beginCells();
    }

    abstract void beginCells();

    /**
     * Writes the cell of a row as the block's row {@code at}.
     *
     * @return whether there was room; if not, nothing was written, and the row belongs into the next block
     */
    abstract boolean append(InternalRow row, int at);

    /** Takes back all rows but the first so many. */
    abstract void truncate(int rows);

    /** Writes cells of a column as the first rows of the block; returns where the bytes came from. */
    abstract BlockCopies.Source append(ColumnVector from, int start, int count);

    /** Completes the block; the vector stays this column's. */
    abstract FieldVector finish(int rows);

    /** Returns the column as Spark reads it, nulls and all; valid until the next block begins. */
    abstract ColumnVector view();

    /** Returns whether {@link #view} can stand for the column, or shows it in another type than it has. */
    boolean isFaithful() {
        return true;
    }

    /** Returns whether the row has a null here, as the cell or inside of it. */
    abstract boolean hasNull(InternalRow row);

    /** Returns the same of a columnar batch's row. */
    abstract boolean hasNull(ColumnVector from, int row);

    /** Returns the bytes that each cell has, or 0 if no cell has told yet or they differ. */
    abstract long cellBytes();

    /** Returns the bytes of the rows written so far, which are so many. */
    abstract long bytes(int rows);

    /** Returns the bytes that cells of a columnar batch take here, as far as can be told. */
    long bytesOf(ColumnVector from, int start, int count) {
        return cellBytes() * count;
    }

    final BlockColumn column() {
        return column;
    }

    /** Returns the field of the vectors that the column is fed as. */
    final Field field() {
        return field;
    }

    final CellErrors errors() {
        return errors;
    }

    final boolean fillsNulls() {
        return column.hasPlacesForNulls();
    }

    @Override
    public abstract void close();
}
