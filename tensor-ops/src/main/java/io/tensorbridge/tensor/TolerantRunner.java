package io.tensorbridge.tensor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BitVectorHelper;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/**
 * Runs blocks of which rows may fail on their own: such a row has nulls in all columns that come out, and why in one more.
 *
 * <p>A block that passes is run as it is, and its columns come out as they are. If it does not, for the sake of what was fed,
 * then the rows that are plainly wrong are left out, and what is still refused is cut into smaller parts until the rows are
 * found that cannot be run. Rows are copied then, and so are the results of the others. Any other failure is one of the block.
 */
public final class TolerantRunner implements BlockRunner {

    private final BlockRunner runner;
    private final Program program;
    private final RowRefusals refusals;
    private final List<Fetch> fetches;
    private final Field reasonField;
    private final Schema resultSchema;
    private final Runnable betweenRuns;
    private final BufferAllocator allocator;
    private final TransferLedger ledger;

    private TolerantRunner(
            BlockRunner runner,
            Program program,
            List<Feed> feeds,
            List<Fetch> fetches,
            Field reasonField,
            Runnable betweenRuns,
            BufferAllocator allocator,
            TransferLedger ledger) {
        this.runner = runner;
        this.program = program;
        this.refusals = new RowRefusals(program, feeds);
        this.fetches = List.copyOf(fetches);
        this.reasonField = reasonField;
        List<Field> fields = new ArrayList<>();
        fetches.forEach(fetch -> fields.add(nullable(fetch.field())));
        fields.add(reasonField);
        this.resultSchema = new Schema(fields);
        this.betweenRuns = betweenRuns;
        this.allocator = allocator;
        this.ledger = ledger;
    }

    /**
     * Lets rows fail on their own.
     *
     * @param runner what runs them, for a program that gives one row for each; closed with what this returns
     * @param program the program
     * @param feeds what the runner is fed with; nulls that are not {@linkplain Feed.NullSlots#FILLED filled} make rows fail
     * @param fetches what the runner gives
     * @param reasons the name of the column that says why rows failed, null for others; it comes last
     * @param betweenRuns is called before each run of a part of a block, and may throw to end it all
     * @param allocator where columns are accounted for; it stays the caller's
     * @param ledger where copies are counted
     */
    public static BlockRunner of(
            BlockRunner runner,
            Program program,
            List<Feed> feeds,
            List<Fetch> fetches,
            String reasons,
            Runnable betweenRuns,
            BufferAllocator allocator,
            TransferLedger ledger) {
        return new TolerantRunner(
                runner,
                program,
                feeds,
                fetches,
                nullable(ElementType.STRING.field(requireNonNull(reasons, "reasons"), 0)),
                betweenRuns,
                allocator,
                ledger);
    }

    private static Field nullable(Field field) {
        FieldType type = field.getFieldType();
        return new Field(
                field.getName(),
                new FieldType(/* nullable= */ true, type.getType(), type.getDictionary(), type.getMetadata()),
                field.getChildren());
    }

    @Override
    public VectorSchemaRoot run(List<? extends FieldVector> columns, int rows) {
        if (refusals.areInNullsOf(columns)) {
            return runInParts(columns, rows);
        }
        VectorSchemaRoot result;
        try {
            result = runner.run(columns, rows);
        } catch (ProgramException e) {
            String refusal = refusalOf(e);
            return rows == 1 ? inOrder(List.of(), List.of(), new String[] {refusal}) : runInParts(columns, rows);
        }
        return passed(complete(result, rows));
    }

    private VectorSchemaRoot runInParts(List<? extends FieldVector> columns, int rows) {
        var reasons = new @Nullable String[rows];
        refusals.write(columns, reasons);
        int[] left =
                IntStream.range(0, rows).filter(row -> reasons[row] == null).toArray();
        var parts = new Parts(new RowSelection(runner, columns, allocator, ledger, betweenRuns), reasons);
        try {
            if (left.length == rows) {
                parts.cut(left); // all of it has failed before
            } else {
                parts.run(left);
            }
            parts.requireRowsOfSeveral();
            return inOrder(parts.results, parts.rows, reasons);
        } finally {
            parts.results.forEach(VectorSchemaRoot::close);
        }
    }

    private static String refusalOf(ProgramException failure) {
        return failure.refusal().orElseThrow(() -> failure);
    }

    /** The runs of parts of a block, and what came out of those that passed. */
    private final class Parts {

        private static final int CUT = 8; // a row that fails is run again log n times: by 8, and in few runs beside

        private final RowSelection selection;
        private final @Nullable String[] reasons;
        private final List<VectorSchemaRoot> results = new ArrayList<>();
        private final List<int[]> rows = new ArrayList<>(); // of the block, for each of the results

        Parts(RowSelection selection, @Nullable String[] reasons) {
            this.selection = selection;
            this.reasons = reasons;
        }

        void run(int[] part) {
            if (part.length == 0) {
                return;
            }
            try {
                results.add(complete(selection.run(part), part.length));
                rows.add(part);
            } catch (ProgramException e) {
                String refusal = refusalOf(e);
                if (part.length == 1) {
                    reasons[part[0]] = refusal;
                } else {
                    cut(part);
                }
            }
        }

        /**
         * Checks that a program that has run single rows alone gives a row for each of several: one that makes one row of
         * however many would pass for a program of rows.
         */
        void requireRowsOfSeveral() {
            if (rows.size() < 2 || rows.stream().anyMatch(part -> part.length > 1)) {
                return;
            }
            int[] two = {rows.get(0)[0], rows.get(1)[0]};
            try {
                complete(selection.run(two), two.length).close();
            } catch (ProgramException e) {
                refusalOf(e); // rows that pass alone and not together are as good as others
            }
        }

        /** Runs rows in several parts, since they fail in one. */
        void cut(int[] rowsOfPart) {
            int size = (rowsOfPart.length + CUT - 1) / CUT;
            for (int from = 0; from < rowsOfPart.length; from += size) {
                run(Arrays.copyOfRange(rowsOfPart, from, Math.min(rowsOfPart.length, from + size)));
            }
        }
    }

    /** Checks that there is a row for each that was fed. */
    private VectorSchemaRoot complete(VectorSchemaRoot result, int rows) {
        if (result.getRowCount() != rows) {
            try (result) {
                throw new ProgramException(
                        "Program '%s' failed".formatted(program.name()),
                        "expected one row of output '%s' for each of %d rows, found %d. Leave out reasons(…) if the program changes the number of rows"
                                .formatted(fetches.get(0).output(), rows, result.getRowCount()));
            }
        }
        return result;
    }

    /** Returns the columns of a block of which every row has passed, and one without reasons. */
    private VectorSchemaRoot passed(VectorSchemaRoot result) {
        int rows = result.getRowCount();
        var reasons = (VarCharVector) reasonField.createVector(allocator);
        try {
            reasons.allocateNew(/* totalBytes= */ 0, rows);
            reasons.setValueCount(rows);
            List<FieldVector> columns = new ArrayList<>(result.getFieldVectors());
            columns.add(reasons);
            return new VectorSchemaRoot(resultSchema, columns, rows);
        } catch (RuntimeException | Error e) {
            reasons.close();
            result.close();
            throw e;
        }
    }

    /** Returns the results in the order of the block's rows, with nulls for those that have failed. */
    private VectorSchemaRoot inOrder(
            List<VectorSchemaRoot> results, List<int[]> rowsOfResults, @Nullable String[] reasons) {
        int rows = reasons.length;
        int[] resultOfRow = new int[rows];
        int[] placeOfRow = new int[rows];
        Arrays.fill(resultOfRow, results.size()); // which is a row of nothing
        for (int i = 0; i < results.size(); i++) {
            int[] ofResult = rowsOfResults.get(i);
            for (int place = 0; place < ofResult.length; place++) {
                resultOfRow[ofResult[place]] = i;
                placeOfRow[ofResult[place]] = place;
            }
        }
        List<FieldVector> columns = GatheredColumns.of(program, fetches, i -> {
            List<FieldVector> sources = new ArrayList<>(
                    results.stream().map(result -> result.getVector(i)).toList());
            return withNulls(resultSchema.getFields().get(i), sources, resultOfRow, placeOfRow, reasons);
        });
        try {
            columns.add(columnOf(reasons));
            return new VectorSchemaRoot(resultSchema, columns, rows);
        } catch (RuntimeException | Error e) {
            columns.forEach(FieldVector::close);
            throw e;
        }
    }

    private FieldVector withNulls(
            Field field, List<FieldVector> sources, int[] sourceOfRow, int[] placeOfRow, @Nullable String[] reasons) {
        try (FieldVector nothing = field.createVector(allocator)) {
            nothing.setInitialCapacity(1);
            nothing.allocateNew();
            nothing.setValueCount(1);
            sources.add(nothing);
            FieldVector column = GatheredRows.of(field, sources, sourceOfRow, placeOfRow, allocator, ledger);
            for (int row = 0; row < reasons.length; row++) {
                if (reasons[row] != null) {
                    BitVectorHelper.unsetBit(column.getValidityBuffer(), row);
                }
            }
            return column;
        }
    }

    private VarCharVector columnOf(@Nullable String[] reasons) {
        var column = (VarCharVector) reasonField.createVector(allocator);
        try {
            column.allocateNew(reasons.length);
            for (int row = 0; row < reasons.length; row++) {
                String reason = reasons[row];
                if (reason != null) {
                    column.setSafe(row, reason.getBytes(UTF_8));
                }
            }
            column.setValueCount(reasons.length);
            return column;
        } catch (RuntimeException | Error e) {
            column.close();
            throw e;
        }
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
