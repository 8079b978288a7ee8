package io.tensorbridge.train.worker;

import java.util.SplittableRandom;

/**
 * The order in which a worker sees its rows: another one in each epoch, and always the same for a seed, an epoch and a worker.
 *
 * <p>Takes 4 bytes of heap for a row. Belongs to one thread.
 */
final class RowOrder {

    /** How many rows one worker can have. */
    static final long MOST_ROWS = Integer.MAX_VALUE - 8;

    private final int[] rows;

    private RowOrder(int rows) {
        this.rows = new int[rows];
    }

    /**
     * Makes an order, which is none before the first epoch.
     *
     * @throws IllegalArgumentException if the rows are too many for one worker
     */
    static RowOrder of(long rows) {
        if (rows > MOST_ROWS) {
            throw new IllegalArgumentException(
                    "Cannot train on %d rows of one worker: expected %d at most. Use more workers(…)"
                            .formatted(rows, MOST_ROWS));
        }
        return new RowOrder((int) rows);
    }

    /** Puts the rows into the order of an epoch. */
    void shuffle(long seed, int epoch, int rank) {
        for (int i = 0; i < rows.length; i++) {
            rows[i] = i; // where the last epoch left them must not matter
        }
        var random = new SplittableRandom(Seeds.mix(Seeds.mix(seed, epoch), rank));
        for (int i = rows.length - 1; i > 0; i--) {
            int other = random.nextInt(i + 1);
            int row = rows[i];
            rows[i] = rows[other];
            rows[other] = row;
        }
    }

    int at(long position) {
        return rows[(int) position];
    }
}
