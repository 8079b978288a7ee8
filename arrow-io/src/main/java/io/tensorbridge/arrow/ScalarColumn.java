package io.tensorbridge.arrow;

import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BaseFixedWidthVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.execution.vectorized.WritableColumnVector;
import org.apache.spark.sql.vectorized.ColumnVector;

/** A column of one value a row. */
final class ScalarColumn extends UniformColumn {

    private final int ordinal;

    ScalarColumn(BlockColumn column, BufferAllocator allocator, long budget) {
        super(column, allocator, budget);
        this.ordinal = column.ordinal();
    }

    @Override
    boolean hasNull(InternalRow row) {
        return row.isNullAt(ordinal);
    }

    @Override
    boolean hasNull(ColumnVector from, int row) {
        return from.isNullAt(row);
    }

    @Override
    long cellBytes() {
        return type().bytes();
    }

    @Override
    long cellValues() {
        return 1;
    }

    @Override
    void write(InternalRow row, int at) {
        type().put(row, ordinal, address() + (long) at * type().bytes());
    }

    @Override
    BlockCopies.Source write(ColumnVector from, int start, int count) {
        if (!from.hasNull()) {
            return values().copy(from, start, count, address());
        }
        BlockCopies.Source source = BlockCopies.Source.COLUMNS;
        boolean bulk = from instanceof WritableColumnVector;
        if (bulk) {
            source = values().copy(from, start, count, address());
        }
        for (int i = 0; i < count; i++) {
            if (from.isNullAt(start + i)) {
                writeNull(i);
            } else if (!bulk) { // other vectors may refuse to be asked for the value of a null
                type().put(from, start + i, address() + (long) i * type().bytes());
            }
        }
        return source;
    }

    @Override
    void fillCell(int at) {
        fillValues(at, 1);
    }

    @Override
    void allocate(FieldVector empty, int rows) {
        ((BaseFixedWidthVector) empty).allocateNew(rows);
    }

    @Override
    ArrowBuf values(FieldVector of) {
        return of.getDataBuffer();
    }

    @Override
    void markAllValid(FieldVector of) {
        setAllValid(of);
    }

    @Override
    void setRowCount(FieldVector of, int rows) {
        of.setValueCount(rows);
    }
}
