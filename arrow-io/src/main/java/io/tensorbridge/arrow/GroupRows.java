package io.tensorbridge.arrow;

import org.apache.arrow.vector.VectorSchemaRoot;
import org.jspecify.annotations.Nullable;

/**
 * One row for each of some groups: what a program made of their rows so far.
 *
 * @param rows the rows; they stay their maker's to close
 * @param from the first of them that counts
 * @param count how many count
 * @param groups the number of the group of each row of {@code rows}; null if they follow one another
 * @param first the number of the group of the first row that counts, if they do
 */
@SuppressWarnings("ArrayRecordComponent") // a million numbers at times, which nobody compares
public record GroupRows(VectorSchemaRoot rows, int from, int count, int @Nullable [] groups, int first) {

    /** Returns the row of each group in turn. */
    public static GroupRows all(VectorSchemaRoot rows) {
        return new GroupRows(rows, 0, rows.getRowCount(), /* groups= */ null, 0);
    }

    /** Returns a row for each of the groups listed. */
    public static GroupRows of(VectorSchemaRoot rows, int[] groups) {
        return new GroupRows(rows, 0, rows.getRowCount(), groups, 0);
    }

    /** Returns the rows but for the last. */
    public GroupRows withoutLast() {
        return new GroupRows(rows, from, count - 1, groups, first);
    }

    /** Returns the last row alone, for the group of number 0: what the last group of a block of sorted rows is in the next. */
    public GroupRows lastAsFirst() {
        return new GroupRows(rows, from + count - 1, 1, /* groups= */ null, 0);
    }

    /** Returns the number of a row's group, counted from the first row that counts. */
    public int group(int row) {
        return groups == null ? first + row : groups[from + row];
    }
}
