package io.tensorbridge.arrow;

import org.apache.spark.sql.execution.vectorized.Dictionary;
import org.apache.spark.sql.execution.vectorized.OnHeapColumnVector;
import org.apache.spark.sql.execution.vectorized.WritableColumnVector;
import org.apache.spark.unsafe.Platform;
import org.jspecify.annotations.Nullable;

/**
 * Decodes dictionary-encoded values straight into memory.
 *
 * <p>Spark asks the dictionary anew for every value. Where there are more values than entries, it is faster to ask once an
 * entry and to look the values up. For use by one thread.
 */
final class DictionaryDecoder {

    private static final PrivateField DICTIONARY = PrivateField.of(WritableColumnVector.class, "dictionary");
    private static final PrivateField IDS = PrivateField.of(OnHeapColumnVector.class, "intData");

    private @Nullable Dictionary known;
    private int[] ints = {};
    private long[] longs = {};

    /**
     * Decodes values without nulls.
     *
     * @return whether it was done; if not, what was written means nothing
     */
    boolean decode(WritableColumnVector from, int start, int count, long address, ValueType type) {
        if (!(DICTIONARY.in(from) instanceof Dictionary dictionary)) {
            return false;
        }
        WritableColumnVector idVector = from.getDictionaryIds();
        int[] ids;
        int first = start;
        if (idVector instanceof OnHeapColumnVector && IDS.in(idVector) instanceof int[] array) {
            ids = array;
        } else {
            ids = idVector.getInts(start, count);
            first = 0;
        }
        if (dictionary == known && lookUp(ids, first, count, address, type)) {
            return true;
        }
        int largest = 0;
        for (int i = first; i < first + count; i++) {
            largest = Math.max(largest, ids[i]);
        }
        if (largest >= count) {
            return false; // more entries than values: asking for each value is less
        }
        learn(dictionary, largest + 1, type);
        return lookUp(ids, first, count, address, type);
    }

    /** Looks all values up; returns false if one of them is no entry known so far. */
    private boolean lookUp(int[] ids, int first, int count, long address, ValueType type) {
        int end = first + count;
        try { // the machine checks every index as it is: to look for the largest first would take longer than this
            if (type.bytes() == Integer.BYTES) {
                int[] table = ints;
                long origin = address - (long) first * Integer.BYTES;
                for (int i = first; i < end; i++) {
                    Platform.putInt(null, origin + (long) i * Integer.BYTES, table[ids[i]]);
                }
            } else {
                long[] table = longs;
                long origin = address - (long) first * Long.BYTES;
                for (int i = first; i < end; i++) {
                    Platform.putLong(null, origin + (long) i * Long.BYTES, table[ids[i]]);
                }
            }
            return true;
        } catch (ArrayIndexOutOfBoundsException e) {
            return false;
        }
    }

    /** Asks the dictionary for its first entries; no more than these are in the table afterwards. */
    private void learn(Dictionary dictionary, int count, ValueType type) {
        known = dictionary;
        if (type.bytes() == Integer.BYTES) {
            ints = new int[count];
            for (int id = 0; id < count; id++) {
                ints[id] = (int) type.bitsOf(dictionary, id);
            }
        } else {
            longs = new long[count];
            for (int id = 0; id < count; id++) {
                longs[id] = type.bitsOf(dictionary, id);
            }
        }
    }
}
