package io.tensorbridge.train.worker;

import java.util.SplittableRandom;

/** The order in which a worker sees its rows: another one in each epoch, and always the same for a seed, an epoch and a worker. */
final class RowOrder {

    private final int[] rows;

    private RowOrder(int rows) {
        this.rows = new int[rows];
        for (int i = 0; i < rows; i++) {
            this.rows[i] = i;
        }
    }

    /**
     * Returns the rows as they lie.
     *
     * @throws IllegalArgumentException if they are too many for one worker
     */
    static RowOrder asTheyLie(long rows) {
        if (rows > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(
                    "Cannot train on %d rows of one worker: expected %d at most. Use more workers(…)"
                            .formatted(rows, Integer.MAX_VALUE - 8));
        }
        return new RowOrder((int) rows);
    }

    /** Returns the rows in the order of an epoch. */
    static RowOrder shuffled(long rows, long seed, int epoch, int rank) {
        RowOrder order = asTheyLie(rows);
        var random = new SplittableRandom(Seeds.mix(Seeds.mix(seed, epoch), rank));
        for (int i = order.rows.length - 1; i > 0; i--) {
            int other = random.nextInt(i + 1);
            int row = order.rows[i];
            order.rows[i] = order.rows[other];
            order.rows[other] = row;
        }
        return order;
    }

    int at(long position) {
        return rows[(int) position];
    }
}
