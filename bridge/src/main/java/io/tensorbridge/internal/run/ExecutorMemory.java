package io.tensorbridge.internal.run;

import io.tensorbridge.tensor.AlignedMemory;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.spark.TaskContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The executor's aligned Arrow memory: one root, of which every task has a child.
 *
 * <p>The root lives as long as the process; that a task gives back all it took is checked when its child is closed.
 */
public final class ExecutorMemory {

    private static final Logger LOG = LoggerFactory.getLogger(ExecutorMemory.class);
    private static final RootAllocator ROOT = AlignedMemory.newRootAllocator(Long.MAX_VALUE);

    private ExecutorMemory() {}

    /** Returns a new allocator for a task, which the task closes. */
    static BufferAllocator forTask(String name) {
        return ROOT.newChildAllocator(name, /* initReservation= */ 0, Long.MAX_VALUE);
    }

    /**
     * Closes a task's allocator. TensorFlow may hold on to a buffer against all expectation; that is a leak, and no reason
     * to lose the task's work.
     */
    static void close(BufferAllocator allocator, String sessionKey, TaskContext context) {
        if (allocator.getAllocatedMemory() == 0) {
            allocator.close();
        } else {
            LOG.warn(
                    "Program {} keeps {} bytes of partition {} beyond its end",
                    sessionKey,
                    allocator.getAllocatedMemory(),
                    context.partitionId());
        }
    }

    /** Returns the bytes that all tasks of this process have taken. */
    public static long allocatedBytes() {
        return ROOT.getAllocatedMemory();
    }
}
