package io.tensorbridge.tensor;

import java.util.Arrays;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.util.MemoryUtil;

/**
 * Strings under construction as a column has them: offsets, and the bytes that they point to.
 *
 * <p>Owns both; closed when the tensor is made.
 */
final class StringValues implements AutoCloseable {

    private final ArrowBuf offsets;
    private final ArrowBuf text;
    private final long count;
    private long written;
    private long end;

    /** Makes room for so many strings of so many bytes in all. */
    StringValues(long count, long bytes, BufferAllocator allocator) {
        if (bytes > Integer.MAX_VALUE) { // Arrow's offsets are 32 bits wide
            throw new ArithmeticException("More than 2147483647 bytes of strings");
        }
        this.count = count;
        this.offsets = allocator.buffer((count + 1) * Integer.BYTES);
        try {
            this.text = allocator.buffer(Math.max(1, bytes));
        } catch (RuntimeException | Error e) {
            offsets.close();
            throw e;
        }
        offsets.setInt(0, 0);
    }

    static StringValues of(byte[][] strings, BufferAllocator allocator) {
        long bytes = Arrays.stream(strings).mapToLong(string -> string.length).sum();
        var values = new StringValues(strings.length, bytes, allocator);
        for (byte[] string : strings) {
            values.add(string);
        }
        return values;
    }

    void add(byte[] string) {
        MemoryUtil.copyToMemory(string, 0, text.memoryAddress() + end, string.length);
        ended(string.length);
    }

    /** Adds strings of a column, which lie one behind the other. */
    void addAll(ColumnValues from, long first, long more) {
        long at = from.address() + first * Integer.BYTES;
        int start = MemoryUtil.getInt(at);
        int size = MemoryUtil.getInt(at + more * Integer.BYTES) - start;
        MemoryUtil.copyMemory(from.text().memoryAddress() + start, text.memoryAddress() + end, size);
        for (long i = 0; i < more; i++) {
            ended(MemoryUtil.getInt(at + (i + 1) * Integer.BYTES) - MemoryUtil.getInt(at + i * Integer.BYTES));
        }
    }

    private void ended(int size) {
        end += size;
        offsets.setInt(++written * Integer.BYTES, (int) end);
    }

    /** Returns all strings, as a column of these dimensions has them. */
    ColumnValues values(long[] dims) {
        if (written != count) {
            throw new IllegalStateException("Expected %d strings, found %d".formatted(count, written));
        }
        return new ColumnValues(offsets, offsets.memoryAddress(), count * Integer.BYTES, dims, text);
    }

    @Override
    public void close() {
        offsets.close();
        text.close();
    }
}
