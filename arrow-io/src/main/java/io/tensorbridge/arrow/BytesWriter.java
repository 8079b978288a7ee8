package io.tensorbridge.arrow;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.ipc.message.ArrowFieldNode;
import org.apache.spark.sql.catalyst.expressions.SpecializedGetters;
import org.apache.spark.sql.catalyst.expressions.UnsafeArrayData;
import org.apache.spark.sql.catalyst.expressions.UnsafeRow;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.execution.vectorized.WritableColumnVector;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.unsafe.Platform;
import org.apache.spark.unsafe.types.UTF8String;
import org.jspecify.annotations.Nullable;

/** Writes strings, or binaries of any length: their bytes, whatever these are. */
final class BytesWriter extends OffsetsWriter {

    private final boolean areStrings;
    private final ValueCopies copies = new ValueCopies(ValueType.BINARY);
    private final DictionaryDecoder decoder = new DictionaryDecoder();
    private final GrowingBuffer data;
    private final byte[] fill;
    private int end;

    BytesWriter(Context context, @Nullable OffsetsWriter parent, boolean areStrings) {
        super(context, parent);
        this.areStrings = areStrings;
        this.data = new GrowingBuffer(context.allocator());
        this.fill = context.column().onNull() instanceof NullPolicy.Fill value
                ? value.value().toString().getBytes(StandardCharsets.UTF_8)
                : new byte[0];
    }

    /** Makes room for more bytes; returns where they go. */
    private long place(int more) {
        if (more > context().mostValues() - end) {
            throw new NoRoomException();
        }
        data.reserve((long) end + more, end);
        return data.address() + end;
    }

    private void write(@Nullable Object base, long offset, int length) {
        Platform.copyMemory(base, offset, null, place(length), length);
        end += length;
        addValue(end);
    }

    private void write(byte[] bytes) {
        write(bytes, Platform.BYTE_ARRAY_OFFSET, bytes.length);
    }

    private void write(UTF8String string) {
        write(string.getBaseObject(), string.getBaseOffset(), string.numBytes());
    }

    @Override
    void write(SpecializedGetters from, int ordinal) {
        // Spark's own rows and arrays refer to what is not of fixed width by offset and length
        if (from instanceof UnsafeRow row) {
            long place = row.getLong(ordinal);
            write(row.getBaseObject(), row.getBaseOffset() + (place >>> Integer.SIZE), (int) place);
        } else if (from instanceof UnsafeArrayData array) {
            long place = array.getLong(ordinal);
            write(array.getBaseObject(), array.getBaseOffset() + (place >>> Integer.SIZE), (int) place);
        } else if (areStrings) {
            write(from.getUTF8String(ordinal));
        } else {
            write(from.getBinary(ordinal));
        }
    }

    @Override
    void writeAll(ArrayData array) {
        for (int i = 0; i < array.numElements(); i++) {
            if (array.isNullAt(i)) {
                writeNull();
            } else {
                write(array, i);
            }
        }
    }

    @Override
    BlockCopies.Source writeRange(ColumnVector from, int start, int length) {
        boolean hasDictionary = from instanceof WritableColumnVector writable && writable.hasDictionary();
        if (from instanceof WritableColumnVector writable && !hasDictionary) {
            return writeRuns(writable, start, length);
        }
        for (int row = start; row < start + length; row++) {
            if (from.isNullAt(row)) {
                writeNull();
            } else if (hasDictionary) {
                write(decoder.bytesAt((WritableColumnVector) from, row));
            } else if (areStrings) {
                write(from.getUTF8String(row));
            } else {
                write(from.getBinary(row));
            }
        }
        return hasDictionary ? BlockCopies.Source.DICTIONARY : BlockCopies.Source.COLUMNS;
    }

    @Override
    BlockCopies.Source writeRun(WritableColumnVector from, int start, int length) {
        BlockCopies.Source source = copies.copy(from, start, length, place(length));
        end += length;
        return source;
    }

    @Override
    void checkLength(int length) {
        // any will do
    }

    @Override
    void fill(int times) {
        for (int i = 0; i < times; i++) {
            write(fill);
        }
    }

    @Override
    int end() {
        return end;
    }

    @Override
    long bytesOfRun(WritableColumnVector from, int start, int length) {
        return length;
    }

    @Override
    long bytesOfValue(ColumnVector from, int row) {
        if (from instanceof WritableColumnVector writable && writable.hasDictionary()) {
            return decoder.bytesAt(writable, row).length;
        }
        return areStrings ? from.getUTF8String(row).numBytes() : from.getBinary(row).length;
    }

    @Override
    long bytesOf(ArrayData array) {
        long bytes = (long) array.numElements() * Integer.BYTES;
        for (int i = 0; i < array.numElements(); i++) {
            if (!array.isNullAt(i)) {
                bytes += areStrings ? array.getUTF8String(i).numBytes() : array.getBinary(i).length;
            }
        }
        return bytes;
    }

    @Override
    long bytes() {
        return super.bytes() + end;
    }

    @Override
    void begin() {
        super.begin();
        data.begin();
        end = 0;
    }

    @Override
    void truncate(int values) {
        end = startOf(values);
        super.truncate(values);
    }

    @Override
    void load(FieldVector vector) {
        reserve(0);
        data.reserve(1, end); // no buffer may be missing, not even where all strings are empty
        vector.loadFieldBuffers(
                new ArrowFieldNode(count(), validity().nulls()),
                List.of(validity().buffer(), offsets(), data.buffer()));
    }

    @Override
    public void close() {
        super.close();
        data.close();
        end = 0;
    }
}
