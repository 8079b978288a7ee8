package io.tensorbridge.arrow;

import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.UnsafeRow;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.apache.spark.unsafe.hash.Murmur3_x86_32;
import org.jspecify.annotations.Nullable;

/**
 * Groups by keys of any type: a hash table over the bytes of the keys, which lie one behind the other.
 *
 * <p>Keys that differ in bytes are different groups here, though a collation may hold them to be equal.
 */
final class HashedGroups extends Groups {

    private static final int FIRST_SLOTS = 1 << 10;
    private static final int SEED = 42;
    private static final long BYTES_PER_GROUP =
            3L * Long.BYTES + Integer.BYTES; // two to four slots, and where the key is

    private final KeyRows keyRows;
    private final KeptRows keys;
    private long[] table = new long[FIRST_SLOTS]; // of each slot the hash above, the group's number plus one below

    HashedGroups(List<KeyColumn> keys) {
        this.keyRows = new KeyRows(keys);
        this.keys = new KeptRows(keys.size());
        this.keys.clear();
    }

    @Override
    int of(InternalRow row) {
        return ofKey(keyRows.of(row));
    }

    @Override
    void of(ColumnarBatch batch, int @Nullable [] selection, int from, int count, int[] into, int at) {
        for (int i = 0; i < count; i++) {
            into[at + i] = ofKey(keyRows.of(batch, selection, from + i));
        }
    }

    private int ofKey(UnsafeRow key) {
        int hash = Murmur3_x86_32.hashUnsafeWords(key.getBaseObject(), key.getBaseOffset(), key.getSizeInBytes(), SEED);
        int mask = table.length - 1;
        int slot = hash & mask;
        while (true) {
            long entry = table[slot];
            if (entry == 0) {
                return add(key, hash, slot);
            }
            if ((int) (entry >>> Integer.SIZE) == hash && keys.isSame((int) entry - 1, key)) {
                return (int) entry - 1;
            }
            slot = (slot + 1) & mask;
        }
    }

    private int add(UnsafeRow key, int hash, int slot) {
        int group = keys.count();
        keys.add(key);
        table[slot] = (long) hash << Integer.SIZE | (group + 1);
        if (keys.count() > table.length / 2) {
            rehash();
        }
        return group;
    }

    private void rehash() {
        long[] old = table;
        table = new long[Math.multiplyExact(2, old.length)];
        int mask = table.length - 1;
        for (long entry : old) {
            if (entry != 0) {
                int slot = (int) (entry >>> Integer.SIZE) & mask;
                while (table[slot] != 0) {
                    slot = (slot + 1) & mask;
                }
                table[slot] = entry;
            }
        }
    }

    @Override
    int count() {
        return keys.count();
    }

    @Override
    long bytes() {
        return BYTES_PER_GROUP * keys.count() + keys.bytes(); // of what is used: the table keeps its size
    }

    @Override
    UnsafeRow key(int group) {
        return keys.row(group);
    }

    @Override
    void clear() {
        Arrays.fill(table, 0);
        keys.clear();
    }

    @Override
    void beginBlock() {}
}
