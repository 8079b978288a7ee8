package io.tensorbridge.arrow;

import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.util.MemoryUtil;
import org.apache.arrow.vector.FieldVector;
import org.apache.spark.sql.execution.vectorized.WritableColumnVector;
import org.apache.spark.sql.vectorized.ArrowColumnVector;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.jspecify.annotations.Nullable;

/**
 * Writes values that are runs of something smaller: arrays of elements, strings of bytes. Value {@code n} lies between
 * offset {@code n} and the next; the first offset is 0.
 */
abstract sealed class OffsetsWriter extends CellWriter permits ListWriter, BytesWriter {

    private final GrowingBuffer offsets;

    OffsetsWriter(Context context, @Nullable OffsetsWriter parent) {
        super(context, parent);
        this.offsets = new GrowingBuffer(context.allocator());
    }

    /** Returns how many elements or bytes were written so far. */
    abstract int end();

    /** Checks that a value may have this length. */
    abstract void checkLength(int length);

    /** Copies elements or bytes of Spark's own column. */
    abstract BlockCopies.Source writeRun(WritableColumnVector from, int start, int length);

    /** Returns the bytes that elements or bytes of Spark's own column take here. */
    abstract long bytesOfRun(WritableColumnVector from, int start, int length);

    /** Completes a value whose elements or bytes end here; they are written, or about to be. */
    final void addValue(int end) {
        reserve(1);
        putOffset(count() + 1, end);
        add(1);
    }

    private void putOffset(int at, int offset) {
        offsets.reserve((at + 1L) * Integer.BYTES, (long) at * Integer.BYTES);
        MemoryUtil.putInt(offsets.address() + (long) at * Integer.BYTES, offset);
    }

    /** Returns where a value begins. */
    final int startOf(int value) {
        return value == 0 ? 0 : MemoryUtil.getInt(offsets.address() + (long) value * Integer.BYTES);
    }

    /** Returns the value that an element belongs to; the one under construction, if it is none of the others. */
    final int holderOf(int element) {
        int low = 0;
        int high = count();
        while (low < high) { // the last that begins at or before the element
            int middle = (low + high + 1) >>> 1;
            if (startOf(middle) <= element) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    /** Copies values of Spark's own column, as many at once as lie one behind the other. */
    final BlockCopies.Source writeRuns(WritableColumnVector from, int start, int length) {
        BlockCopies.Source source = BlockCopies.Source.COLUMNS;
        boolean hasNull = from.hasNull();
        int runStart = 0;
        int runLength = 0;
        for (int row = start; row < start + length; row++) {
            boolean isNull = hasNull && from.isNullAt(row);
            int offset = isNull ? 0 : from.getArrayOffset(row);
            int size = isNull ? 0 : from.getArrayLength(row);
            if (runLength > 0 && (isNull || (size > 0 && offset != runStart + runLength))) {
                source = writeRun(from.arrayData(), runStart, runLength);
                runLength = 0;
            }
            if (isNull) {
                writeNull();
                continue;
            }
            checkLength(size);
            if (runLength == 0) {
                runStart = offset;
            }
            if (size > context().mostValues() - end() - runLength) {
                throw new NoRoomException();
            }
            runLength += size;
            addValue(end() + runLength);
        }
        return runLength > 0 ? writeRun(from.arrayData(), runStart, runLength) : source;
    }

    @Override
    final long bytesOf(ColumnVector from, int start, int length) {
        long offsetBytes = (long) length * Integer.BYTES;
        if (from instanceof ArrowColumnVector arrow && arrow.getValueVector() instanceof FieldVector vector) {
            long bytes = ArrowBytes.of(vector, start, length);
            if (bytes >= 0) {
                return bytes;
            }
        }
        if (from instanceof WritableColumnVector writable && !writable.hasDictionary()) {
            return offsetBytes + bytesOfRuns(writable, start, length);
        }
        long bytes = offsetBytes;
        for (int row = start; row < start + length; row++) {
            bytes += from.isNullAt(row) ? 0 : bytesOfValue(from, row);
        }
        return bytes;
    }

    private long bytesOfRuns(WritableColumnVector from, int start, int length) {
        boolean hasNull = from.hasNull();
        long bytes = 0;
        for (int row = start; row < start + length; row++) {
            if (!hasNull || !from.isNullAt(row)) {
                bytes += bytesOfRun(from.arrayData(), from.getArrayOffset(row), from.getArrayLength(row));
            }
        }
        return bytes;
    }

    /** Returns the bytes that the elements or bytes of one value take, which is not null. */
    abstract long bytesOfValue(ColumnVector from, int row);

    @Override
    long bytes() {
        return (long) count() * Integer.BYTES;
    }

    @Override
    void begin() {
        super.begin();
        offsets.begin();
        putOffset(0, 0);
    }

    final ArrowBuf offsets() {
        return offsets.buffer();
    }

    @Override
    public void close() {
        super.close();
        offsets.close();
    }
}
