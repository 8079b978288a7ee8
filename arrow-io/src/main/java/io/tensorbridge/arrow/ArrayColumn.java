package io.tensorbridge.arrow;

import java.util.Arrays;
import java.util.List;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.util.MemoryUtil;
import org.apache.arrow.vector.BaseFixedWidthVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.UnsafeArrayData;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.execution.vectorized.WritableColumnVector;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.unsafe.Platform;

/** A column of arrays, nested to any depth, that are all of one length at each level. */
final class ArrayColumn extends FedColumn {

    private static final int UNKNOWN = -1;

    private final ValueType type;
    private final int ordinal;
    private final DictionaryDecoder decoder = new DictionaryDecoder();
    private final int[] widths;
    private long cellValues;
    private int nullsOfUnknownSize;

    ArrayColumn(BlockColumn column, BufferAllocator allocator, long budget) {
        super(column, allocator, budget);
        this.type = ValueType.of(BlockColumn.elementType(column.type()));
        this.ordinal = column.ordinal();
        this.widths = column.widths().stream().mapToInt(Integer::intValue).toArray();
        this.cellValues = product();
    }

    @Override
    boolean hasNull(InternalRow row) {
        return row.isNullAt(ordinal) || hasNull(row.getArray(ordinal), 0);
    }

    @Override
    boolean hasNull(ColumnVector from, int row) {
        return from.isNullAt(row) || hasNull(from.getArray(row), 0);
    }

    private boolean hasNull(ArrayData array, int level) {
        if (level == widths.length - 1) {
            return anyNull(array);
        }
        for (int i = 0; i < array.numElements(); i++) {
            if (array.isNullAt(i) || hasNull(array.getArray(i), level + 1)) {
                return true;
            }
        }
        return false;
    }

    @Override
    long cellBytes() {
        return cellValues == UNKNOWN ? 0 : cellValues * type.bytes();
    }

    @Override
    long cellValues() {
        return Math.max(0, cellValues);
    }

    @Override
    long bytesOf(ColumnVector from, int row) {
        return from.isNullAt(row) ? 0 : values(from.getArray(row), 0) * type.bytes();
    }

    private long values(ArrayData array, int level) {
        long count = array.numElements();
        if (level == widths.length - 1 || count == 0 || array.isNullAt(0)) {
            return count;
        }
        return count * values(array.getArray(0), level + 1);
    }

    @Override
    void write(InternalRow row, int at) {
        write(row.getArray(ordinal), at);
    }

    private void write(ArrayData cell, int at) {
        if (cellValues == UNKNOWN) {
            learnWidths(cell, 0);
            if (cellValues == UNKNOWN) { // an empty array of arrays tells nothing of what is inside
                throw emptyCell(at);
            }
        }
        write(cell, 0, at * cellValues, at);
    }

    /** Writes an array of some level, whose values begin at {@code from}; returns where they end. */
    private long write(ArrayData array, int level, long from, int row) {
        int count = array.numElements();
        if (count != widths[level]) {
            throw wrongLength(widths[level], row, count);
        }
        if (level == widths.length - 1) {
            writeValues(array, from, row);
            return from + count;
        }
        long next = from;
        for (int i = 0; i < count; i++) {
            if (array.isNullAt(i)) {
                throw nullArray(i, row);
            }
            next = write(array.getArray(i), level + 1, next, row);
        }
        return next;
    }

    private void writeValues(ArrayData array, long from, int row) {
        long address = address() + from * type.bytes();
        if (!anyNull(array)) {
            type.copy(array, address);
            return;
        }
        ArrowBuf validity = leaf(vector()).getValidityBuffer();
        for (int i = 0; i < array.numElements(); i++) {
            long at = address + (long) i * type.bytes();
            if (array.isNullAt(i)) {
                writeNullElement(validity, from + i, i, row, type, at);
            } else {
                type.put(array, i, at);
            }
        }
    }

    private static boolean anyNull(ArrayData array) {
        if (array instanceof UnsafeArrayData unsafe) {
            return anyNull(unsafe);
        }
        for (int i = 0; i < array.numElements(); i++) {
            if (array.isNullAt(i)) {
                return true;
            }
        }
        return false;
    }

    /** Looks at the null bits of an array 64 at a time. */
    private static boolean anyNull(UnsafeArrayData array) {
        int header = UnsafeArrayData.calculateHeaderPortionInBytes(array.numElements());
        for (int offset = Long.BYTES; offset < header; offset += Long.BYTES) {
            if (Platform.getLong(array.getBaseObject(), array.getBaseOffset() + offset) != 0) {
                return true;
            }
        }
        return false;
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
        for (int i = 0; i < widths.length; i++) {
            int offset = level.getArrayOffset(first);
            int width = widths[i] == UNKNOWN ? level.getArrayLength(first) : widths[i];
            for (int n = 0; n < length; n++) {
                int found = level.getArrayLength(first + n);
                if (found != width) {
                    throw wrongLength(width, n / (length / count), found);
                }
                if (level.getArrayOffset(first + n) != offset + n * width) {
                    return null;
                }
            }
            learnWidth(i, width);
            level = level.arrayData();
            first = offset;
            length = Math.multiplyExact(length, width);
            if (length == 0 || (level.hasNull() && i < widths.length - 1)) {
                return null;
            }
        }
        BlockCopies.Source source = type.copy(level, first, length, address(), decoder);
        if (level.hasNull()) {
            for (int i = 0; i < length; i++) {
                if (level.isNullAt(first + i)) {
                    int row = (int) (i / cellValues);
                    writeNullElement(
                            leaf(vector()).getValidityBuffer(),
                            i,
                            (int) (i % cellValues),
                            row,
                            type,
                            address() + (long) i * type.bytes());
                }
            }
        }
        return source;
    }

    private void learnWidths(ArrayData cell, int level) {
        learnWidth(level, cell.numElements());
        if (level < widths.length - 1 && cell.numElements() > 0 && !cell.isNullAt(0)) {
            learnWidths(cell.getArray(0), level + 1);
        }
    }

    private void learnWidth(int level, int width) {
        if (widths[level] != UNKNOWN) {
            return;
        }
        widths[level] = width;
        cellValues = product();
        if (cellValues != UNKNOWN) {
            reallocate();
            for (int i = 0; i < nullsOfUnknownSize; i++) {
                writeNull(i);
            }
            nullsOfUnknownSize = 0;
        }
    }

    private long product() {
        long product = 1;
        for (int width : widths) {
            if (width == UNKNOWN) {
                return UNKNOWN;
            }
            product = Math.multiplyExact(product, width);
        }
        return product;
    }

    @Override
    void fillCell(Number value, int at) {
        if (cellValues == UNKNOWN) {
            nullsOfUnknownSize = at + 1; // nothing but nulls so far
        } else {
            type.fill(value, address() + at * cellValues * type.bytes(), cellValues);
        }
    }

    @Override
    FieldVector newVector(BufferAllocator from, String name) {
        return field(name, column().type()).createVector(from);
    }

    private static Field field(String name, DataType type) {
        if (type instanceof ArrayType array) {
            return new Field(
                    name, FieldType.nullable(ArrowType.List.INSTANCE), List.of(field("element", array.elementType())));
        }
        return new Field(name, FieldType.nullable(ValueType.of(type).arrowType()), List.of());
    }

    @Override
    void allocate(FieldVector empty, int rows) {
        FieldVector level = empty;
        long count = rows;
        for (int width : widths) {
            ListVector list = (ListVector) level;
            list.setInitialCapacity(Math.toIntExact(count));
            list.getDataVector().setInitialCapacity(0);
            list.allocateNew();
            int known = Math.max(0, width);
            ArrowBuf offsets = list.getOffsetBuffer();
            for (int i = 0; i <= count; i++) {
                MemoryUtil.putInt(offsets.memoryAddress() + (long) i * Integer.BYTES, i * known);
            }
            count = Math.multiplyExact(count, known);
            level = list.getDataVector();
        }
        ((BaseFixedWidthVector) level).allocateNew(Math.max(1, Math.toIntExact(count)));
    }

    private static FieldVector leaf(FieldVector of) {
        return of instanceof ListVector list ? leaf(list.getDataVector()) : of;
    }

    @Override
    ArrowBuf values(FieldVector of) {
        return leaf(of).getDataBuffer();
    }

    @Override
    void markAllValid(FieldVector of) {
        setAllValid(of);
        if (of instanceof ListVector list) {
            markAllValid(list.getDataVector());
        }
    }

    @Override
    void setRowCount(FieldVector of, int rows) {
        if (cellValues == UNKNOWN && rows > 0) {
            throw unknownLength();
        }
        setCounts(of, rows, 0);
    }

    private void setCounts(FieldVector of, int count, int level) {
        if (of instanceof ListVector list) {
            // from the inside out, or the outer list would take the inner one's offsets for holes and fill them
            setCounts(list.getDataVector(), count * Math.max(0, widths[level]), level + 1);
            list.setLastSet(count - 1);
            list.setValueCount(count);
        } else {
            of.setValueCount(count);
        }
    }

    @Override
    public String toString() {
        return column().name() + Arrays.toString(widths);
    }
}
