package io.tensorbridge.arrow;

import org.apache.parquet.column.Dictionary;
import org.apache.spark.sql.execution.datasources.parquet.ParquetDictionary;
import org.apache.spark.sql.execution.vectorized.OnHeapColumnVector;
import org.apache.spark.sql.execution.vectorized.WritableColumnVector;
import org.apache.spark.unsafe.Platform;
import org.jspecify.annotations.Nullable;

/**
 * Decodes dictionary-encoded values straight into memory.
 *
 * <p>Spark asks the dictionary anew for every value. Parquet has one for a whole column chunk, so all its entries are asked
 * for once, and the values looked up. For use by one thread.
 */
final class DictionaryDecoder {

    private static final PrivateField DICTIONARY = PrivateField.of(WritableColumnVector.class, "dictionary");
    private static final PrivateField PARQUETS_OWN = PrivateField.of(ParquetDictionary.class, "dictionary");
    private static final PrivateField IDS = PrivateField.of(OnHeapColumnVector.class, "intData");
    private static final int MOST_ENTRIES = 1 << 20;

    private @Nullable Dictionary known;
    private int[] ints = {};
    private long[] longs = {};

    /**
     * Decodes values without nulls.
     *
     * @return whether it was done; if not, nothing was written
     */
    boolean decode(WritableColumnVector from, int start, int count, long address, ValueType type) {
        if (!(DICTIONARY.in(from) instanceof ParquetDictionary wrapper)
                || !(PARQUETS_OWN.in(wrapper) instanceof Dictionary dictionary)
                || dictionary.getMaxId() >= MOST_ENTRIES) {
            return false;
        }
        if (dictionary != known) {
            learn(wrapper, dictionary.getMaxId() + 1, type);
            known = dictionary;
        }
        WritableColumnVector ids = from.getDictionaryIds();
        if (ids instanceof OnHeapColumnVector && IDS.in(ids) instanceof int[] array) {
            lookUp(array, start, count, address, type);
        } else {
            lookUp(ids.getInts(start, count), 0, count, address, type);
        }
        return true;
    }

    private void lookUp(int[] ids, int first, int count, long address, ValueType type) {
        int end = first + count;
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
    }

    private void learn(ParquetDictionary dictionary, int entries, ValueType type) {
        if (type.bytes() == Integer.BYTES) {
            ints = new int[entries];
            for (int id = 0; id < entries; id++) {
                ints[id] = (int) type.bitsOf(dictionary, id);
            }
        } else {
            longs = new long[entries];
            for (int id = 0; id < entries; id++) {
                longs[id] = type.bitsOf(dictionary, id);
            }
        }
    }
}
