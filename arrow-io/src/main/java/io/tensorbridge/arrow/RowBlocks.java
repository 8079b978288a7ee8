package io.tensorbridge.arrow;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.arrow.vector.FieldVector;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.jspecify.annotations.Nullable;

/** Blocks out of rows: fed cells are written to Arrow memory, the rest of the row is kept as it is. */
final class RowBlocks extends BlockSource {

    private final Iterator<InternalRow> rows;
    private final FedColumn[] fed;
    private final FedColumn[] dropping;
    private final FedColumn[] variable;
    private final BlockCopies copies;
    private final @Nullable RowKeeper keeper;
    private final StructType schema;
    private final Keep keep;
    private @Nullable InternalRow pending;
    private long dropped;

    RowBlocks(
            Iterator<InternalRow> rows,
            StructType schema,
            List<FedColumn> columns,
            Keep keep,
            BlockLimits limits,
            BlockCopies copies) {
        super(limits);
        this.rows = rows;
        this.schema = schema;
        this.keep = keep;
        this.copies = copies;
        this.fed = columns.toArray(FedColumn[]::new);
        this.dropping = columns.stream()
                .filter(column -> column.column().onNull() instanceof NullPolicy.DropRow)
                .toArray(FedColumn[]::new);
        this.variable = columns.stream()
                .filter(column -> column.column().hasVariableCells())
                .toArray(FedColumn[]::new);
        this.keeper = keep == Keep.ALL ? RowKeeper.beside(columns, schema).orElse(null) : null;
    }

    @Override
    @Nullable
    Block next(long number) {
        for (FedColumn column : fed) {
            column.begin(number);
        }
        if (keeper != null) {
            keeper.clear();
        }
        int count = fill();
        if (count == 0) {
            return null;
        }
        long bytes = 0;
        var vectors = new ArrayList<FieldVector>(fed.length);
        for (FedColumn column : fed) {
            vectors.add(column.finish(count));
            bytes += column.bytes(count);
        }
        copies.add(BlockCopies.Source.ROWS, bytes);
        if (keeper != null) {
            copies.add(BlockCopies.Source.KEPT, keeper.bytes());
        }
        return Block.of(vectors, keep == Keep.ALL ? columns() : List.of(), count);
    }

    private int fill() {
        int count = 0;
        int limit = Integer.MAX_VALUE;
        boolean sizesKnown = false;
        while (count < limit && hasRoom(count) && (pending != null || rows.hasNext())) {
            InternalRow row = pending != null ? pending : rows.next();
            pending = null;
            if (dropping.length > 0 && isToBeDropped(row)) {
                dropped++;
                continue;
            }
            if (!append(row, count)) {
                pending = row; // still there: the next has not been asked for
                break;
            }
            if (keeper != null) {
                keeper.keep(row);
            }
            count++;
            if (!sizesKnown) { // from the first row on, unless its arrays are null
                sizesKnown = sizesAreKnown();
                limit = sizer().rows(bytesPerRow());
            }
        }
        return count;
    }

    /** Returns whether a further row may be written, by the bytes of those written so far. */
    private boolean hasRoom(int count) {
        if (keeper != null && keeper.bytes() >= sizer().bytes()) {
            return false;
        }
        if (variable.length == 0) {
            return true;
        }
        long bytes = count * (bytesPerRow() + sizer().resultBytesPerRow());
        for (FedColumn column : variable) {
            bytes += column.bytes(count);
        }
        return bytes < sizer().bytes();
    }

    /** Writes a row to all columns, or to none. */
    private boolean append(InternalRow row, int at) {
        for (FedColumn column : fed) {
            if (!column.append(row, at)) {
                for (FedColumn written : fed) {
                    written.truncate(at);
                }
                return false;
            }
        }
        return true;
    }

    /** Returns the bytes of a row's cells that are all of one size. */
    private long bytesPerRow() {
        long bytes = 0;
        for (FedColumn column : fed) {
            bytes += column.cellBytes();
        }
        return bytes;
    }

    private boolean sizesAreKnown() {
        for (FedColumn column : fed) {
            if (column.cellBytes() == 0 && !column.column().hasVariableCells()) {
                return false;
            }
        }
        return true;
    }

    private boolean isToBeDropped(InternalRow row) {
        for (FedColumn column : dropping) {
            if (column.hasNull(row)) {
                return true;
            }
        }
        return false;
    }

    private List<ColumnVector> columns() {
        ColumnVector[] columns = keeper != null ? keeper.columns() : new ColumnVector[schema.length()];
        for (FedColumn column : fed) {
            if (column.isFaithful()) {
                columns[column.column().ordinal()] = column.view();
            }
        }
        return List.of(columns);
    }

    @Override
    public long droppedRows() {
        return dropped;
    }

    @Override
    public void close() {
        for (FedColumn column : fed) {
            column.close();
        }
    }
}
