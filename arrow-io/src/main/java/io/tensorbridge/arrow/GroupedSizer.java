package io.tensorbridge.arrow;

import java.util.concurrent.TimeUnit;

/**
 * Decides how many new rows a block of grouped rows may have, beside those that are carried from the block before, and when
 * there are too many groups to carry. For use by one thread.
 */
final class GroupedSizer {

    private static final long LONGEST_RUN = TimeUnit.MILLISECONDS.toNanos(500);
    private static final int NEW_ROWS_PER_CARRIED = 4;

    private final GroupLimits limits;
    private long rowsInTime = Integer.MAX_VALUE;

    GroupedSizer(GroupLimits limits) {
        this.limits = limits;
    }

    /**
     * Returns the new rows that a block may have, at least one.
     *
     * @param bytesPerRow the bytes of one row in the fed columns, 0 if that is unknown
     * @param carried how many rows are carried
     */
    int rows(long bytesPerRow, int carried) {
        long few = Math.min(limits.block().rows(), limits.block().bytes() / withGroup(bytesPerRow));
        long wanted = Math.max(few, (long) NEW_ROWS_PER_CARRIED * carried);
        return (int) Math.max(1, Math.min(wanted, most(bytesPerRow) - carried));
    }

    /** Returns whether so many groups are too many to carry on. */
    boolean areTooMany(Groups groups, long bytesPerRow) {
        return groups.count() > most(bytesPerRow) / 2 || isFull(groups);
    }

    /** Returns whether the keys alone take all that they may. */
    boolean isFull(Groups groups) {
        return groups.bytes() > 2 * limits.bytes(); // a table is half empty
    }

    private long most(long bytesPerRow) {
        return Math.min(rowsInTime, Math.min(Integer.MAX_VALUE - 8, limits.bytes() / withGroup(bytesPerRow)));
    }

    private static long withGroup(long bytesPerRow) {
        return bytesPerRow + Integer.BYTES;
    }

    /** Takes note of how long a block of so many rows took. */
    void ran(int rows, long nanos) {
        rowsInTime = nanos < LONGEST_RUN / 64
                ? Integer.MAX_VALUE
                : Math.max(1, (long) (rows * ((double) LONGEST_RUN / nanos)));
    }
}
