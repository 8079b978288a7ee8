package io.tensorbridge.arrow;

import java.io.Serializable;

/**
 * How large a block may become.
 *
 * @param rows rows in a block, at most
 * @param bytes bytes of the fed columns and of what they yield, about; a single row may be larger
 * @param resultBytesPerRow bytes that the program gives for a row, as far as is known
 * @param firstRows rows in the first block of a partition, at most: nobody knows yet how long a run takes
 */
public record BlockLimits(int rows, long bytes, long resultBytesPerRow, int firstRows) implements Serializable {

    public BlockLimits {
        if (rows < 1) {
            throw new IllegalArgumentException("Invalid block size: must be positive, found %d rows".formatted(rows));
        }
        if (bytes < 1) {
            throw new IllegalArgumentException("Invalid block size: must be positive, found %d bytes".formatted(bytes));
        }
        if (resultBytesPerRow < 0) {
            throw new IllegalArgumentException(
                    "Invalid result size: must not be negative, found %d bytes".formatted(resultBytesPerRow));
        }
        if (firstRows < 1) {
            throw new IllegalArgumentException(
                    "Invalid first block size: must be positive, found %d rows".formatted(firstRows));
        }
    }

    /** Limits that hold for the first block as for any other. */
    public BlockLimits(int rows, long bytes, long resultBytesPerRow) {
        this(rows, bytes, resultBytesPerRow, rows);
    }

    /** Returns these limits, with fewer rows in the first block of a partition if these are fewer. */
    public BlockLimits beginningWith(long firstRowsAtMost) {
        return new BlockLimits(rows, bytes, resultBytesPerRow, (int) Math.min(firstRows, firstRowsAtMost));
    }
}
