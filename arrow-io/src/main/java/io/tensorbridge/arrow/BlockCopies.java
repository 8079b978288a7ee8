package io.tensorbridge.arrow;

import java.util.EnumMap;
import java.util.Map;

/** Counts the bytes that were copied to make blocks. For use by one thread. */
public final class BlockCopies {

    /** Where the bytes came from. */
    public enum Source {
        /** Rows, into the columns that a program is fed with. */
        ROWS,
        /** Spark's own column vectors. */
        COLUMNS,
        /** Dictionary-encoded column vectors, decoded on the way. */
        DICTIONARY,
        /** Arrow columns with nulls in them, for the sake of a value to put there. */
        NULLS,
        /** Arrow booleans of one bit each, for the sake of a byte each. */
        BOOLEANS,
        /** Rows again: their other columns, kept for the result. */
        KEPT
    }

    private final Map<Source, Long> bytes = new EnumMap<>(Source.class);

    /** Returns the bytes copied out of such a source. */
    public long bytes(Source source) {
        return bytes.getOrDefault(source, 0L);
    }

    void add(Source source, long count) {
        bytes.merge(source, count, Long::sum);
    }
}
