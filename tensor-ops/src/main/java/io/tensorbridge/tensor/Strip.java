package io.tensorbridge.tensor;

import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.util.MemoryUtil;

/**
 * One value over and over, to be copied from.
 *
 * <p>For use by one thread.
 */
final class Strip implements AutoCloseable {

    private final byte[] value;
    private final boolean isZero;
    private final BufferAllocator allocator;
    private ArrowBuf strip;

    Strip(byte[] value, BufferAllocator allocator) {
        this.value = value;
        this.allocator = allocator;
        this.strip = allocator.getEmpty();
        boolean zero = true;
        for (byte b : value) {
            zero &= b == 0;
        }
        this.isZero = zero;
    }

    /** Fills memory with the value; {@code bytes} is a multiple of its size. */
    void fill(long address, long bytes) {
        if (bytes == 0) {
            return;
        }
        if (isZero) {
            MemoryUtil.setMemory(address, bytes, (byte) 0);
            return;
        }
        if (strip.capacity() < bytes) {
            grow(bytes);
        }
        MemoryUtil.copyMemory(strip.memoryAddress(), address, bytes);
    }

    private void grow(long bytes) {
        ArrowBuf larger = allocator.buffer(bytes);
        long address = larger.memoryAddress();
        MemoryUtil.copyToMemory(value, 0, address, value.length);
        long all = larger.capacity() / value.length * value.length; // may be more than asked for, and will be relied on
        for (long done = value.length; done < all; done *= 2) {
            MemoryUtil.copyMemory(address, address + done, Math.min(done, all - done));
        }
        strip.close();
        strip = larger;
    }

    @Override
    public void close() {
        strip.close();
        strip = allocator.getEmpty();
    }
}
