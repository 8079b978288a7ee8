package io.tensorbridge.arrow;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.util.TransferPair;
import org.apache.spark.sql.vectorized.ArrowColumnVector;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.jspecify.annotations.Nullable;

/** Blocks out of columnar batches: Arrow columns as they are, Spark's own copied in bulk. */
final class BatchBlocks extends BlockSource {

    private static final int ALIGNED_ROWS = 64; // of values of one byte or more

    private final Iterator<ColumnarBatch> batches;
    private final List<FedColumn> fed;
    private final List<FedColumn> variable;
    private final Keep keep;
    private final BlockCopies copies;
    private final List<FieldVector> slices = new ArrayList<>();
    private @Nullable ColumnarBatch batch;
    private int @Nullable [] selection;
    private int rowsInBatch;
    private int from;
    private long dropped;

    BatchBlocks(
            Iterator<ColumnarBatch> batches,
            List<FedColumn> columns,
            Keep keep,
            BlockLimits limits,
            BlockCopies copies) {
        super(limits);
        this.batches = batches;
        this.keep = keep;
        this.copies = copies;
        this.fed = columns;
        this.variable = columns.stream()
                .filter(column -> column.column().hasVariableCells())
                .toList();
    }

    @Override
    @Nullable
    Block next(long number) {
        closeSlices();
        while (batch == null || from >= rowsInBatch) {
            releaseBatch();
            // only now: a reader of files overwrites its batch as soon as it is asked whether there is another
            if (!batches.hasNext()) {
                return null;
            }
            open(batches.next());
        }
        ColumnarBatch open = batch;
        int count = rowsOfBlock(open);
        boolean whole = count == open.numRows();
        List<FieldVector> vectors = new ArrayList<>(fed.size());
        ColumnVector[] columns = new ColumnVector[open.numCols()];
        for (int i = 0; keep == Keep.ALL && i < columns.length; i++) {
            columns[i] = whole ? open.column(i) : new RowsOfColumnVector(open.column(i), from, selection);
        }
        for (FedColumn column : fed) {
            ColumnVector source = open.column(column.column().ordinal());
            FieldVector arrow = arrowOf(source, column);
            if (arrow != null && selection == null) {
                vectors.add(whole ? arrow : slice(arrow, count));
                if (!whole) {
                    columns[column.column().ordinal()] = new ArrowBackedColumnVector(vectors.get(vectors.size() - 1));
                }
            } else {
                column.begin(number);
                copy(column, source, count);
                vectors.add(column.finish(count));
                if (column.isFaithful()) {
                    columns[column.column().ordinal()] = column.view();
                }
            }
        }
        from += count;
        return Block.of(vectors, keep == Keep.ALL ? List.of(columns) : List.of(), count);
    }

    /**
     * Returns how many rows to take: all that are left, or even parts of them.
     *
     * <p>Where nothing is copied nothing is allocated, so such a block may be twice as large before it is cut; and its
     * parts begin where TensorFlow can alias. Cells of any length are counted one by one where they do not all fit.
     */
    private int rowsOfBlock(ColumnarBatch open) {
        int left = rowsInBatch - from;
        long bytesPerRow = bytesPerRow(open);
        int limit = sizer().rows(bytesPerRow);
        long budget = sizer().bytes();
        boolean asItIs = selection == null
                && fed.stream()
                        .allMatch(column -> arrowOf(open.column(column.column().ordinal()), column) != null);
        if (asItIs) {
            limit = Math.max(limit, sizer().rowsAtTwiceTheBytes(bytesPerRow));
            budget *= 2;
        }
        int fitting = rowsThatFit(open, Math.min(left, limit), bytesPerRow, budget);
        if (left <= fitting) {
            return left;
        }
        int parts = (int) ((left + (long) limit - 1) / limit);
        int even = Math.min(fitting, (left + parts - 1) / parts);
        if (!asItIs || fitting < ALIGNED_ROWS) {
            return even;
        }
        int aligned = (even + ALIGNED_ROWS - 1) / ALIGNED_ROWS * ALIGNED_ROWS;
        return aligned <= fitting ? aligned : fitting / ALIGNED_ROWS * ALIGNED_ROWS;
    }

    /** Returns how many of the next rows, at most so many, have no more bytes than they may; at least one. */
    private int rowsThatFit(ColumnarBatch open, int most, long bytesPerRow, long budget) {
        long allowed = Math.min(budget, VariableColumn.MOST_VALUES);
        long fixed = bytesPerRow + sizer().resultBytesPerRow();
        if (variable.isEmpty() || bytesOfVariable(open, from, most) + most * fixed <= allowed) {
            return most;
        }
        long bytes = 0;
        for (int row = 0; row < most; row++) {
            bytes += fixed + bytesOfVariable(open, from + row, 1);
            if (bytes > allowed) {
                return Math.max(1, row);
            }
        }
        return most;
    }

    private long bytesOfVariable(ColumnarBatch open, int start, int count) {
        long bytes = 0;
        for (FedColumn column : variable) {
            bytes += column.bytesOf(selected(open.column(column.column().ordinal())), start, count);
        }
        return bytes;
    }

    /** Returns the rows of a column that are not left out; the next block's begin at {@link #from}. */
    private ColumnVector selected(ColumnVector source) {
        return selection == null ? source : new RowsOfColumnVector(source, 0, selection);
    }

    private void copy(FedColumn column, ColumnVector source, int count) {
        BlockCopies.Source reason = column.append(selected(source), from, count);
        if (source instanceof ArrowColumnVector arrow && arrow.getValueVector() instanceof FieldVector vector) {
            reason = reasonOf(vector, column).orElse(reason);
        }
        copies.add(reason, column.bytes(count));
    }

    /** Returns why an Arrow vector could not be taken as it is, if it is one that could be but for its nulls or booleans. */
    private static Optional<BlockCopies.Source> reasonOf(FieldVector vector, FedColumn column) {
        if (ArrowFields.areAlike(vector.getField(), column.field())) {
            return Optional.of(BlockCopies.Source.NULLS);
        }
        FieldVector values = vector;
        while (values instanceof ListVector list) {
            values = list.getDataVector();
        }
        return values instanceof BitVector ? Optional.of(BlockCopies.Source.BOOLEANS) : Optional.empty();
    }

    /** Returns the Arrow vector that can be fed as it is, or null if the column must be copied. */
    private @Nullable FieldVector arrowOf(ColumnVector source, FedColumn column) {
        if (!(source instanceof ArrowColumnVector arrow) || !(arrow.getValueVector() instanceof FieldVector vector)) {
            return null;
        }
        return hasNoNulls(vector) && ArrowFields.areAlike(vector.getField(), column.field()) ? vector : null;
    }

    private static boolean hasNoNulls(FieldVector vector) {
        return vector.getNullCount() == 0 && (!(vector instanceof ListVector list) || hasNoNulls(list.getDataVector()));
    }

    /** Returns some rows of an Arrow vector: the same memory, counted twice. */
    private FieldVector slice(FieldVector vector, int count) {
        TransferPair pair = vector.getTransferPair(vector.getAllocator());
        pair.splitAndTransfer(from, count);
        FieldVector slice = (FieldVector) pair.getTo();
        slices.add(slice);
        return slice;
    }

    private void open(ColumnarBatch next) {
        batch = next;
        from = 0;
        selection = select(fed, next);
        rowsInBatch = selection == null ? next.numRows() : selection.length;
        dropped += next.numRows() - rowsInBatch;
    }

    /** Returns the rows without nulls where nulls are to be dropped, or null if these are all. */
    static int @Nullable [] select(List<? extends FedColumn> fed, ColumnarBatch next) {
        List<FedColumn> dropping = fed.stream()
                .<FedColumn>map(column -> column)
                .filter(column -> column.column().onNull() instanceof NullPolicy.DropRow)
                .toList();
        if (dropping.isEmpty()) {
            return null;
        }
        int[] kept = new int[next.numRows()];
        int count = 0;
        for (int row = 0; row < next.numRows(); row++) {
            int at = row;
            if (dropping.stream()
                    .noneMatch(
                            column -> column.hasNull(next.column(column.column().ordinal()), at))) {
                kept[count++] = row;
            }
        }
        return count == kept.length ? null : Arrays.copyOf(kept, count);
    }

    /** Returns the bytes of a row's cells that are all of one size; what no cell has told yet, the next one does. */
    private long bytesPerRow(ColumnarBatch open) {
        long bytes = 0;
        for (FedColumn column : fed) {
            if (!column.column().hasVariableCells()) {
                int first = selection == null ? from : selection[from];
                bytes += column.bytesOf(open.column(column.column().ordinal()), first, 1);
            }
        }
        return bytes;
    }

    @Override
    public long droppedRows() {
        return dropped;
    }

    private void closeSlices() {
        slices.forEach(FieldVector::close);
        slices.clear();
    }

    /** Closes what can be closed of the batch that is done with, in case no consumer has. */
    private void releaseBatch() {
        if (batch != null) {
            batch.closeIfFreeable();
            batch = null;
        }
    }

    @Override
    public void close() {
        closeSlices();
        releaseBatch();
        fed.forEach(FedColumn::close);
    }
}
