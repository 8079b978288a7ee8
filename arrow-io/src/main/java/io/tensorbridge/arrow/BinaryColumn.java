package io.tensorbridge.arrow;

import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.util.MemoryUtil;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.UnsafeRow;
import org.apache.spark.sql.execution.vectorized.WritableColumnVector;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.unsafe.Platform;

/** A column of binaries that are all of one, declared length. */
final class BinaryColumn extends UniformColumn {

    private final int ordinal;
    private final int width;

    BinaryColumn(BlockColumn column, BufferAllocator allocator, long budget) {
        super(column, allocator, budget);
        this.ordinal = column.ordinal();
        this.width = column.widths().get(0);
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
        return width;
    }

    @Override
    long cellValues() {
        return width;
    }

    @Override
    void write(InternalRow row, int at) {
        if (row instanceof UnsafeRow unsafe) {
            long offsetAndLength = unsafe.getLong(ordinal); // how an UnsafeRow refers to what is not of fixed width
            write(
                    unsafe.getBaseObject(),
                    unsafe.getBaseOffset() + (offsetAndLength >>> Integer.SIZE),
                    (int) offsetAndLength,
                    at);
        } else {
            byte[] bytes = row.getBinary(ordinal);
            write(bytes, Platform.BYTE_ARRAY_OFFSET, bytes.length, at);
        }
    }

    private void write(Object base, long offset, int length, int at) {
        if (length != width) {
            throw errors().wrongBinary(width, at, length);
        }
        Platform.copyMemory(base, offset, null, address() + (long) at * width, width);
    }

    @Override
    BlockCopies.Source write(ColumnVector from, int start, int count) {
        if (from instanceof WritableColumnVector writable && isContiguous(writable, start, count)) {
            return values().copy(writable.arrayData(), writable.getArrayOffset(start), count * width, address());
        }
        for (int i = 0; i < count; i++) {
            if (from.isNullAt(start + i)) {
                writeNull(i);
            } else {
                byte[] bytes = from.getBinary(start + i);
                write(bytes, Platform.BYTE_ARRAY_OFFSET, bytes.length, i);
            }
        }
        return from instanceof WritableColumnVector writable && writable.hasDictionary()
                ? BlockCopies.Source.DICTIONARY
                : BlockCopies.Source.COLUMNS;
    }

    private boolean isContiguous(WritableColumnVector from, int start, int count) {
        if (from.hasNull() || from.hasDictionary() || count == 0) {
            return false;
        }
        int first = from.getArrayOffset(start);
        for (int i = 0; i < count; i++) {
            if (from.getArrayLength(start + i) != width) {
                throw errors().wrongBinary(width, i, from.getArrayLength(start + i));
            }
            if (from.getArrayOffset(start + i) != first + i * width) {
                return false;
            }
        }
        return true;
    }

    @Override
    void fillCell(int at) {
        fillValues((long) at * width, width);
    }

    @Override
    void allocate(FieldVector empty, int rows) {
        ((VarBinaryVector) empty).allocateNew(Math.max(1, (long) rows * width), rows);
        ArrowBuf offsets = empty.getOffsetBuffer();
        for (int i = 0; i <= rows; i++) {
            MemoryUtil.putInt(offsets.memoryAddress() + (long) i * Integer.BYTES, Math.multiplyExact(i, width));
        }
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
        ((VarBinaryVector) of).setLastSet(rows - 1);
        of.setValueCount(rows);
    }
}
