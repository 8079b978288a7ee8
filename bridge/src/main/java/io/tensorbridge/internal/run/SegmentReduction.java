package io.tensorbridge.internal.run;

import io.tensorbridge.arrow.GroupRows;
import io.tensorbridge.arrow.GroupedBlocks;
import io.tensorbridge.internal.bind.BoundFetch;
import io.tensorbridge.internal.bind.BoundProgram;
import io.tensorbridge.tensor.ProgramRewrites;
import java.util.LinkedHashMap;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;

/** Reduces all groups of a block in one run, which is told each row's group. */
final class SegmentReduction implements GroupReduction {

    private final TaskSession session;
    private final BufferAllocator allocator;

    SegmentReduction(TaskSession session, BufferAllocator allocator) {
        this.session = session;
        this.allocator = allocator;
    }

    /** Returns how the reduction runs: the number of segments is fed as that of rows, for so many come out. */
    static RunnerSpec spec(FedColumns fed, List<BoundFetch> fetches) {
        return new RunnerSpec(
                fed.with(GroupReduction.feed(ProgramRewrites.SEGMENTS, "DT_INT32[?]")),
                new LinkedHashMap<>(),
                ProgramRewrites.SEGMENT_COUNT,
                fetches,
                BoundProgram.Rows.UNIFORM,
                /* reasons= */ null);
    }

    @Override
    public List<GroupRows> reduce(GroupedBlocks blocks) {
        int rows = blocks.rowCount();
        int groups = blocks.groupCount();
        try (var segments = GroupReduction.vectorOf(ProgramRewrites.SEGMENTS, blocks.groupOfRow(), rows, allocator)) {
            VectorSchemaRoot reduced = session.runGroups(GroupReduction.with(blocks.fed(), segments), rows, groups);
            return List.of(GroupRows.all(reduced));
        }
    }
}
