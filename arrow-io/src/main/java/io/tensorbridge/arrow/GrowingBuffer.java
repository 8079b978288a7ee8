package io.tensorbridge.arrow;

import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.util.MemoryUtil;

/** Memory that grows by doubling, and is used again from block to block unless somebody has kept it. */
final class GrowingBuffer implements AutoCloseable {

    private static final long FIRST_BYTES = 1024;

    private final BufferAllocator allocator;
    private ArrowBuf buffer;

    GrowingBuffer(BufferAllocator allocator) {
        this.allocator = allocator;
        this.buffer = allocator.getEmpty();
    }

    /** Begins a new block: what lies here is forgotten, and left alone if somebody has kept it. */
    void begin() {
        if (buffer.refCnt() > 1) {
            replace(allocator.buffer(buffer.capacity()));
        }
    }

    /**
     * Makes room.
     *
     * @param bytes the bytes that there must be room for
     * @param used the bytes that lie here already
     * @return whether the memory is another than before
     */
    boolean reserve(long bytes, long used) {
        if (bytes <= buffer.capacity()) {
            return false;
        }
        ArrowBuf larger = allocator.buffer(Math.max(bytes, Math.max(FIRST_BYTES, 2 * buffer.capacity())));
        MemoryUtil.copyMemory(buffer.memoryAddress(), larger.memoryAddress(), used);
        replace(larger);
        return true;
    }

    private void replace(ArrowBuf with) {
        buffer.close();
        buffer = with;
    }

    /** Returns where the memory begins, until it grows. */
    long address() {
        return buffer.memoryAddress();
    }

    /** Returns the buffer, which stays this object's to release. */
    ArrowBuf buffer() {
        return buffer;
    }

    @Override
    public void close() {
        replace(allocator.getEmpty());
    }
}
