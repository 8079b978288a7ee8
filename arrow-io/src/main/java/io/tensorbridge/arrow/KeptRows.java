package io.tensorbridge.arrow;

import java.util.Arrays;
import org.apache.spark.sql.catalyst.expressions.UnsafeRow;
import org.apache.spark.unsafe.Platform;
import org.apache.spark.unsafe.array.ByteArrayMethods;

/**
 * The rows of a block, kept for their columns that no program is fed with; whole rows, where that is cheaper.
 *
 * <p>One bulk copy a row into memory that the next block uses again. For use by one thread.
 */
final class KeptRows {

    private final UnsafeRow reader;
    private byte[] memory = new byte[1 << 12];
    private int[] starts = new int[256];
    private int count;
    private int current = -1;

    KeptRows(int fields) {
        this.reader = new UnsafeRow(fields);
    }

    void clear() {
        count = 0;
        current = -1;
        starts[0] = 0;
    }

    void add(UnsafeRow row) {
        int start = starts[count];
        int end = Math.addExact(start, row.getSizeInBytes());
        if (end > memory.length) {
            memory = Arrays.copyOf(memory, (int) Math.min(Integer.MAX_VALUE - 8, Math.max(end, memory.length * 2L)));
        }
        if (count + 2 > starts.length) {
            starts = Arrays.copyOf(starts, starts.length * 2);
        }
        Platform.copyMemory(
                row.getBaseObject(),
                row.getBaseOffset(),
                memory,
                Platform.BYTE_ARRAY_OFFSET + (long) start,
                row.getSizeInBytes());
        starts[++count] = end;
    }

    int bytes() {
        return starts[count];
    }

    int count() {
        return count;
    }

    /** Returns whether a row that is kept has the same bytes as another. */
    boolean isSame(int at, UnsafeRow row) {
        int length = starts[at + 1] - starts[at];
        return length == row.getSizeInBytes()
                && ByteArrayMethods.arrayEquals(
                        memory,
                        Platform.BYTE_ARRAY_OFFSET + (long) starts[at],
                        row.getBaseObject(),
                        row.getBaseOffset(),
                        length);
    }

    /** Returns a row, valid until another is asked for. */
    UnsafeRow row(int at) {
        if (at != current) {
            int start = starts[at];
            reader.pointTo(memory, Platform.BYTE_ARRAY_OFFSET + (long) start, starts[at + 1] - start);
            current = at;
        }
        return reader;
    }
}
