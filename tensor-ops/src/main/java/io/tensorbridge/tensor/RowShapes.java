package io.tensorbridge.tensor;

import java.util.Arrays;
import java.util.List;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.util.MemoryUtil;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.arrow.vector.complex.ListVector;

/**
 * The rows of a block grouped by the shapes of their cells.
 *
 * <p>Groups are numbered in the order in which their first rows come; the rows of a group keep theirs.
 */
final class RowShapes {

    private final int rows;
    private final int groups;
    private final int[] groupOfRow;
    private final int[] starts; // of each group in rowsByGroup, and the end
    private final int[] rowsByGroup;
    private final int[] placeOfRow; // in its group

    private RowShapes(int rows, int groups, int[] groupOfRow) {
        this.rows = rows;
        this.groups = groups;
        this.groupOfRow = groupOfRow;
        this.starts = new int[groups + 1];
        this.rowsByGroup = new int[rows];
        this.placeOfRow = new int[rows];
        for (int group : groupOfRow) {
            starts[group + 1]++;
        }
        for (int group = 0; group < groups; group++) {
            starts[group + 1] += starts[group];
        }
        int[] filled = new int[groups];
        for (int row = 0; row < rows; row++) {
            int group = groupOfRow[row];
            placeOfRow[row] = filled[group]++;
            rowsByGroup[starts[group] + placeOfRow[row]] = row;
        }
    }

    /**
     * Groups the rows of a block.
     *
     * @param columns the columns
     * @param of what each column is; a binary one counts as lists of bytes
     * @throws SignatureMismatchException if arrays inside of one row are of different lengths, or a null is where none may be
     */
    static RowShapes of(List<? extends FieldVector> columns, List<GroupedColumn> of, int rows) {
        int depth = 0;
        for (int i = 0; i < columns.size(); i++) {
            ColumnLayout.requireNoNullsInside(columns.get(i), of.get(i).column());
            depth += of.get(i).depth(columns.get(i));
        }
        int[] shapes = new int[Math.multiplyExact(rows, depth)];
        int at = 0;
        for (int i = 0; i < columns.size(); i++) {
            readShapes(columns.get(i), of.get(i), rows, shapes, depth, at);
            at += of.get(i).depth(columns.get(i));
        }
        int[] groupOfRow = new int[rows];
        return new RowShapes(rows, group(shapes, depth, rows, groupOfRow), groupOfRow);
    }

    /** Returns whether all rows are of one shape, or of none that can be told. */
    static boolean areEqual(List<? extends FieldVector> columns, List<GroupedColumn> of, int rows) {
        for (int i = 0; i < columns.size(); i++) {
            if (!areEqual(columns.get(i), of.get(i), rows)) {
                return false;
            }
        }
        return true;
    }

    private static boolean areEqual(FieldVector column, GroupedColumn of, int rows) {
        FieldVector level = column;
        long from = 0;
        long count = rows;
        while (of.isList(level) && count > 0) {
            ArrowBuf offsets = level.getOffsetBuffer();
            if ((from + count + 1) * Integer.BYTES > offsets.capacity()) {
                return true; // broken
            }
            long address = offsets.memoryAddress() + from * Integer.BYTES;
            int first = MemoryUtil.getInt(address);
            int width = MemoryUtil.getInt(address + Integer.BYTES) - first;
            int last = first;
            for (long i = 1; i <= count; i++) {
                int next = MemoryUtil.getInt(address + i * Integer.BYTES);
                if (next - last != width) {
                    return false;
                }
                last = next;
            }
            if (!(level instanceof ListVector list)) {
                return true;
            }
            from = first;
            count *= width;
            level = list.getDataVector();
        }
        return true;
    }

    /** Writes the lengths of a column's lists, level by level, a row's beside each other. */
    private static void readShapes(
            FieldVector column, GroupedColumn of, int rows, int[] shapes, int depth, int firstLevel) {
        int[] from = new int[rows]; // where a row's lists begin on this level, and how many they are
        int[] count = new int[rows];
        for (int row = 0; row < rows; row++) {
            from[row] = row;
            count[row] = 1;
        }
        FieldVector level = column;
        for (int at = firstLevel; of.isList(level); at++) {
            ArrowBuf offsets = level.getOffsetBuffer();
            for (int row = 0; row < rows; row++) {
                int width = count[row] == 0 ? 0 : uniformWidth(offsets, from[row], count[row], row, of);
                from[row] = count[row] == 0 ? 0 : offsets.getInt((long) from[row] * Integer.BYTES);
                count[row] = Math.multiplyExact(count[row], width);
                shapes[row * depth + at] = width;
            }
            if (!(level instanceof ListVector list)) {
                return;
            }
            level = list.getDataVector();
        }
    }

    private static int uniformWidth(ArrowBuf offsets, int from, int count, int row, GroupedColumn of) {
        if (from < 0 || (from + count + 1L) * Integer.BYTES > offsets.capacity()) {
            throw new SignatureMismatchException("Cannot feed column '%s': its offsets end before its last row"
                    .formatted(of.column().name()));
        }
        long address = offsets.memoryAddress() + (long) from * Integer.BYTES;
        int last = MemoryUtil.getInt(address);
        int width = MemoryUtil.getInt(address + Integer.BYTES) - last;
        for (int i = 1; i <= count; i++) {
            int next = MemoryUtil.getInt(address + (long) i * Integer.BYTES);
            if (next - last != width || width < 0) {
                throw new SignatureMismatchException(
                        "Cannot feed column '%s': expected arrays of one length inside of row %d, found %d and %d. Pad them, or filter such rows"
                                .formatted(of.column().name(), row, width, next - last));
            }
            last = next;
        }
        return width;
    }

    /** Numbers the groups and returns how many there are. */
    private static int group(int[] shapes, int depth, int rows, int[] groupOfRow) {
        int[] table = new int[Integer.highestOneBit(Math.max(4, rows)) * 4]; // first row of a group, plus 1, by hash
        int groups = 0;
        for (int row = 0; row < rows; row++) {
            int slot = hash(shapes, depth, row) & (table.length - 1);
            while (table[slot] != 0 && !equal(shapes, depth, row, table[slot] - 1)) {
                slot = (slot + 1) & (table.length - 1);
            }
            if (table[slot] == 0) {
                table[slot] = row + 1;
                groupOfRow[row] = groups++;
            } else {
                groupOfRow[row] = groupOfRow[table[slot] - 1];
            }
        }
        return groups;
    }

    private static int hash(int[] shapes, int depth, int row) {
        int hash = 1;
        for (int i = row * depth; i < (row + 1) * depth; i++) {
            hash = 31 * hash + shapes[i];
        }
        hash *= 0x9E3779B9; // lengths are small numbers: spread them
        return hash ^ (hash >>> 16);
    }

    private static boolean equal(int[] shapes, int depth, int row, int other) {
        return Arrays.equals(shapes, row * depth, (row + 1) * depth, shapes, other * depth, (other + 1) * depth);
    }

    int rows() {
        return rows;
    }

    int groups() {
        return groups;
    }

    /** Returns the rows of a group. */
    int[] rowsOf(int group) {
        return Arrays.copyOfRange(rowsByGroup, starts[group], starts[group + 1]);
    }

    /** Returns each row's group, for reading only. */
    int[] groupOfRow() {
        return groupOfRow;
    }

    /** Returns each row's place in its group, for reading only. */
    int[] placeOfRow() {
        return placeOfRow;
    }

    /**
     * A column whose cells make the shape of a row.
     *
     * @param column the column
     * @param isBinary whether a binary is a list of bytes
     */
    record GroupedColumn(Feed.Column column, boolean isBinary) {

        boolean isList(FieldVector vector) {
            return vector instanceof ListVector || (isBinary && vector instanceof VarBinaryVector);
        }

        int depth(FieldVector vector) {
            if (!isList(vector)) {
                return 0;
            }
            return vector instanceof ListVector list ? 1 + depth(list.getDataVector()) : 1;
        }
    }
}
