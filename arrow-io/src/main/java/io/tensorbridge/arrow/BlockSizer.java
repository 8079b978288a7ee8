package io.tensorbridge.arrow;

import java.util.concurrent.TimeUnit;

/**
 * Decides how many rows the next block may have: by rows, by bytes, and by how long the runs took so far, since a run
 * cannot be interrupted and a cancelled task is to free its slot soon. For use by one thread.
 */
final class BlockSizer {

    private static final long LONGEST_RUN = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long SHORT_RUN = LONGEST_RUN / 2;
    private static final double FASTEST_GROWTH = 64; // a run of few rows tells little of one of many

    private final BlockLimits limits;
    private long rowsInTime;

    BlockSizer(BlockLimits limits) {
        this.limits = limits;
        this.rowsInTime = limits.firstRows();
    }

    /**
     * Returns the rows that a block may have, at least one.
     *
     * @param bytesPerRow the bytes of one row in the fed columns
     */
    int rows(long bytesPerRow) {
        return rows(bytesPerRow, limits.bytes());
    }

    /** Returns the same for rows that are in memory already. */
    int rowsAtTwiceTheBytes(long bytesPerRow) {
        return rows(bytesPerRow, 2 * limits.bytes());
    }

    private int rows(long bytesPerRow, long bytes) {
        long rowsInMemory = bytes / Math.max(1, bytesPerRow + limits.resultBytesPerRow());
        return (int) Math.max(1, Math.min(Math.min(limits.rows(), rowsInMemory), rowsInTime));
    }

    long bytes() {
        return limits.bytes();
    }

    /** Returns the bytes that the program gives for a row, as far as is known. */
    long resultBytesPerRow() {
        return limits.resultBytesPerRow();
    }

    /** Takes note of how long a block of so many rows took. */
    void ran(int rows, long nanos) {
        if (nanos > LONGEST_RUN) {
            rowsInTime = Math.max(1, (long) (rows * ((double) LONGEST_RUN / nanos)));
        } else if (nanos < SHORT_RUN && rows >= rowsInTime) {
            double growth = Math.min(FASTEST_GROWTH, 0.75 * LONGEST_RUN / Math.max(1, nanos));
            rowsInTime = Math.min(limits.rows(), (long) (rows * growth));
        }
    }
}
