package io.tensorbridge.tensor;

import java.util.Arrays;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.util.MemoryUtil;
import org.apache.arrow.vector.BaseFixedWidthVector;
import org.apache.arrow.vector.BaseVariableWidthVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.arrow.vector.complex.ListVector;
import org.tensorflow.ndarray.Shape;

/**
 * Where the values of a column lie, and the dimensions they have as one tensor. Everything that native code will rely on
 * is checked here.
 *
 * @param buffer the buffer that holds the values
 * @param address the address of the first value
 * @param bytes the bytes of all values
 * @param dims the dimensions, rows first
 * @param text where the values of a string column, which are offsets, point to; one more of them follows, where the last
 *     string ends. Of no meaning for other columns
 */
@SuppressWarnings("ArrayRecordComponent") // the dimensions go to native code as they are; nobody compares these
record ColumnValues(ArrowBuf buffer, long address, long bytes, long[] dims, ArrowBuf text) {

    static final int MOST_DIMENSIONS = 254; // one more aborts the process

    /**
     * Looks at a column: follows its lists down to the values, which must all be there and all of one length.
     *
     * @throws SignatureMismatchException if the column has no tensor form
     */
    static ColumnValues of(FieldVector column, Feed feed, ElementType type) {
        int rows = column.getValueCount();
        long[] dims = new long[] {rows};
        FieldVector level = column;
        long from = 0;
        long count = rows;
        while (level instanceof ListVector || (type.isBinary() && level instanceof VarBinaryVector)) {
            requireNoNulls(level, feed);
            ArrowBuf offsets = level.getOffsetBuffer();
            long width = uniformWidth(offsets, from, count, feed, rows);
            from = count == 0 ? 0 : offsets.getInt(from * Integer.BYTES);
            count = Math.multiplyExact(count, width);
            dims = Arrays.copyOf(dims, dims.length + 1);
            dims[dims.length - 1] = width;
            if (level instanceof VarBinaryVector) {
                return of(level.getDataBuffer(), from, count, type, withCellShape(dims, feed), feed);
            }
            level = ((ListVector) level).getDataVector();
        }
        requireType(level, type, feed);
        requireNoNulls(level, feed);
        if (level instanceof BaseVariableWidthVector strings) {
            return ofStrings(strings, from, count, type, withCellShape(dims, feed), feed);
        }
        return of(level.getDataBuffer(), from, count, type, withCellShape(dims, feed), feed);
    }

    private static ColumnValues of(ArrowBuf buffer, long from, long count, ElementType type, long[] dims, Feed feed) {
        long bytes = Math.multiplyExact(count, type.columnBytes());
        long start = Math.multiplyExact(from, type.columnBytes());
        if (from < 0 || start + bytes > buffer.capacity()) {
            throw endsEarly(buffer, feed);
        }
        long address = buffer.memoryAddress() + start;
        if (type == ElementType.BOOL) {
            requireBooleans(address, count, feed);
        }
        return new ColumnValues(buffer, address, bytes, dims, buffer);
    }

    private static ColumnValues ofStrings(
            BaseVariableWidthVector strings, long from, long count, ElementType type, long[] dims, Feed feed) {
        ArrowBuf text = strings.getDataBuffer();
        var values = of(strings.getOffsetBuffer(), from, count, type, dims, feed);
        if (count > 0) {
            // one offset more, where the last string ends
            of(strings.getOffsetBuffer(), from, count + 1, type, dims, feed);
            int last = MemoryUtil.getInt(values.address());
            int falls = last;
            for (long i = 1; i <= count; i++) {
                int next = MemoryUtil.getInt(values.address() + i * Integer.BYTES);
                falls |= next | next - last;
                last = next;
            }
            if (falls < 0 || last > text.capacity()) {
                throw endsEarly(text, feed);
            }
        }
        return new ColumnValues(values.buffer(), values.address(), values.bytes(), dims, text);
    }

    /** Any other byte than 0 and 1 would be true to one operation and false to another. */
    private static void requireBooleans(long address, long count, Feed feed) {
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
                    "Cannot feed column '%s': expected booleans of 0 or 1, found others".formatted(feed.column()));
        }
    }

    private static SignatureMismatchException endsEarly(ArrowBuf buffer, Feed feed) {
        return new SignatureMismatchException("Cannot feed column '%s': its %d bytes end before its last value"
                .formatted(feed.column(), buffer.capacity()));
    }

    private static void requireType(FieldVector level, ElementType type, Feed feed) {
        boolean flat = level instanceof BaseFixedWidthVector || level instanceof BaseVariableWidthVector;
        if (!flat || !type.accepts(level.getField())) {
            throw new SignatureMismatchException("Cannot feed column '%s': expected %s, found %s"
                    .formatted(feed.column(), type.dataType(), ElementType.describe(level.getField())));
        }
    }

    private static void requireNoNulls(FieldVector level, Feed feed) {
        if (feed.nullSlots() == Feed.NullSlots.REFUSED && level.getNullCount() > 0) {
            throw new SignatureMismatchException("Cannot feed column '%s': %d of its %d values are null"
                    .formatted(feed.column(), level.getNullCount(), level.getValueCount()));
        }
    }

    /** Returns the length that all of these lists have. */
    private static long uniformWidth(ArrowBuf offsets, long from, long count, Feed feed, int rows) {
        if (count == 0) {
            return 0;
        }
        if ((from + count + 1) * Integer.BYTES > offsets.capacity()) {
            throw new SignatureMismatchException(
                    "Cannot feed column '%s': its offsets end before its last row".formatted(feed.column()));
        }
        long address = offsets.memoryAddress() + from * Integer.BYTES;
        int last = MemoryUtil.getInt(address);
        int width = MemoryUtil.getInt(address + Integer.BYTES) - last;
        for (long i = 1; i <= count; i++) {
            int next = MemoryUtil.getInt(address + i * Integer.BYTES);
            if (next - last != width || width < 0) {
                throw new SignatureMismatchException("Cannot feed column '%s': expected %d values in row %d, found %d"
                        .formatted(feed.column(), width, (i - 1) / (count / rows), next - last));
            }
            last = next;
        }
        return width;
    }

    /** Gives flat cells the shape they were declared to have; checks others against it. */
    private static long[] withCellShape(long[] dims, Feed feed) {
        if (feed.cellShape().isEmpty()) {
            return requireRank(dims, feed);
        }
        Shape declared = feed.cellShape().get();
        Shape found = Shape.of(Arrays.copyOfRange(dims, 1, dims.length));
        long rows = dims[0];
        if (found.numDimensions() == declared.numDimensions()) {
            if (rows > 0 && !Shapes.accepts(declared, found)) {
                throw mismatch(declared, found, feed);
            }
            return requireRank(dims, feed);
        }
        if (found.numDimensions() > 1) {
            throw mismatch(declared, found, feed);
        }
        long values = found.numDimensions() == 0 ? 1 : found.get(0);
        long known = 1;
        int unknown = -1;
        long[] all = new long[declared.numDimensions() + 1];
        all[0] = rows;
        for (int i = 0; i < declared.numDimensions(); i++) {
            all[i + 1] = declared.get(i);
            if (declared.get(i) >= 0) {
                known = Math.multiplyExact(known, declared.get(i));
            } else if (unknown >= 0) {
                throw mismatch(declared, found, feed);
            } else {
                unknown = i + 1;
            }
        }
        if (unknown >= 0) {
            all[unknown] = known == 0 ? 0 : values / known;
            known *= all[unknown];
        }
        if (rows > 0 && known != values) {
            throw mismatch(declared, found, feed);
        }
        return requireRank(all, feed);
    }

    private static long[] requireRank(long[] dims, Feed feed) {
        if (dims.length > MOST_DIMENSIONS) {
            throw new SignatureMismatchException("Cannot feed column '%s': expected at most %d dimensions, found %d"
                    .formatted(feed.column(), MOST_DIMENSIONS, dims.length));
        }
        return dims;
    }

    private static SignatureMismatchException mismatch(Shape declared, Shape found, Feed feed) {
        return new SignatureMismatchException("Cannot feed column '%s': expected cells of shape %s, found %s"
                .formatted(feed.column(), Shapes.describe(declared), Shapes.describe(found)));
    }
}
