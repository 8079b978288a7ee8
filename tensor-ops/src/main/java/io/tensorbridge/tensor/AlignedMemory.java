package io.tensorbridge.tensor;

import org.apache.arrow.memory.AllocationManager;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.ReferenceManager;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.memory.util.MemoryUtil;

/**
 * Arrow memory that TensorFlow can alias: every allocation begins at a multiple of 64 bytes.
 *
 * <p>Arrow's own allocators promise no alignment, and TensorFlow copies whatever is not aligned without a word. The
 * memory lies outside the Java heap and outside {@code MaxDirectMemorySize}; an allocator's limit is what bounds it.
 */
public final class AlignedMemory {

    /** What TensorFlow asks of memory that it is to alias: Eigen's largest packet, on every platform it is built for. */
    public static final int ALIGNMENT = 64;

    private static final AllocationManager.Factory FACTORY = new AllocationManager.Factory() {
        @Override
        public AllocationManager create(BufferAllocator accountingAllocator, long size) {
            return new Aligned(accountingAllocator, size);
        }

        @Override
        public ArrowBuf empty() {
            return EMPTY;
        }
    };

    private static final ArrowBuf EMPTY =
            new ArrowBuf(ReferenceManager.NO_OP, /* bufferManager= */ null, /* capacity= */ 0, /* memoryAddress= */ 0);

    private AlignedMemory() {}

    /** Returns what makes an allocator aligned; for {@code RootAllocator.configBuilder().allocationManagerFactory(…)}. */
    public static AllocationManager.Factory factory() {
        return FACTORY;
    }

    /**
     * Returns a new root allocator of aligned memory, which the caller closes.
     *
     * @param limit the bytes it hands out at most
     */
    public static RootAllocator newRootAllocator(long limit) {
        return new RootAllocator(RootAllocator.configBuilder()
                .allocationManagerFactory(FACTORY)
                // Arrow would round up to the next power of two: twice the memory for nothing
                .roundingPolicy(size -> (size + ALIGNMENT - 1) & -ALIGNMENT)
                .maxAllocation(limit)
                .build());
    }

    private static final class Aligned extends AllocationManager {

        private final long allocated;
        private final long size;

        Aligned(BufferAllocator accountingAllocator, long size) {
            super(accountingAllocator);
            this.size = size;
            this.allocated = MemoryUtil.allocateMemory(size + ALIGNMENT);
        }

        @Override
        public long getSize() {
            return size;
        }

        @Override
        protected long memoryAddress() {
            return (allocated + ALIGNMENT - 1) & -ALIGNMENT;
        }

        @Override
        protected void release0() {
            MemoryUtil.freeMemory(allocated);
        }
    }
}
