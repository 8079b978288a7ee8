package io.tensorbridge.tensor;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.vector.BaseVariableWidthVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.complex.ListVector;
import org.jspecify.annotations.Nullable;

/**
 * Finds the rows of a block that are not to be run: those with nulls that nobody has filled, and those that a check refuses.
 *
 * <p>For use by one thread.
 */
final class RowRefusals {

    private final Map<Integer, String> namesWithoutNulls = new TreeMap<>(); // of columns, by index
    private final Map<Integer, InputCheck> checks = new TreeMap<>(); // of columns, by index
    private final CellBytes bytes = new CellBytes();

    RowRefusals(Program program, List<Feed> feeds) {
        for (Feed feed : feeds) {
            if (feed instanceof Feed.OfColumn ofColumn) {
                Feed.Column column = ofColumn.column();
                if (column.nullSlots() == Feed.NullSlots.REFUSED) {
                    namesWithoutNulls.put(column.index(), column.name());
                }
                InputCheck check = program.checks().get(feed.input());
                if (check != null) {
                    checks.merge(column.index(), check, InputCheck::and);
                }
            }
        }
    }

    /** Returns whether there are nulls that no row may have. */
    boolean areInNullsOf(List<? extends FieldVector> columns) {
        for (int index : namesWithoutNulls.keySet()) {
            if (index < columns.size() && hasNulls(columns.get(index))) {
                return true;
            }
        }
        return false;
    }

    private static boolean hasNulls(FieldVector column) {
        return column.getNullCount() > 0 || (column instanceof ListVector list && hasNulls(list.getDataVector()));
    }

    /** Writes why rows are refused into the places of those that have no reason yet. */
    void write(List<? extends FieldVector> columns, @Nullable String[] reasons) {
        namesWithoutNulls.forEach((index, name) -> {
            FieldVector column = columns.get(index);
            if (hasNulls(column)) {
                writeNulls(column, name, reasons);
            }
        });
        checks.forEach((index, check) -> {
            if (columns.get(index) instanceof BaseVariableWidthVector strings) {
                writeChecked(strings, check, reasons);
            }
        });
    }

    private static void writeNulls(FieldVector column, String name, @Nullable String[] reasons) {
        for (int row = 0; row < reasons.length; row++) {
            if (reasons[row] == null && hasNull(column, row, row + 1)) {
                reasons[row] = column.isNull(row)
                        ? "Expected a value in column '%s', found null".formatted(name)
                        : "Expected values alone in column '%s', found null among them".formatted(name);
            }
        }
    }

    /** Returns whether a run of values has a null at any level. */
    private static boolean hasNull(FieldVector values, int from, int to) {
        for (int i = from; i < to; i++) {
            if (values.isNull(i)) {
                return true;
            }
        }
        return values instanceof ListVector list
                && to > from
                && hasNull(list.getDataVector(), list.getElementStartIndex(from), list.getElementEndIndex(to - 1));
    }

    private void writeChecked(BaseVariableWidthVector strings, InputCheck check, @Nullable String[] reasons) {
        ArrowBuf text = strings.getDataBuffer();
        for (int row = 0; row < reasons.length; row++) {
            if (reasons[row] == null && !strings.isNull(row)) {
                int start = strings.getStartOffset(row);
                int size = strings.getValueLength(row);
                text.checkBytes(start, (long) start + size);
                bytes.show(text.memoryAddress() + start, size);
                reasons[row] = check.refusal(bytes);
            }
        }
    }
}
