package io.tensorbridge.arrow;

import java.util.Arrays;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.util.MemoryUtil;
import org.apache.arrow.vector.BaseFixedWidthVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.complex.ListVector;

/** A column of nested lists that are all of one length at each level: their memory, and what is known of the lengths. */
abstract sealed class NestedColumn extends UniformColumn permits ArrayColumn, LinalgColumn {

    private static final int UNKNOWN = -1;

    private final int[] widths;
    private long cellValues;
    private int nullsOfUnknownSize;

    NestedColumn(BlockColumn column, BufferAllocator allocator, long budget) {
        super(column, allocator, budget);
        this.widths = column.widths().stream().mapToInt(Integer::intValue).toArray();
        this.cellValues = product();
    }

    @Override
    final long cellBytes() {
        return cellValues == UNKNOWN ? 0 : cellValues * type().bytes();
    }

    @Override
    final long cellValues() {
        return Math.max(0, cellValues);
    }

    final int levels() {
        return widths.length;
    }

    /** Returns how long arrays are at a level, or a negative number if none has told yet. */
    final int width(int level) {
        return widths[level];
    }

    final boolean isUnknown() {
        return cellValues == UNKNOWN;
    }

    /** Takes note of how long arrays are at a level, unless that is known. */
    final void learnWidth(int level, int width) {
        if (widths[level] != UNKNOWN) {
            return;
        }
        widths[level] = width;
        cellValues = product();
        if (cellValues != UNKNOWN) {
            reallocate();
            writeNulls(nullsOfUnknownSize);
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
    final void fillCell(int at) {
        if (cellValues == UNKNOWN) {
            nullsOfUnknownSize = base() + at + 1; // nothing but nulls so far
        } else {
            fillValues(at * cellValues, cellValues);
        }
    }

    @Override
    final void allocate(FieldVector empty, int rows) {
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

    @Override
    final ArrowBuf values(FieldVector of) {
        return leaf(of).getDataBuffer();
    }

    @Override
    final void markAllValid(FieldVector of) {
        setAllValid(of);
        if (of instanceof ListVector list) {
            markAllValid(list.getDataVector());
        }
    }

    @Override
    final void setRowCount(FieldVector of, int rows) {
        if (cellValues == UNKNOWN && rows > 0) {
            if (!column().keepsNulls()) {
                throw errors().unknownLength();
            }
            nullsOfUnknownSize = 0; // they stay nulls of no size, and the next block begins anew
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
