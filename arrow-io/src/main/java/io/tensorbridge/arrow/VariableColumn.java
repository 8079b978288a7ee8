package io.tensorbridge.arrow;

import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.vectorized.ColumnVector;

/** A column whose cells, or values inside of them, have any length: strings, binaries, and arrays of anything. */
final class VariableColumn extends FedColumn {

    static final int MOST_VALUES = Integer.MAX_VALUE; // Arrow's offsets and counts are 32 bits wide

    private final int ordinal;
    private final int levels;
    private final int mostValues;
    private final CellWriter cells;
    private final FieldVector vector;
    private final ArrowBackedColumnVector view;
    private int nullsOfUnknownSize;

    /** Creates the column; {@code mostValues} is how many values or bytes a block may have at any level. */
    VariableColumn(BlockColumn column, BufferAllocator allocator, int mostValues) {
        super(column);
        this.ordinal = column.ordinal();
        this.mostValues = mostValues;
        this.levels = column.type() instanceof ArrayType ? BlockColumn.levels(column.type()) : 0;
        var context = new CellWriter.Context(column, errors(), allocator, mostValues);
        this.cells = CellWriter.of(column.type(), context, /* parent= */ null, /* level= */ 0);
        this.vector = field().createVector(allocator);
        this.view = new ArrowBackedColumnVector(vector);
    }

    @Override
    void beginCells() {
        vector.clear(); // shares the cells' memory, and would look as if somebody had kept it
        cells.begin();
        nullsOfUnknownSize = 0;
    }

    @Override
    boolean append(InternalRow row, int at) {
        try {
            if (!row.isNullAt(ordinal)) {
                learnWidths(row);
                cells.write(row, ordinal);
            } else if (isOfUnknownWidth() && fillsNulls() && !column().keepsNulls()) {
                nullsOfUnknownSize++; // nothing but nulls so far
            } else {
                cells.writeNull();
            }
            return true;
        } catch (CellWriter.NoRoomException e) {
            if (at == 0) {
                throw errors().tooLarge(mostValues, at);
            }
            truncate(at);
            return false;
        }
    }

    private boolean isOfUnknownWidth() {
        return cells instanceof ListWriter lists && lists.hasUnknownWidth();
    }

    private void learnWidths(InternalRow row) {
        if (cells instanceof ListWriter lists && lists.hasUnknownWidth()) {
            lists.learnWidths(row.getArray(ordinal));
            for (; nullsOfUnknownSize > 0; nullsOfUnknownSize--) {
                lists.writeNull();
            }
        }
    }

    @Override
    void truncate(int rows) {
        cells.truncate(rows - nullsOfUnknownSize);
    }

    @Override
    BlockCopies.Source append(ColumnVector from, int start, int count) {
        learnWidths(from, start, count);
        try {
            return cells.writeRange(from, start, count);
        } catch (CellWriter.NoRoomException e) {
            throw errors().tooLarge(mostValues, /* row= */ 0); // several rows are counted before they come here
        }
    }

    private void learnWidths(ColumnVector from, int start, int count) {
        if (!(cells instanceof ListWriter lists) || !lists.hasUnknownWidth()) {
            return;
        }
        for (int row = start; row < start + count; row++) {
            if (!from.isNullAt(row)) {
                lists.learnWidths(from.getArray(row));
                return;
            }
        }
        if (fillsNulls() && !column().keepsNulls()) {
            throw errors().unknownLength();
        }
    }

    @Override
    FieldVector finish(int rows) {
        if (nullsOfUnknownSize > 0) {
            throw errors().unknownLength();
        }
        cells.truncate(rows);
        cells.load(vector);
        view.refresh();
        return vector;
    }

    @Override
    ColumnVector view() {
        return view;
    }

    @Override
    boolean hasNull(InternalRow row) {
        return row.isNullAt(ordinal) || (levels > 0 && ArrayNulls.within(row.getArray(ordinal), levels));
    }

    @Override
    boolean hasNull(ColumnVector from, int row) {
        return from.isNullAt(row) || (levels > 0 && ArrayNulls.within(from.getArray(row), levels));
    }

    @Override
    long cellBytes() {
        return 0; // they differ
    }

    @Override
    long bytes(int rows) {
        return cells.bytes();
    }

    @Override
    long bytesOf(ColumnVector from, int start, int count) {
        return cells.bytesOf(from, start, count);
    }

    @Override
    public void close() {
        vector.close();
        cells.close();
    }
}
