package io.tensorbridge.train;

import java.io.Serializable;
import java.util.Comparator;

/**
 * Where a slice goes, and where it comes from: in the order of these a worker gets its rows, whenever it does.
 *
 * @param worker which worker gets it
 * @param kind what its rows are for
 * @param partition which partition it comes from
 * @param block which block of the partition
 */
record SliceKey(int worker, Kind kind, int partition, long block) implements Comparable<SliceKey>, Serializable {

    /** What rows are for. */
    enum Kind {
        TRAINING,
        VALIDATION
    }

    private static final Comparator<SliceKey> ORDER = Comparator.comparingInt(SliceKey::worker)
            .thenComparing(SliceKey::kind)
            .thenComparingInt(SliceKey::partition)
            .thenComparingLong(SliceKey::block);

    @Override
    public int compareTo(SliceKey other) {
        return ORDER.compare(this, other);
    }
}
