package io.tensorbridge.train.worker;

import java.util.List;

/**
 * The steps of an epoch, on which all workers agree without a word: as many as the worker with the most rows needs. Each worker
 * spreads its rows over all of them, so that every row is seen once, and no step waits for a worker that has ended.
 *
 * @param rowsOf how many rows each worker has
 * @param count how many steps there are
 */
record Steps(List<Long> rowsOf, long count) {

    /**
     * @param batchRows how many rows of a worker a step has at most
     */
    static Steps of(List<Long> rowsOf, long batchRows) {
        long most = rowsOf.stream().mapToLong(Long::longValue).max().orElse(0);
        return new Steps(rowsOf, (most + batchRows - 1) / batchRows);
    }

    /** Returns where a worker's rows of a step begin; those of the step before end there. */
    long from(int rank, long step) {
        // no overflow: either is below 2^31
        return rowsOf.get(rank) * step / count;
    }

    /** Returns how many rows of all workers a step has. */
    long rowsIn(long step) {
        long rows = 0;
        for (int rank = 0; rank < rowsOf.size(); rank++) {
            rows += from(rank, step + 1) - from(rank, step);
        }
        return rows;
    }

    /** Returns how many rows there are. */
    long rows() {
        return rowsOf.stream().mapToLong(Long::longValue).sum();
    }
}
