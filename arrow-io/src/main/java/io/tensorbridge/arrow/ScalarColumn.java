package io.tensorbridge.arrow;

import java.util.List;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BaseFixedWidthVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.execution.vectorized.WritableColumnVector;
import org.apache.spark.sql.vectorized.ColumnVector;

/** A column of one number a row. */
final class ScalarColumn extends FedColumn {

    private final ValueType type;
    private final int ordinal;
    private final DictionaryDecoder decoder = new DictionaryDecoder();

    ScalarColumn(BlockColumn column, BufferAllocator allocator, long budget) {
        super(column, allocator, budget);
        this.type = ValueType.of(column.type());
        this.ordinal = column.ordinal();
    }

    @Override
    boolean hasNull(InternalRow row) {
        return row.isNullAt(ordinal);
    }

    @Override
    boolean hasNull(ColumnVector from, int row) {
        return from.isNullAt(row);
    }

    @Override
    long cellBytes() {
        return type.bytes();
    }

    @Override
    long cellValues() {
        return 1;
    }

    @Override
    void write(InternalRow row, int at) {
        type.put(row, ordinal, address() + (long) at * type.bytes());
    }

    @Override
    BlockCopies.Source write(ColumnVector from, int start, int count) {
        if (!from.hasNull()) {
            return type.copy(from, start, count, address(), decoder);
        }
        BlockCopies.Source source = BlockCopies.Source.COLUMNS;
        boolean bulk = from instanceof WritableColumnVector;
        if (bulk) {
            source = type.copy(from, start, count, address(), decoder);
        }
        for (int i = 0; i < count; i++) {
            if (from.isNullAt(start + i)) {
                writeNull(i);
            } else if (!bulk) { // other vectors may refuse to be asked for the value of a null
                type.put(from, start + i, address() + (long) i * type.bytes());
            }
        }
        return source;
    }

    @Override
    void fillCell(Number value, int at) {
        type.put(value, address() + (long) at * type.bytes());
    }

    @Override
    FieldVector newVector(BufferAllocator from, String name) {
        // the superclass's constructor asks for it, before the fields of this class are set
        var arrowType = ValueType.of(column().type()).arrowType();
        return new Field(name, FieldType.nullable(arrowType), List.of()).createVector(from);
    }

    @Override
    void allocate(FieldVector empty, int rows) {
        ((BaseFixedWidthVector) empty).allocateNew(rows);
    }

    @Override
    ArrowBuf values(FieldVector of) {
        return of.getDataBuffer();
    }

    @Override
    void markAllValid(FieldVector of) {
        setAllValid(of);
    }

    @Override
    void setRowCount(FieldVector of, int rows) {
        of.setValueCount(rows);
    }
}
