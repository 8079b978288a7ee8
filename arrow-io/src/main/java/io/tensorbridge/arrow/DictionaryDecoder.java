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
    private byte[] @Nullable [] entries = {};

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

    /** Returns the string or binary of a row, which is not null; not a copy, so it is not to be written to. */
    byte[] bytesAt(WritableColumnVector from, int row) {
        if (!(DICTIONARY.in(from) instanceof ParquetDictionary wrapper)
                || !(PARQUETS_OWN.in(wrapper) instanceof Dictionary dictionary)
                || dictionary.getMaxId() >= MOST_ENTRIES) {
            return from.getBinary(row);
        }
        if (dictionary != known) {
            entries = new byte[dictionary.getMaxId() + 1][];
            known = dictionary;
        }
        int id = from.getDictionaryIds().getDictId(row);
        byte[] entry = entries[id];
        if (entry == null) {
            entry = wrapper.decodeToBinary(id);
            entries[id] = entry;
        }
        return entry;
    }

    private void lookUp(int[] ids, int first, int count, long address, ValueType type) {
        int end = first + count;
        long origin = address - (long) first * type.bytes();
        switch (type.bytes()) {
            case Byte.BYTES -> {
                int[] table = ints;
                for (int i = first; i < end; i++) {
                    Platform.putByte(null, origin + i, (byte) table[ids[i]]);
                }
            }
            case Short.BYTES -> {
                int[] table = ints;
                for (int i = first; i < end; i++) {
                    Platform.putShort(null, origin + (long) i * Short.BYTES, (short) table[ids[i]]);
                }
            }
            case Integer.BYTES -> {
                int[] table = ints;
                for (int i = first; i < end; i++) {
                    Platform.putInt(null, origin + (long) i * Integer.BYTES, table[ids[i]]);
                }
            }
            default -> {
                long[] table = longs;
                for (int i = first; i < end; i++) {
                    Platform.putLong(null, origin + (long) i * Long.BYTES, table[ids[i]]);
                }
            }
        }
    }

    private void learn(ParquetDictionary dictionary, int size, ValueType type) {
        ValueAccess.OfDictionary access = type.access().dictionary();
        if (type.bytes() <= Integer.BYTES) {
            ints = new int[size];
            for (int id = 0; id < size; id++) {
                ints[id] = (int) access.bits(dictionary, id);
            }
        } else {
            longs = new long[size];
            for (int id = 0; id < size; id++) {
                longs[id] = access.bits(dictionary, id);
            }
        }
    }
}
