package io.tensorbridge.arrow;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.BoundReference;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.UnsafeProjection;
import org.apache.spark.sql.catalyst.expressions.UnsafeRow;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.jspecify.annotations.Nullable;
import scala.jdk.javaapi.CollectionConverters;

/** Blocks out of rows: fed cells are written to Arrow memory, the rest of the row is kept as it is. */
final class RowBlocks extends BlockSource {

    private final Iterator<InternalRow> rows;
    private final FedColumn[] fed;
    private final FedColumn[] dropping;
    private final BlockCopies copies;
    private final @Nullable Keeper keeper;
    private final List<ColumnVector> keptColumns;
    private final StructType schema;
    private final Keep keep;
    private long dropped;

    RowBlocks(
            Iterator<InternalRow> rows,
            StructType schema,
            List<BlockColumn> columns,
            Keep keep,
            BlockLimits limits,
            BufferAllocator allocator,
            BlockCopies copies) {
        super(limits);
        this.rows = rows;
        this.schema = schema;
        this.keep = keep;
        this.copies = copies;
        this.fed = columns.stream()
                .map(column -> FedColumn.of(column, allocator, limits.bytes()))
                .toArray(FedColumn[]::new);
        this.dropping = columns.stream()
                .filter(column -> column.onNull() instanceof NullPolicy.DropRow)
                .map(column -> fed[columns.indexOf(column)])
                .toArray(FedColumn[]::new);
        this.keeper = keep == Keep.ALL && columns.size() < schema.length() ? Keeper.of(schema, columns) : null;
        this.keptColumns = new ArrayList<>();
    }

    @Override
    @Nullable
    Block next(long number) {
        for (FedColumn column : fed) {
            column.begin(number);
        }
        if (keeper != null) {
            keeper.rows.clear();
        }
        int count = fill();
        if (count == 0) {
            return null;
        }
        long bytes = 0;
        var vectors = new ArrayList<org.apache.arrow.vector.FieldVector>(fed.length);
        for (FedColumn column : fed) {
            vectors.add(column.finish(count));
            bytes += column.cellBytes() * count;
        }
        copies.add(BlockCopies.Source.ROWS, bytes);
        return Block.of(vectors, keep == Keep.ALL ? columns() : List.of(), count);
    }

    private int fill() {
        int count = 0;
        int limit = Integer.MAX_VALUE;
        boolean sizesKnown = false;
        long keptLimit = sizer().bytes();
        while (count < limit && (keeper == null || keeper.rows.bytes() < keptLimit) && rows.hasNext()) {
            InternalRow row = rows.next();
            if (dropping.length > 0 && isToBeDropped(row)) {
                dropped++;
                continue;
            }
            for (FedColumn column : fed) {
                column.append(row, count);
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
        if (keeper != null) {
            copies.add(BlockCopies.Source.KEPT, keeper.rows.bytes());
        }
        return count;
    }

    private long bytesPerRow() {
        long bytes = 0;
        for (FedColumn column : fed) {
            bytes += column.cellBytes();
        }
        return bytes;
    }

    private boolean sizesAreKnown() {
        for (FedColumn column : fed) {
            if (column.cellBytes() == 0) {
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
        keptColumns.clear();
        for (int ordinal = 0; ordinal < schema.length(); ordinal++) {
            keptColumns.add(keeper != null ? keeper.columns.get(ordinal) : null);
        }
        for (FedColumn column : fed) {
            keptColumns.set(column.column().ordinal(), column.view());
        }
        return List.copyOf(keptColumns);
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

    /** Keeps what is not fed of a row: all of it where that is cheap, the other columns alone where fed ones are large. */
    private static final class Keeper {

        private final KeptRows rows;
        private final UnsafeProjection projection;
        private final boolean wholeRows;
        private final Map<Integer, ColumnVector> columns = new HashMap<>();

        private Keeper(StructType schema, List<Integer> ordinals, boolean wholeRows) {
            this.wholeRows = wholeRows;
            this.rows = new KeptRows(ordinals.size());
            List<Expression> references = new ArrayList<>();
            for (int field = 0; field < ordinals.size(); field++) {
                int ordinal = ordinals.get(field);
                StructField column = schema.fields()[ordinal];
                references.add(new BoundReference(ordinal, column.dataType(), column.nullable()));
                columns.put(ordinal, GettersColumnVector.ofRows(rows, field, column.dataType()));
            }
            this.projection = UnsafeProjection.create(
                    CollectionConverters.asScala(references).toSeq());
        }

        static Keeper of(StructType schema, List<BlockColumn> fed) {
            boolean scalarsOnly = fed.stream().allMatch(column -> BlockColumn.levels(column.type()) == 0);
            List<Integer> ordinals = new ArrayList<>();
            for (int ordinal = 0; ordinal < schema.length(); ordinal++) {
                int at = ordinal;
                if (scalarsOnly || fed.stream().noneMatch(column -> column.ordinal() == at)) {
                    ordinals.add(ordinal);
                }
            }
            return new Keeper(schema, ordinals, scalarsOnly);
        }

        void keep(InternalRow row) {
            rows.add(wholeRows && row instanceof UnsafeRow unsafe ? unsafe : projection.apply(row));
        }
    }
}
