package io.tensorbridge.internal.run;

import io.tensorbridge.arrow.ArrowBackedColumnVector;
import io.tensorbridge.arrow.BlockCopies;
import io.tensorbridge.arrow.BlockException;
import io.tensorbridge.arrow.BlockLimits;
import io.tensorbridge.arrow.BlockSource;
import io.tensorbridge.tensor.SignatureMismatchException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.util.TransferPair;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarBatch;

/**
 * Reduces the blocks of a partition to one row.
 *
 * <p>Each block gives a row; when these have become many they are reduced to one themselves, in their order. For use by one
 * thread.
 */
final class ReducePartition implements AutoCloseable {

    private static final int MOST_PARTIALS = 1024;

    private final ReduceTask task;
    private final BufferAllocator allocator;
    private final TaskContext context;
    private final BlockCopies copies = new BlockCopies();
    private final Function<ColumnarBatch, PartialRow> copier;
    private final TaskSession again; // for what the program gave
    private final int[] valuesOfCell; // of each output, -1 as long as none was seen

    ReducePartition(ReduceTask task, BufferAllocator allocator, TaskContext context) {
        this.task = task;
        this.allocator = allocator;
        this.context = context;
        this.copier = PartialRow.copierOf(task.resultSchema());
        this.valuesOfCell = new int[task.again().fetches().size()];
        Arrays.fill(valuesOfCell, -1);
        this.again = session(task.again());
    }

    /** Returns what the partition is reduced to; nothing if it has no rows. */
    Optional<PartialRow> reduce(RunnerSpec from, SourceFactory factory) {
        List<PartialRow> partials = new ArrayList<>();
        long bytes = 0;
        try (BlockSource source = factory.open(allocator, copies);
                TaskSession session = session(from)) {
            while (advance(source)) {
                PartialRow partial = reduceBlock(source, session);
                if (task.checked() && partials.isEmpty()) {
                    check(source, session, partial);
                }
                partials.add(partial);
                bytes += partial.bytes().length;
                if (partials.size() > 1
                        && (partials.size() == MOST_PARTIALS
                                || bytes > task.limits().bytes())) {
                    PartialRow one = reducePartials(partials);
                    partials.clear();
                    partials.add(one);
                    bytes = one.bytes().length;
                }
            }
            task.metrics().add(TaskMetrics.DROPPED, source.droppedRows());
        }
        if (partials.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(partials.size() == 1 ? partials.get(0) : reducePartials(partials));
    }

    /** Reduces rows that blocks gave, two or more, until one is left. */
    private PartialRow reducePartials(List<PartialRow> partials) {
        List<PartialRow> left = partials;
        while (left.size() > 1) {
            List<PartialRow> fewer = new ArrayList<>();
            try (BlockSource source = task.partialBlocks(left.iterator(), atLeastTwoOf(left), allocator, copies)) {
                while (advance(source)) {
                    fewer.add(reduceBlock(source, again));
                }
            }
            left = fewer;
        }
        return left.get(0);
    }

    /** Returns limits that let a block have two of these rows, however large they are: with one alone nothing is gained. */
    private BlockLimits atLeastTwoOf(List<PartialRow> partials) {
        BlockLimits limits = task.limits();
        long largest = partials.stream()
                .mapToLong(partial -> partial.bytes().length)
                .max()
                .orElse(0);
        return new BlockLimits(
                Math.max(2, limits.rows()), Math.max(limits.bytes(), 2 * largest), /* resultBytesPerRow= */ 0);
    }

    private PartialRow reduceBlock(BlockSource source, TaskSession session) {
        int rows = source.block().rowCount();
        PartialRow one = reduceRows(session.run(source), rows, session);
        session.count(1);
        return one;
    }

    /** Runs the program on what it gave until one row is left. */
    private PartialRow reduceRows(VectorSchemaRoot given, int rowsBefore, TaskSession session) {
        VectorSchemaRoot outputs = given;
        int rows = rowsBefore;
        try {
            while (outputs.getRowCount() > 1) {
                requireFewer(outputs.getRowCount(), rows, session);
                rows = outputs.getRowCount();
                VectorSchemaRoot before = outputs;
                outputs = again.runColumns(before.getFieldVectors(), rows);
                before.close();
            }
            if (outputs.getRowCount() == 0) {
                requireFewer(0, rows, session);
            }
            requireOneShape(outputs, rows, session);
            ColumnVector[] columns = outputs.getFieldVectors().stream()
                    .map(ArrowBackedColumnVector::new)
                    .toArray(ColumnVector[]::new);
            return copier.apply(new ColumnarBatch(columns, 1));
        } finally {
            outputs.close();
        }
    }

    private void requireFewer(int found, int rows, TaskSession session) {
        if (found == 0 || found >= rows) {
            throw session.failed(
                    rows,
                    "expected output '%s' to give fewer rows, and one at least, found %d. Mend the program"
                            .formatted(task.again().fetches().get(0).output(), found),
                    /* cause= */ null);
        }
    }

    private void requireOneShape(VectorSchemaRoot outputs, int rows, TaskSession session) {
        for (int i = 0; i < outputs.getFieldVectors().size(); i++) {
            int found = valuesOf(outputs.getVector(i));
            if (valuesOfCell[i] < 0) {
                valuesOfCell[i] = found;
            } else if (valuesOfCell[i] != found) {
                throw session.failed(
                        rows,
                        "expected output '%s' to give cells of %d values, as before, found %d. Make the program give cells of one shape"
                                .formatted(task.again().fetches().get(i).output(), valuesOfCell[i], found),
                        /* cause= */ null);
            }
        }
    }

    private static int valuesOf(FieldVector column) {
        return column instanceof ListVector list ? valuesOf(list.getDataVector()) : column.getValueCount();
    }

    private TaskSession session(RunnerSpec spec) {
        return new TaskSession(task.program(), spec, allocator, context, task.metrics());
    }

    private boolean advance(BlockSource source) {
        context.killTaskIfInterrupted(); // a run cannot be interrupted, so between two is the time
        try {
            return source.advance();
        } catch (BlockException e) {
            throw new SignatureMismatchException(String.valueOf(e.getMessage()), e);
        }
    }

    /** Sees on the block under way whether reducing it in two parts gives what reducing it at once has given. */
    private void check(BlockSource source, TaskSession session, PartialRow whole) {
        int rows = source.block().rowCount();
        if (rows < 2) {
            return;
        }
        int cut = Math.max(1, rows / 3); // not the middle, where even a mean would hold
        PartialRow inParts = reducePartials(
                List.of(reducePart(source, session, 0, cut), reducePart(source, session, cut, rows - cut)));
        ReductionCheck.difference(whole, inParts, task.resultSchema()).ifPresent(difference -> {
            String output = task.again().fetches().get(difference.column()).output();
            throw session.failed(
                    rows,
                    "expected output '%s' to be %s however the rows are divided, found %s for %d and %d of them. Make the program a reduction: f(f(a), f(b)) must be f(a and b)"
                            .formatted(output, difference.whole(), difference.inParts(), cut, rows - cut),
                    /* cause= */ null);
        });
    }

    private PartialRow reducePart(BlockSource source, TaskSession session, int from, int count) {
        List<FieldVector> slices = new ArrayList<>();
        try {
            for (FieldVector column : source.block().fed().getFieldVectors()) {
                TransferPair pair = column.getTransferPair(allocator);
                pair.splitAndTransfer(from, count);
                slices.add((FieldVector) pair.getTo());
            }
            return reduceRows(session.runColumns(slices, count), count + 1, session);
        } finally {
            slices.forEach(FieldVector::close);
        }
    }

    @Override
    public void close() {
        again.close();
        task.metrics().addCopies(copies);
        task.metrics().add(TaskMetrics.PEAK, allocator.getPeakMemoryAllocation());
    }
}
