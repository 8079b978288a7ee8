package io.tensorbridge.tensor;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;

/**
 * A row of a block that fails by itself.
 *
 * @param row which row of the block it is
 * @param failure how it fails, when it is run alone
 */
public record FailingRow(int row, ProgramException failure) {

    /**
     * Looks for a row that fails: runs half of a block that does not pass, and then half of what is left, until one is.
     *
     * <p>That takes about as long as two runs of the block. Where another row does not pass alone either there is no telling:
     * it may well be the program that fails, on however many rows.
     *
     * @param runner what has failed
     * @param columns what it has failed on
     * @param rows the number of rows
     * @param betweenRuns is called before each run, and may throw to end it all
     * @param allocator where copies of rows are accounted for
     * @param ledger where they are counted
     * @return nothing if it is not for a row's own sake that the block fails
     */
    public static Optional<FailingRow> find(
            BlockRunner runner,
            List<? extends FieldVector> columns,
            int rows,
            Runnable betweenRuns,
            BufferAllocator allocator,
            TransferLedger ledger) {
        var selection = new RowSelection(runner, columns, allocator, ledger, betweenRuns);
        int[] left = IntStream.range(0, rows).toArray();
        int other = rows - 1;
        while (left.length > 1) {
            int[] half = RowSelection.firstHalf(left);
            if (failureOf(selection, half).isPresent()) {
                left = half;
            } else {
                other = half[0];
                left = RowSelection.secondHalf(left);
            }
        }
        int row = left[0];
        if (row == other || failureOf(selection, new int[] {other}).isPresent()) {
            return Optional.empty();
        }
        return failureOf(selection, left)
                .filter(failure -> failure.refusal().isPresent())
                .map(failure -> new FailingRow(row, failure));
    }

    private static Optional<ProgramException> failureOf(RowSelection selection, int[] rows) {
        try {
            selection.run(rows).close();
            return Optional.empty();
        } catch (ProgramException e) {
            return Optional.of(e);
        }
    }
}
