package io.tensorbridge.arrow;

import java.util.List;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.ipc.message.ArrowFieldNode;
import org.apache.spark.sql.catalyst.expressions.SpecializedGetters;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.execution.vectorized.WritableColumnVector;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.jspecify.annotations.Nullable;

/** Writes values of fixed width: the elements of arrays. */
final class FixedWriter extends CellWriter {

    private final ValueType type;
    private final ValueCopies copies;
    private final long fillBits;
    private final GrowingBuffer values;

    FixedWriter(Context context, @Nullable OffsetsWriter parent, ValueType type) {
        super(context, parent);
        this.type = type;
        this.copies = new ValueCopies(type);
        this.fillBits = context.column().onNull() instanceof NullPolicy.Fill fill ? type.bitsOf(fill) : 0;
        this.values = new GrowingBuffer(context.allocator());
    }

    /** Makes room for more values; returns where they go. */
    private long place(int more) {
        reserve(more);
        values.reserve((long) (count() + more) * type.bytes(), bytes());
        return values.address() + bytes();
    }

    @Override
    void write(SpecializedGetters from, int ordinal) {
        type.put(from, ordinal, place(1));
        add(1);
    }

    @Override
    void writeAll(ArrayData array) {
        int length = array.numElements();
        if (!ArrayNulls.among(array)) {
            copies.copy(array, place(length));
            add(length);
            return;
        }
        for (int i = 0; i < length; i++) {
            if (array.isNullAt(i)) {
                writeNull();
            } else {
                write(array, i);
            }
        }
    }

    @Override
    BlockCopies.Source writeRange(ColumnVector from, int start, int length) {
        long address = place(length);
        boolean bulk = from instanceof WritableColumnVector || !from.hasNull();
        BlockCopies.Source source = BlockCopies.Source.COLUMNS;
        if (bulk) {
            source = copies.copy(from, start, length, address);
        }
        if (!from.hasNull()) {
            add(length);
            return source;
        }
        for (int i = 0; i < length; i++) {
            if (from.isNullAt(start + i)) {
                writeNull();
            } else {
                if (!bulk) { // other vectors may refuse to be asked for the value of a null
                    type.put(from, start + i, address + (long) i * type.bytes());
                }
                add(1);
            }
        }
        return source;
    }

    @Override
    void fill(int times) {
        type.fill(fillBits, place(times), times);
        add(times);
    }

    @Override
    long bytesOf(ColumnVector from, int start, int length) {
        return (long) length * type.bytes();
    }

    @Override
    long bytesOf(ArrayData array) {
        return (long) array.numElements() * type.bytes();
    }

    @Override
    long bytes() {
        return (long) count() * type.bytes();
    }

    @Override
    void begin() {
        super.begin();
        values.begin();
    }

    @Override
    void load(FieldVector vector) {
        place(1); // no buffer may be missing, not even where there are no values
        vector.loadFieldBuffers(
                new ArrowFieldNode(count(), validity().nulls()),
                List.of(validity().buffer(), values.buffer()));
    }

    @Override
    public void close() {
        super.close();
        values.close();
    }
}
