package io.tensorbridge.tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;

/**
 * Runs some rows of a block by themselves, on copies.
 *
 * @param runner what runs them
 * @param columns the columns of the block, which stay the caller's
 * @param allocator where the copies are accounted for
 * @param ledger where they are counted
 * @param betweenRuns is called before each run, and may throw to end it all
 */
record RowSelection(
        BlockRunner runner,
        List<? extends FieldVector> columns,
        BufferAllocator allocator,
        TransferLedger ledger,
        Runnable betweenRuns) {

    /** Runs these rows; returns what comes out, which the caller closes. */
    VectorSchemaRoot run(int[] rows) {
        betweenRuns.run();
        List<FieldVector> copies = new ArrayList<>(columns.size());
        try {
            for (FieldVector column : columns) {
                copies.add(GatheredRows.of(column, rows, allocator, ledger));
            }
            return runner.run(copies, rows.length);
        } finally {
            copies.forEach(FieldVector::close);
        }
    }

    /** Returns the first half of some rows. */
    static int[] firstHalf(int[] rows) {
        return Arrays.copyOf(rows, rows.length / 2);
    }

    /** Returns the others. */
    static int[] secondHalf(int[] rows) {
        return Arrays.copyOfRange(rows, rows.length / 2, rows.length);
    }
}
