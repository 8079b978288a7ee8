package io.tensorbridge.tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.Schema;
import org.tensorflow.proto.DataType;

/** Runs a block once for each shape that its rows have; see {@link ProgramSession#runnerOfRows}. */
final class GroupingRunner implements BlockRunner {

    private final Program program;
    private final BlockRunner runner;
    private final List<RowShapes.GroupedColumn> grouped;
    private final List<Fetch> fetches;
    private final Schema resultSchema;
    private final BufferAllocator allocator;
    private final TransferLedger ledger;

    /**
     * Creates the runner.
     *
     * @param runner runs the groups; closed with this one
     * @param grouped the columns, by their index
     */
    GroupingRunner(
            Program program,
            BlockRunner runner,
            List<RowShapes.GroupedColumn> grouped,
            List<Fetch> fetches,
            BufferAllocator allocator,
            TransferLedger ledger) {
        this.program = program;
        this.runner = runner;
        this.grouped = grouped;
        this.fetches = List.copyOf(fetches);
        this.resultSchema = new Schema(fetches.stream().map(Fetch::field).toList());
        this.allocator = allocator;
        this.ledger = ledger;
    }

    /**
     * Returns the columns that the feeds name, by their index.
     *
     * @throws IllegalArgumentException if a column is fed in a form that says itself how lengths differ
     */
    static List<RowShapes.GroupedColumn> columnsOf(Program program, List<Feed> feeds) {
        var columns = new TreeMap<Integer, RowShapes.GroupedColumn>();
        for (Feed feed : feeds) {
            if (feed instanceof Feed.Dense dense) {
                boolean isBinary = program.signature()
                        .input(dense.input())
                        .filter(spec -> spec.elementType() == DataType.DT_UINT8)
                        .isPresent();
                columns.merge(
                        dense.column().index(),
                        new RowShapes.GroupedColumn(dense.column(), isBinary),
                        (known, other) -> known.isBinary() ? known : other);
            } else if (feed instanceof Feed.OfColumn) {
                throw new IllegalArgumentException(
                        "Cannot run program '%s' on rows of one shape: expected input '%s' to be fed with a dense column, found %s"
                                .formatted(
                                        program.name(),
                                        feed.input(),
                                        feed.getClass().getSimpleName()));
            }
        }
        if (!columns.isEmpty() && columns.lastKey() != columns.size() - 1) {
            throw new IllegalArgumentException(
                    "Cannot run program '%s' on rows of one shape: expected every column to be fed, found columns %s to be"
                            .formatted(program.name(), columns.keySet()));
        }
        return List.copyOf(columns.values());
    }

    @Override
    public VectorSchemaRoot run(List<? extends FieldVector> columns, int rows) {
        for (FieldVector column : columns) {
            if (column.getValueCount() != rows) {
                throw new IllegalArgumentException("Cannot run program '%s': expected %d rows in every column, found %d"
                        .formatted(program.name(), rows, column.getValueCount()));
            }
        }
        if (columns.size() != grouped.size() || RowShapes.areEqual(columns, grouped, rows)) {
            return runner.run(columns, rows); // which also says what is wrong with them
        }
        RowShapes shapes = RowShapes.of(columns, grouped, rows);
        List<VectorSchemaRoot> results = new ArrayList<>(shapes.groups());
        try {
            for (int group = 0; group < shapes.groups(); group++) {
                results.add(runGroup(columns, shapes.rowsOf(group)));
            }
            return inOrder(results, shapes);
        } finally {
            results.forEach(VectorSchemaRoot::close);
        }
    }

    private VectorSchemaRoot runGroup(List<? extends FieldVector> columns, int[] rows) {
        VectorSchemaRoot result = new RowSelection(runner, columns, allocator, ledger, () -> {}).run(rows);
        if (result.getRowCount() != rows.length && !fetches.isEmpty()) {
            int found = result.getRowCount();
            result.close();
            throw new ProgramException(
                    "Program '%s' failed".formatted(program.name()),
                    "expected %d rows of output '%s' for as many rows of one shape, found %d"
                            .formatted(rows.length, fetches.get(0).output(), found));
        }
        return result;
    }

    private VectorSchemaRoot inOrder(List<VectorSchemaRoot> results, RowShapes shapes) {
        List<FieldVector> columns = GatheredColumns.of(
                program,
                fetches,
                i -> GatheredRows.of(
                        fetches.get(i).field(),
                        results.stream().map(result -> result.getVector(i)).toList(),
                        shapes.groupOfRow(),
                        shapes.placeOfRow(),
                        allocator,
                        ledger));
        return new VectorSchemaRoot(resultSchema, columns, shapes.rows());
    }

    @Override
    public long runNanos() {
        return runner.runNanos();
    }

    @Override
    public void close() {
        runner.close();
    }
}
