package io.tensorbridge.arrow;

import java.util.Arrays;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.UnsafeRow;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.jspecify.annotations.Nullable;

/** Groups by one key of a word at most: a hash table of words, the group's number beside the word it belongs to. */
final class WordGroups extends Groups {

    private static final int FIRST_SLOTS = 1 << 10;
    private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L; // spreads words over the upper bits
    private static final int NONE = -1;
    private static final long BYTES_PER_GROUP = 3L * 2 * Long.BYTES + Long.BYTES; // two to four slots, and a word

    private final KeyWord type;
    private final int ordinal;
    private final UnsafeRow reader = new UnsafeRow(1);
    private long[] table = new long[2 * FIRST_SLOTS]; // of each slot the word, then the group's number plus one
    private int shift = Long.SIZE - Integer.numberOfTrailingZeros(FIRST_SLOTS);
    private long[] words = new long[FIRST_SLOTS];
    private long[] batchWords = new long[0];
    private int count;
    private int groupOfNull = NONE;

    WordGroups(KeyColumn key, KeyWord type) {
        this.type = type;
        this.ordinal = key.ordinal();
        this.reader.pointTo(new byte[2 * Long.BYTES], 2 * Long.BYTES);
    }

    @Override
    int of(InternalRow row) {
        return row.isNullAt(ordinal) ? ofNull() : of(type.of(row, ordinal));
    }

    @Override
    void of(ColumnarBatch batch, int @Nullable [] selection, int from, int rows, int[] into, int at) {
        ColumnVector column = batch.column(ordinal);
        if (selection != null) {
            column = new RowsOfColumnVector(column, 0, selection);
        }
        if (batchWords.length < rows) {
            batchWords = new long[rows];
        }
        if (column.hasNull()) {
            for (int i = 0; i < rows; i++) {
                into[at + i] = column.isNullAt(from + i) ? ofNull() : ofWordAt(column, from + i);
            }
            return;
        }
        type.of(column, from, rows, batchWords);
        for (int i = 0; i < rows; i++) {
            into[at + i] = of(batchWords[i]);
        }
    }

    private int ofWordAt(ColumnVector column, int row) {
        type.of(column, row, 1, batchWords);
        return of(batchWords[0]);
    }

    private int of(long word) {
        int mask = table.length - 1;
        int slot = (int) ((word * GOLDEN_RATIO) >>> shift) << 1;
        while (true) {
            long group = table[slot + 1];
            if (group == 0) {
                return add(word, slot);
            }
            if (table[slot] == word) {
                return (int) group - 1;
            }
            slot = (slot + 2) & mask;
        }
    }

    private int add(long word, int slot) {
        table[slot] = word;
        table[slot + 1] = count + 1L;
        int group = append(word);
        if (count > table.length / 4) {
            rehash();
        }
        return group;
    }

    private int ofNull() {
        if (groupOfNull == NONE) {
            groupOfNull = append(0);
        }
        return groupOfNull;
    }

    private int append(long word) {
        if (count == words.length) {
            words = Arrays.copyOf(words, Math.multiplyExact(2, count));
        }
        words[count] = word;
        return count++;
    }

    private void rehash() {
        table = new long[Math.multiplyExact(2, table.length)];
        shift--;
        int mask = table.length - 1;
        for (int group = 0; group < count; group++) {
            if (group != groupOfNull) {
                int slot = (int) ((words[group] * GOLDEN_RATIO) >>> shift) << 1;
                while (table[slot + 1] != 0) {
                    slot = (slot + 2) & mask;
                }
                table[slot] = words[group];
                table[slot + 1] = group + 1L;
            }
        }
    }

    @Override
    int count() {
        return count;
    }

    @Override
    long bytes() {
        return BYTES_PER_GROUP * count; // of what is used: the table keeps its size when it is cleared
    }

    @Override
    UnsafeRow key(int group) {
        if (group == groupOfNull) {
            reader.setNullAt(0);
        } else {
            reader.setNotNullAt(0);
            reader.setLong(0, 0);
            type.write(words[group], reader);
        }
        return reader;
    }

    @Override
    void clear() {
        Arrays.fill(table, 0);
        count = 0;
        groupOfNull = NONE;
    }

    @Override
    void beginBlock() {}
}
