package io.tensorbridge.arrow;

import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.parquet.column.Dictionary;
import org.apache.parquet.column.Encoding;
import org.apache.parquet.io.api.Binary;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.expressions.UnsafeProjection;
import org.apache.spark.sql.execution.arrow.ArrowWriter;
import org.apache.spark.sql.execution.datasources.parquet.ParquetDictionary;
import org.apache.spark.sql.execution.vectorized.OffHeapColumnVector;
import org.apache.spark.sql.execution.vectorized.OnHeapColumnVector;
import org.apache.spark.sql.execution.vectorized.WritableColumnVector;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.ArrowUtils;
import org.apache.spark.sql.vectorized.ArrowColumnVector;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.jspecify.annotations.Nullable;

/** One column of cells as a partition, in all the ways in which Spark may hold it. */
enum Partitions {
    ROWS,
    UNSAFE_ROWS,
    ON_HEAP,
    OFF_HEAP,
    DICTIONARY,
    ARROW;

    /** Opens the partition: the cells in the second column, an id in the first. */
    BlockSource open(
            List<? extends @Nullable Object> cells,
            BlockColumn column,
            BlockLimits limits,
            BufferAllocator allocator,
            BlockCopies copies) {
        DataType type = column.type();
        var schema = new StructType().add("id", "int").add("c", type);
        List<InternalRow> rows = new ArrayList<>();
        for (int n = 0; n < cells.size(); n++) {
            rows.add(new GenericInternalRow(new Object[] {n, CellTable.toSpark(cells.get(n), type)}));
        }
        if (this == UNSAFE_ROWS) {
            rows = unsafe(rows, schema);
        }
        if (this == ROWS || this == UNSAFE_ROWS) {
            return BlockSource.ofRows(
                    rows.iterator(), schema, List.of(column), BlockSource.Keep.ALL, limits, allocator, copies);
        }
        ColumnarBatch batch = this == ARROW ? arrow(rows, schema, allocator) : writable(cells, type);
        return BlockSource.ofBatches(
                List.of(batch).iterator(), List.of(column), BlockSource.Keep.ALL, limits, allocator, copies);
    }

    static List<InternalRow> unsafe(List<InternalRow> rows, StructType schema) {
        UnsafeProjection projection = UnsafeProjection.create(schema);
        return rows.stream()
                .<InternalRow>map(row -> projection.apply(row).copy())
                .toList();
    }

    private static ColumnarBatch arrow(List<InternalRow> rows, StructType schema, BufferAllocator allocator) {
        var root = VectorSchemaRoot.create(ArrowUtils.toArrowSchema(schema, "UTC", true, false), allocator);
        ArrowWriter writer = ArrowWriter.create(root);
        rows.forEach(writer::write);
        writer.finish();
        ColumnVector[] columns =
                root.getFieldVectors().stream().map(ArrowColumnVector::new).toArray(ColumnVector[]::new);
        return new ColumnarBatch(columns, rows.size());
    }

    private ColumnarBatch writable(List<? extends @Nullable Object> cells, DataType type) {
        int capacity = Math.max(1, cells.size());
        var ids = new OnHeapColumnVector(capacity, org.apache.spark.sql.types.DataTypes.IntegerType);
        WritableColumnVector column =
                this == OFF_HEAP ? new OffHeapColumnVector(capacity, type) : new OnHeapColumnVector(capacity, type);
        var values = new ArrayList<Object>();
        for (int n = 0; n < cells.size(); n++) {
            ids.putInt(n, n);
            append(column, cells.get(n), type, this == DICTIONARY ? values : null);
        }
        WritableColumnVector leaf = column;
        DataType leafType = type;
        while (leafType instanceof ArrayType array) {
            leaf = leaf.arrayData();
            leafType = array.elementType();
        }
        if (this == DICTIONARY && !(leafType instanceof BooleanType)) { // Parquet has none of booleans
            leaf.setDictionary(new ParquetDictionary(new Entries(values), false));
        }
        return new ColumnarBatch(new ColumnVector[] {ids, column}, cells.size());
    }

    private static void append(
            WritableColumnVector to, @Nullable Object value, DataType type, @Nullable List<Object> dictionary) {
        if (value == null) {
            if (to.hasDictionary() || (dictionary != null && !(type instanceof ArrayType))) {
                ids(to).putInt(to.getElementsAppended(), 0);
            }
            to.appendNull();
        } else if (type instanceof ArrayType array) {
            List<?> elements = (List<?>) value;
            to.appendArray(elements.size());
            elements.forEach(element -> append(to.arrayData(), element, array.elementType(), dictionary));
        } else if (dictionary != null && !(type instanceof BooleanType)) {
            ids(to).putInt(to.getElementsAppended(), dictionary.size());
            dictionary.add(value);
            to.appendNotNull();
        } else if (type instanceof StringType || type instanceof BinaryType) {
            byte[] bytes = CellTable.bytesOf(value);
            to.appendByteArray(bytes, 0, bytes.length);
        } else if (value instanceof Boolean bool) {
            to.appendBoolean(bool);
        } else if (value instanceof Byte number) {
            to.appendByte(number);
        } else if (value instanceof Short number) {
            to.appendShort(number);
        } else if (value instanceof Integer number) {
            to.appendInt(number);
        } else if (value instanceof Long number) {
            to.appendLong(number);
        } else if (value instanceof Float number) {
            to.appendFloat(number);
        } else {
            to.appendDouble((Double) value);
        }
    }

    private static WritableColumnVector ids(WritableColumnVector of) {
        WritableColumnVector ids = of.getDictionaryIds();
        if (ids == null) {
            ids = of.reserveDictionaryIds(10_000);
        }
        return ids;
    }

    /** A dictionary as Parquet has them. */
    private static final class Entries extends Dictionary {

        private final List<Object> values;

        Entries(List<Object> values) {
            super(Encoding.RLE_DICTIONARY);
            this.values = values;
        }

        @Override
        public int getMaxId() {
            return values.size() - 1;
        }

        @Override
        public int decodeToInt(int id) {
            return ((Number) values.get(id)).intValue();
        }

        @Override
        public long decodeToLong(int id) {
            return (Long) values.get(id);
        }

        @Override
        public float decodeToFloat(int id) {
            return (Float) values.get(id);
        }

        @Override
        public double decodeToDouble(int id) {
            return (Double) values.get(id);
        }

        @Override
        public Binary decodeToBinary(int id) {
            return Binary.fromConstantByteArray(CellTable.bytesOf(values.get(id)));
        }
    }
}
