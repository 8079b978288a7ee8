package io.tensorbridge.tensor;

import java.util.OptionalInt;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.util.MemoryUtil;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.arrow.vector.complex.ListVector;

/**
 * The lists of a column, one a row, by Arrow's offsets. These need not begin at 0.
 *
 * @param offsets the buffer of the offsets
 * @param rows the number of lists
 * @param name the column's name, for messages
 */
record RowLists(ArrowBuf offsets, int rows, String name) {

    RowLists {
        if (rows > 0 && (rows + 1L) * Integer.BYTES > offsets.capacity()) {
            throw new SignatureMismatchException(
                    "Cannot feed column '%s': its offsets end before its last row".formatted(name));
        }
    }

    /**
     * Returns the lists of a column.
     *
     * @throws SignatureMismatchException if the column has none, or nulls that it must not have
     */
    static RowLists of(FieldVector vector, Feed.Column column) {
        if (!(vector instanceof ListVector || vector instanceof VarBinaryVector)) {
            throw new SignatureMismatchException("Cannot feed column '%s': expected arrays, found %s"
                    .formatted(column.name(), ElementType.describe(vector.getField())));
        }
        ColumnLayout.requireNoNulls(vector, column);
        return new RowLists(vector.getOffsetBuffer(), vector.getValueCount(), column.name());
    }

    /** Returns the index of the first value. */
    int first() {
        return rows == 0 ? 0 : start(0);
    }

    /** Returns the number of values in all lists. */
    int total() {
        int total = rows == 0 ? 0 : start(rows) - start(0);
        if (total < 0) {
            throw notAscending();
        }
        return total;
    }

    /** Returns the index of a row's first value; for the row behind the last, of where the values end. */
    int start(int row) {
        return MemoryUtil.getInt(offsets.memoryAddress() + (long) row * Integer.BYTES);
    }

    /** Returns the length of the longest list, having looked at all. */
    int longest() {
        int longest = 0;
        int last = first();
        for (int row = 1; row <= rows; row++) {
            int next = start(row);
            if (next < last) {
                throw notAscending();
            }
            longest = Math.max(longest, next - last);
            last = next;
        }
        return longest;
    }

    /** Returns the width that holds the longest list, or the width given, which no list may exceed. */
    int width(OptionalInt given) {
        int longest = longest();
        if (given.isEmpty()) {
            return longest;
        }
        int width = given.getAsInt();
        for (int row = 0; longest > width && row < rows; row++) {
            int length = start(row + 1) - start(row);
            if (length > width) {
                throw new SignatureMismatchException(
                        "Cannot feed column '%s': expected at most %d values in row %d, found %d"
                                .formatted(name, width, row, length));
            }
        }
        return width;
    }

    /** Returns the row whose list has the n-th of the values. */
    int rowOf(long n) {
        int row = 0;
        while (row + 1 < rows && start(row + 1) - (long) first() <= n) {
            row++;
        }
        return row;
    }

    private SignatureMismatchException notAscending() {
        return new SignatureMismatchException(
                "Cannot feed column '%s': expected offsets in ascending order, found others".formatted(name));
    }
}
