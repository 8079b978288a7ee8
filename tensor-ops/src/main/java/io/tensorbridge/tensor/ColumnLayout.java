package io.tensorbridge.tensor;

import java.util.Arrays;
import java.util.Optional;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.util.MemoryUtil;
import org.apache.arrow.vector.BaseFixedWidthVector;
import org.apache.arrow.vector.BaseVariableWidthVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.arrow.vector.complex.ListVector;
import org.jspecify.annotations.Nullable;
import org.tensorflow.ndarray.Shape;

/**
 * Follows the lists of a column down to its values. Everything that native code will rely on is checked here.
 *
 * @param column the column
 * @param type the type of the values
 * @param block the shape of the input that is fed, which tells the dimensions that a column without values does not
 */
record ColumnLayout(Feed.Column column, ElementType type, Shape block) {

    /**
     * Returns the values of a column whose cells are all of one shape.
     *
     * @throws SignatureMismatchException if the column has no such form
     */
    ColumnValues dense(FieldVector vector, Optional<Shape> cellShape) {
        int rows = vector.getValueCount();
        ColumnValues values = follow(vector, new long[] {rows}, 0, rows, /* lists= */ null);
        return cellShape.isEmpty() ? values : withCellShape(values, cellShape.get());
    }

    /**
     * Returns the values of all lists, one after the other.
     *
     * @throws SignatureMismatchException if the column has no lists, or lists of different lengths inside of them
     */
    ColumnValues ragged(FieldVector vector, RowLists lists) {
        int total = lists.total();
        int from = total == 0 ? 0 : lists.first();
        long[] dims = {total};
        if (!(vector instanceof ListVector list)) {
            return values(vector.getDataBuffer(), from, total, dims);
        }
        return follow(list.getDataVector(), dims, from, total, lists);
    }

    /**
     * Returns the lists of a column, one a row.
     *
     * @throws SignatureMismatchException if the column has none
     */
    RowLists lists(FieldVector vector) {
        if (!isList(vector)) {
            throw new SignatureMismatchException("Cannot feed column '%s': expected arrays of %s, found %s"
                    .formatted(column.name(), type.dataType(), ElementType.describe(vector.getField())));
        }
        return RowLists.of(vector, column);
    }

    /** Returns whether a vector adds a dimension to what is below it. */
    boolean isList(FieldVector vector) {
        return vector instanceof ListVector || (type.isBinary() && vector instanceof VarBinaryVector);
    }

    /** Checks that there are no nulls on any level, if there may be none. */
    static void requireNoNullsInside(FieldVector vector, Feed.Column column) {
        requireNoNulls(vector, column);
        if (vector instanceof ListVector list) {
            requireNoNullsInside(list.getDataVector(), column);
        }
    }

    private ColumnValues follow(FieldVector vector, long[] rows, long first, long n, @Nullable RowLists lists) {
        long[] dims = rows;
        FieldVector level = vector;
        long from = first;
        long count = n;
        while (isList(level)) {
            requireNoNulls(level);
            ArrowBuf offsets = level.getOffsetBuffer();
            long width = count == 0 ? expectedWidth(dims.length) : uniformWidth(offsets, from, count, rows[0], lists);
            from = count == 0 ? 0 : offsets.getInt(from * Integer.BYTES);
            count = Math.multiplyExact(count, width);
            dims = Arrays.copyOf(dims, dims.length + 1);
            dims[dims.length - 1] = width;
            if (!(level instanceof ListVector list)) {
                return values(level.getDataBuffer(), from, count, dims);
            }
            level = list.getDataVector();
        }
        requireType(level);
        requireNoNulls(level);
        return level instanceof BaseVariableWidthVector strings
                ? strings(strings, from, count, dims)
                : values(level.getDataBuffer(), from, count, dims);
    }

    private ColumnValues values(ArrowBuf buffer, long from, long count, long[] dims) {
        long bytes = Math.multiplyExact(count, type.columnBytes());
        long start = Math.multiplyExact(from, type.columnBytes());
        if (from < 0 || start + bytes > buffer.capacity()) {
            throw endsEarly(buffer);
        }
        long address = buffer.memoryAddress() + start;
        if (type == ElementType.BOOL) {
            requireBooleans(address, count);
        }
        return new ColumnValues(buffer, address, bytes, requireRank(dims));
    }

    private ColumnValues strings(BaseVariableWidthVector strings, long from, long count, long[] dims) {
        ArrowBuf text = strings.getDataBuffer();
        ColumnValues values = values(strings.getOffsetBuffer(), from, count, dims);
        if (count > 0) {
            values(strings.getOffsetBuffer(), from, count + 1, dims); // one offset more, where the last string ends
            int last = MemoryUtil.getInt(values.address());
            int falls = last;
            for (long i = 1; i <= count; i++) {
                int next = MemoryUtil.getInt(values.address() + i * Integer.BYTES);
                falls |= next | next - last;
                last = next;
            }
            if (falls < 0 || last > text.capacity()) {
                throw endsEarly(text);
            }
        }
        return new ColumnValues(values.buffer(), values.address(), values.bytes(), dims, text);
    }

    /** Any other byte than 0 and 1 would be true to one operation and false to another. */
    private void requireBooleans(long address, long count) {
        long all = 0;
        long row = 0;
        for (; row + Long.BYTES <= count; row += Long.BYTES) {
            all |= MemoryUtil.getLong(address + row);
        }
        for (; row < count; row++) {
            all |= MemoryUtil.getByte(address + row);
        }
        if ((all & 0xFEFE_FEFE_FEFE_FEFEL) != 0) {
            throw new SignatureMismatchException(
                    "Cannot feed column '%s': expected booleans of 0 or 1, found others".formatted(column.name()));
        }
    }

    private SignatureMismatchException endsEarly(ArrowBuf buffer) {
        return new SignatureMismatchException("Cannot feed column '%s': its %d bytes end before its last value"
                .formatted(column.name(), buffer.capacity()));
    }

    private void requireType(FieldVector level) {
        boolean flat = level instanceof BaseFixedWidthVector || level instanceof BaseVariableWidthVector;
        if (!flat || !type.accepts(level.getField())) {
            throw new SignatureMismatchException("Cannot feed column '%s': expected %s, found %s"
                    .formatted(column.name(), type.dataType(), ElementType.describe(level.getField())));
        }
    }

    private void requireNoNulls(FieldVector level) {
        requireNoNulls(level, column);
    }

    static void requireNoNulls(FieldVector level, Feed.Column column) {
        if (column.nullSlots() == Feed.NullSlots.REFUSED && level.getNullCount() > 0) {
            throw new SignatureMismatchException("Cannot feed column '%s': %d of its %d values are null"
                    .formatted(column.name(), level.getNullCount(), level.getValueCount()));
        }
    }

    /** Returns what the input says of a dimension of which there is no list to tell. */
    private long expectedWidth(int dimension) {
        return block.isUnknown() || dimension >= block.numDimensions() ? 0 : Math.max(0, block.get(dimension));
    }

    /** Returns the length that all of these lists have. */
    private long uniformWidth(ArrowBuf offsets, long from, long count, long n, @Nullable RowLists lists) {
        if ((from + count + 1) * Integer.BYTES > offsets.capacity()) {
            throw new SignatureMismatchException(
                    "Cannot feed column '%s': its offsets end before its last row".formatted(column.name()));
        }
        long address = offsets.memoryAddress() + from * Integer.BYTES;
        int last = MemoryUtil.getInt(address);
        int width = MemoryUtil.getInt(address + Integer.BYTES) - last;
        for (long i = 1; i <= count; i++) {
            int next = MemoryUtil.getInt(address + i * Integer.BYTES);
            if (next - last != width || width < 0) {
                long cell = (i - 1) / (count / n);
                throw new SignatureMismatchException("Cannot feed column '%s': expected %d values in row %d, found %d"
                        .formatted(column.name(), width, lists == null ? cell : lists.rowOf(cell), next - last));
            }
            last = next;
        }
        return width;
    }

    /** Gives flat cells the shape they were declared to have; checks others against it. */
    private ColumnValues withCellShape(ColumnValues values, Shape declared) {
        long[] dims = values.dims();
        Shape found = Shape.of(Arrays.copyOfRange(dims, 1, dims.length));
        long rows = dims[0];
        if (found.numDimensions() == declared.numDimensions()) {
            if (rows > 0 && !Shapes.accepts(declared, found)) {
                throw mismatch(declared, found);
            }
            return values;
        }
        if (found.numDimensions() > 1) {
            throw mismatch(declared, found);
        }
        long elements = found.numDimensions() == 0 ? 1 : found.get(0);
        long known = 1;
        int unknown = -1;
        long[] all = new long[declared.numDimensions() + 1];
        all[0] = rows;
        for (int i = 0; i < declared.numDimensions(); i++) {
            all[i + 1] = declared.get(i);
            if (declared.get(i) >= 0) {
                known = Math.multiplyExact(known, declared.get(i));
            } else if (unknown >= 0) {
                throw mismatch(declared, found);
            } else {
                unknown = i + 1;
            }
        }
        if (unknown >= 0) {
            all[unknown] = known == 0 ? 0 : elements / known;
            known *= all[unknown];
        }
        if (rows > 0 && known != elements) {
            throw mismatch(declared, found);
        }
        return values.withDims(requireRank(all));
    }

    private long[] requireRank(long[] dims) {
        if (dims.length > ColumnValues.MOST_DIMENSIONS) {
            throw new SignatureMismatchException("Cannot feed column '%s': expected at most %d dimensions, found %d"
                    .formatted(column.name(), ColumnValues.MOST_DIMENSIONS, dims.length));
        }
        return dims;
    }

    private SignatureMismatchException mismatch(Shape declared, Shape found) {
        return new SignatureMismatchException("Cannot feed column '%s': expected cells of shape %s, found %s"
                .formatted(column.name(), Shapes.describe(declared), Shapes.describe(found)));
    }
}
