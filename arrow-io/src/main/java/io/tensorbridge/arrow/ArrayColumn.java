package io.tensorbridge.arrow;

import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.execution.vectorized.WritableColumnVector;
import org.apache.spark.sql.vectorized.ColumnVector;

/** A column of arrays, nested to any depth, that are all of one length at each level. */
final class ArrayColumn extends NestedColumn {

    private final int ordinal;

    ArrayColumn(BlockColumn column, BufferAllocator allocator, long budget) {
        super(column, allocator, budget);
        this.ordinal = column.ordinal();
    }

    @Override
    boolean hasNull(InternalRow row) {
        return row.isNullAt(ordinal) || ArrayNulls.within(row.getArray(ordinal), levels());
    }

    @Override
    boolean hasNull(ColumnVector from, int row) {
        return from.isNullAt(row) || ArrayNulls.within(from.getArray(row), levels());
    }

    @Override
    long bytesOf(ColumnVector from, int start, int count) {
        if (!isUnknown() || from.isNullAt(start)) {
            return cellBytes() * count;
        }
        return count * values(from.getArray(start), 0) * type().bytes();
    }

    private long values(ArrayData array, int level) {
        long count = array.numElements();
        if (level == levels() - 1 || count == 0 || array.isNullAt(0)) {
            return count;
        }
        return count * values(array.getArray(0), level + 1);
    }

    @Override
    void write(InternalRow row, int at) {
        write(row.getArray(ordinal), at);
    }

    private void write(ArrayData cell, int at) {
        if (isUnknown()) {
            learnWidths(cell, 0);
            if (isUnknown()) { // an empty array of arrays tells nothing of what is inside
                throw errors().emptyCell(at);
            }
        }
        write(cell, 0, at * cellValues(), at);
    }

    /** Writes an array of some level, whose values begin at {@code from}; returns where they end. */
    private long write(ArrayData array, int level, long from, int row) {
        int count = array.numElements();
        if (count != width(level)) {
            throw errors().wrongLength(width(level), row, count);
        }
        if (level == levels() - 1) {
            writeValues(array, from, row);
            return from + count;
        }
        long next = from;
        for (int i = 0; i < count; i++) {
            if (array.isNullAt(i)) {
                next = writeNullArray(level + 1, next, i, row);
                continue;
            }
            next = write(array.getArray(i), level + 1, next, row);
        }
        return next;
    }

    /** Marks an array inside of a cell as null, if nulls stay what they are; returns where its values would end. */
    private long writeNullArray(int level, long from, int position, int row) {
        long values = 1;
        FieldVector lists = vector();
        for (int i = 0; i < levels(); i++) {
            values *= i < level ? 1 : width(i);
            lists = i < level ? ((ListVector) lists).getDataVector() : lists;
        }
        if (!column().keepsNulls() || values == 0) {
            throw errors().nullArray(position, row);
        }
        fillValues(from, values);
        markNull(lists.getValidityBuffer(), (base() * cellValues() + from) / values);
        return from + values;
    }

    private void writeValues(ArrayData array, long from, int row) {
        long address = address() + from * type().bytes();
        if (!ArrayNulls.among(array)) {
            values().copy(array, address);
            return;
        }
        ArrowBuf validity = leaf(vector()).getValidityBuffer();
        for (int i = 0; i < array.numElements(); i++) {
            if (array.isNullAt(i)) {
                writeNullElement(validity, from + i, i, row);
            } else {
                type().put(array, i, address + (long) i * type().bytes());
            }
        }
    }

    @Override
    BlockCopies.Source write(ColumnVector from, int start, int count) {
        if (from instanceof WritableColumnVector writable && !from.hasNull() && count > 0) {
            BlockCopies.Source source = writeContiguous(writable, start, count);
            if (source != null) {
                return source;
            }
        }
        for (int i = 0; i < count; i++) {
            if (from.isNullAt(start + i)) {
                writeNull(i);
            } else {
                write(from.getArray(start + i), i);
            }
        }
        return BlockCopies.Source.COLUMNS;
    }

    /** Copies all cells at once, if the values of each level lie one behind the other; returns null if they do not. */
    private BlockCopies.@org.jspecify.annotations.Nullable Source writeContiguous(
            WritableColumnVector from, int start, int count) {
        WritableColumnVector level = from;
        int first = start;
        int length = count;
        for (int i = 0; i < levels(); i++) {
            int offset = level.getArrayOffset(first);
            int width = width(i) < 0 ? level.getArrayLength(first) : width(i);
            for (int n = 0; n < length; n++) {
                int found = level.getArrayLength(first + n);
                if (found != width) {
                    throw errors().wrongLength(width, n / (length / count), found);
                }
                if (level.getArrayOffset(first + n) != offset + n * width) {
                    return null;
                }
            }
            learnWidth(i, width);
            level = level.arrayData();
            first = offset;
            length = Math.multiplyExact(length, width);
            if (length == 0 || (level.hasNull() && i < levels() - 1)) {
                return null;
            }
        }
        BlockCopies.Source source = values().copy(level, first, length, address());
        if (level.hasNull()) {
            for (int i = 0; i < length; i++) {
                if (level.isNullAt(first + i)) {
                    int row = (int) (i / cellValues());
                    writeNullElement(leaf(vector()).getValidityBuffer(), i, (int) (i % cellValues()), row);
                }
            }
        }
        return source;
    }

    private void learnWidths(ArrayData cell, int level) {
        learnWidth(level, cell.numElements());
        if (level < levels() - 1 && cell.numElements() > 0 && !cell.isNullAt(0)) {
            learnWidths(cell.getArray(0), level + 1);
        }
    }
}
