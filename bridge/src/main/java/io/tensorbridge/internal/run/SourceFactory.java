package io.tensorbridge.internal.run;

import io.tensorbridge.arrow.BlockCopies;
import io.tensorbridge.arrow.BlockSource;
import org.apache.arrow.memory.BufferAllocator;

/** Opens the source of a task's blocks, which the task closes. */
interface SourceFactory {

    BlockSource open(BufferAllocator allocator, BlockCopies copies);
}
