package io.tensorbridge.internal.run;

import io.tensorbridge.arrow.GroupRows;
import io.tensorbridge.arrow.GroupedBlocks;
import io.tensorbridge.internal.bind.BoundFetch;
import io.tensorbridge.internal.bind.BoundProgram;
import io.tensorbridge.tensor.ProgramRewrites;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.util.MemoryUtil;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.spark.TaskContext;
import org.apache.spark.unsafe.Platform;

/**
 * Reduces groups of equally many rows together, which the run is told by their numbers.
 *
 * <p>Groups of n rows in all have at most about √(2n) different sizes, and so many runs it takes.
 */
final class StackReduction implements GroupReduction {

    private static final Field MATRIX = new Field(
            ProgramRewrites.GROUPS,
            FieldType.notNullable(ArrowType.List.INSTANCE),
            List.of(Field.notNullable("element", new ArrowType.Int(Integer.SIZE, /* isSigned= */ true))));

    private final TaskSession session;
    private final BufferAllocator allocator;
    private final TaskContext context;

    StackReduction(TaskSession session, BufferAllocator allocator, TaskContext context) {
        this.session = session;
        this.allocator = allocator;
        this.context = context;
    }

    /** Returns how the reduction runs. */
    static RunnerSpec spec(FedColumns fed, List<BoundFetch> fetches) {
        return new RunnerSpec(
                fed.with(GroupReduction.feed(ProgramRewrites.GROUPS, "DT_INT32[?, ?]")),
                new LinkedHashMap<>(),
                /* rowCount= */ null,
                fetches,
                BoundProgram.Rows.UNIFORM,
                /* reasons= */ null);
    }

    @Override
    public List<GroupRows> reduce(GroupedBlocks blocks) {
        var members = GroupMembers.of(blocks.groupOfRow(), blocks.rowCount(), blocks.groupCount());
        List<GroupRows> reduced = new ArrayList<>();
        try {
            int groups = members.groupCount();
            for (int first = 0; first < groups; ) {
                int size = members.size(first);
                int last = first + 1;
                while (last < groups && members.size(last) == size) {
                    last++;
                }
                if (size > 0) {
                    context.killTaskIfInterrupted(); // a run cannot be interrupted, so between two is the time
                    int[] numbers = members.groups(first, last);
                    try (FieldVector matrix = matrix(members.rows(numbers, size), numbers.length, size)) {
                        reduced.add(GroupRows.of(
                                session.runGroups(
                                        GroupReduction.with(blocks.fed(), matrix), blocks.rowCount(), numbers.length),
                                numbers));
                    }
                }
                first = last;
            }
            return reduced;
        } catch (RuntimeException | Error e) {
            reduced.forEach(rows -> rows.rows().close());
            throw e;
        }
    }

    private FieldVector matrix(int[] rows, int count, int size) {
        var matrix = (ListVector) MATRIX.createVector(allocator);
        try {
            matrix.setInitialCapacity(count);
            matrix.getDataVector().setInitialCapacity(0);
            matrix.allocateNew();
            for (int i = 0; i <= count; i++) {
                MemoryUtil.putInt(
                        matrix.getOffsetBuffer().memoryAddress() + (long) i * Integer.BYTES,
                        Math.multiplyExact(i, size));
            }
            var elements = (IntVector) matrix.getDataVector();
            elements.allocateNew(rows.length);
            Platform.copyMemory(
                    rows,
                    Platform.INT_ARRAY_OFFSET,
                    null,
                    elements.getDataBufferAddress(),
                    (long) rows.length * Integer.BYTES);
            setAllValid(elements);
            setAllValid(matrix);
            elements.setValueCount(rows.length);
            matrix.setLastSet(count - 1);
            matrix.setValueCount(count);
            return matrix;
        } catch (RuntimeException | Error e) {
            matrix.close();
            throw e;
        }
    }

    private static void setAllValid(FieldVector of) {
        of.getValidityBuffer().setOne(0, of.getValidityBuffer().capacity());
    }
}
