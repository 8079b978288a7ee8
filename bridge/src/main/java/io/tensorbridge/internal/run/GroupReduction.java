package io.tensorbridge.internal.run;

import io.tensorbridge.arrow.BlockColumn;
import io.tensorbridge.arrow.GroupRows;
import io.tensorbridge.arrow.GroupedBlocks;
import io.tensorbridge.arrow.NullPolicy;
import io.tensorbridge.internal.bind.BoundFeed;
import io.tensorbridge.internal.bind.FeedForm;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.IntVector;
import org.apache.spark.unsafe.Platform;

/** Reduces each group of a block to one row. For use by one thread. */
sealed interface GroupReduction permits SegmentReduction, StackReduction {

    /**
     * Reduces the current block.
     *
     * @return one row for each group that has rows in the block, which the caller closes; groups are in rising order
     *     within each of these
     */
    List<GroupRows> reduce(GroupedBlocks blocks);

    /** Returns how an input of whole numbers is fed that is no column of the partition. */
    static BoundFeed feed(String input, String typeName) {
        return new BoundFeed(
                input,
                input,
                new FeedForm.Dense(),
                typeName,
                BlockColumn.Layout.UNIFORM,
                List.of(),
                /* cell= */ null,
                NullPolicy.fail());
    }

    /** Returns a vector of some numbers, which the caller closes. */
    static IntVector vectorOf(String name, int[] numbers, int count, BufferAllocator allocator) {
        var vector = new IntVector(name, allocator);
        try {
            vector.allocateNew(count);
            vector.getValidityBuffer().setOne(0, vector.getValidityBuffer().capacity());
            Platform.copyMemory(
                    numbers,
                    Platform.INT_ARRAY_OFFSET,
                    null,
                    vector.getDataBufferAddress(),
                    (long) count * Integer.BYTES);
            vector.setValueCount(count);
            return vector;
        } catch (RuntimeException | Error e) {
            vector.close();
            throw e;
        }
    }

    static List<FieldVector> with(List<FieldVector> columns, FieldVector more) {
        List<FieldVector> all = new ArrayList<>(columns);
        all.add(more);
        return all;
    }
}
