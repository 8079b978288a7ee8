package io.tensorbridge.arrow;

import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.util.MemoryUtil;

/** Which values of a growing vector are null: all are valid but those that are marked. */
final class ValidityBits implements AutoCloseable {

    private final GrowingBuffer bits;
    private long ready;
    private int nulls;

    ValidityBits(BufferAllocator allocator) {
        this.bits = new GrowingBuffer(allocator);
    }

    void begin() {
        long before = bits.address();
        bits.begin();
        if (nulls > 0 || bits.address() != before) {
            ready = 0;
            nulls = 0;
        }
    }

    void reserve(int values) {
        long bytes = (values + 7L) / Byte.SIZE;
        if (bytes > ready) {
            bits.reserve(bytes, ready);
            long capacity = bits.buffer().capacity();
            MemoryUtil.setMemory(bits.address() + ready, capacity - ready, (byte) 0xFF);
            ready = capacity;
        }
    }

    /** Marks a value that there is room for. */
    void markNull(int at) {
        nulls++;
        long address = bits.address() + at / Byte.SIZE;
        MemoryUtil.putByte(address, (byte) (MemoryUtil.getByte(address) & ~(1 << (at % Byte.SIZE))));
    }

    /** Marks values that were taken back valid again. */
    void truncate(int from, int to) {
        for (int at = from; nulls > 0 && at < to; at++) {
            long address = bits.address() + at / Byte.SIZE;
            MemoryUtil.putByte(address, (byte) (MemoryUtil.getByte(address) | 1 << (at % Byte.SIZE)));
        }
    }

    /** Returns how many values were marked since the block began, those that were taken back included. */
    int nulls() {
        return nulls;
    }

    ArrowBuf buffer() {
        return bits.buffer();
    }

    @Override
    public void close() {
        bits.close();
        ready = 0;
        nulls = 0;
    }
}
