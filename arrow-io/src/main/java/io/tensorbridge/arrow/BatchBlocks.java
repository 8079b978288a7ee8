package io.tensorbridge.arrow;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BaseFixedWidthVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VarBinaryVector;
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
            List<BlockColumn> columns,
            Keep keep,
            BlockLimits limits,
            BufferAllocator allocator,
            BlockCopies copies) {
        super(limits);
        this.batches = batches;
        this.keep = keep;
        this.copies = copies;
        this.fed = columns.stream()
                .map(column -> FedColumn.of(column, allocator, limits.bytes()))
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
            FieldVector arrow = arrowOf(source, column.column());
            if (arrow != null && selection == null) {
                vectors.add(whole ? arrow : slice(arrow, count));
                if (!whole) {
                    columns[column.column().ordinal()] = new ArrowBackedColumnVector(vectors.get(vectors.size() - 1));
                }
            } else {
                column.begin(number);
                copy(column, source, count);
                vectors.add(column.finish(count));
                columns[column.column().ordinal()] = column.view();
            }
        }
        from += count;
        return Block.of(vectors, keep == Keep.ALL ? List.of(columns) : List.of(), count);
    }

    /**
     * Returns how many rows to take: all that are left, or even parts of them.
     *
     * <p>Where nothing is copied nothing is allocated, so such a block may be twice as large before it is cut; and its
     * parts begin where TensorFlow can alias.
     */
    private int rowsOfBlock(ColumnarBatch open) {
        int left = rowsInBatch - from;
        int limit = sizer().rows(bytesPerRow(open));
        boolean asItIs = selection == null
                && fed.stream()
                        .allMatch(column -> arrowOf(open.column(column.column().ordinal()), column.column()) != null);
        if (asItIs) {
            limit = Math.max(limit, sizer().rowsAtTwiceTheBytes(bytesPerRow(open)));
        }
        if (left <= limit) {
            return left;
        }
        int parts = (int) ((left + (long) limit - 1) / limit);
        int even = (left + parts - 1) / parts;
        if (!asItIs || limit < ALIGNED_ROWS) {
            return even;
        }
        int aligned = (even + ALIGNED_ROWS - 1) / ALIGNED_ROWS * ALIGNED_ROWS;
        return aligned <= limit ? aligned : limit / ALIGNED_ROWS * ALIGNED_ROWS;
    }

    private void copy(FedColumn column, ColumnVector source, int count) {
        BlockCopies.Source reason = selection != null
                ? column.append(new RowsOfColumnVector(source, from, selection), 0, count)
                : column.append(source, from, count);
        if (source instanceof ArrowColumnVector && (selection != null || source.hasNull())) {
            reason = BlockCopies.Source.NULLS;
        }
        copies.add(reason, column.cellBytes() * count);
    }

    /** Returns the Arrow vector that can be fed as it is, or null if the column must be copied. */
    private @Nullable FieldVector arrowOf(ColumnVector source, BlockColumn column) {
        if (!(source instanceof ArrowColumnVector arrow) || !(arrow.getValueVector() instanceof FieldVector vector)) {
            return null;
        }
        return isFeedable(vector, column) ? vector : null;
    }

    private boolean isFeedable(FieldVector vector, BlockColumn column) {
        if (vector.getNullCount() > 0) {
            return false;
        }
        if (vector instanceof ListVector list) {
            return isFeedable(list.getDataVector(), column);
        }
        var expected = ValueType.of(BlockColumn.elementType(column.type())).arrowType();
        return (vector instanceof BaseFixedWidthVector || vector instanceof VarBinaryVector)
                && vector.getField().getType().equals(expected);
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
        selection = select(next);
        rowsInBatch = selection == null ? next.numRows() : selection.length;
        dropped += next.numRows() - rowsInBatch;
    }

    /** Returns the rows without nulls where nulls are to be dropped, or null if these are all. */
    private int @Nullable [] select(ColumnarBatch next) {
        List<FedColumn> dropping = fed.stream()
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
        return count == kept.length ? null : java.util.Arrays.copyOf(kept, count);
    }

    /** Known for columns written here before; an Arrow column's is asked of its first cell. */
    private long bytesPerRow(ColumnarBatch open) {
        long bytes = 0;
        for (FedColumn column : fed) {
            long cell = column.cellBytes();
            if (cell == 0) {
                int first = selection == null ? from : selection[from];
                cell = column.bytesOf(open.column(column.column().ordinal()), first);
            }
            bytes += cell;
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
