package io.tensorbridge.arrow;

import java.util.List;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.BaseOrdering;
import org.apache.spark.sql.catalyst.expressions.RowOrdering;
import org.apache.spark.sql.catalyst.expressions.UnsafeRow;
import org.apache.spark.sql.catalyst.util.UnsafeRowUtils;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.jspecify.annotations.Nullable;
import scala.jdk.javaapi.CollectionConverters;

/** Groups of rows that come sorted by their keys: a group is a run of rows whose keys Spark takes for equal. */
final class SortedGroups extends Groups {

    private final KeyRows keyRows;
    private final KeptRows keys;
    private final @Nullable BaseOrdering ordering; // null if equal keys are of equal bytes

    SortedGroups(List<KeyColumn> keys) {
        this.keyRows = new KeyRows(keys);
        this.keys = new KeptRows(keys.size());
        this.keys.clear();
        List<DataType> types = keys.stream().map(KeyColumn::type).toList();
        this.ordering = types.stream().allMatch(UnsafeRowUtils::isBinaryStable)
                ? null
                : RowOrdering.createNaturalAscendingOrdering(
                        CollectionConverters.asScala(types).toSeq());
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
        int last = keys.count() - 1;
        if (last >= 0 && isSame(last, key)) {
            return last;
        }
        keys.add(key);
        return last + 1;
    }

    private boolean isSame(int group, UnsafeRow key) {
        return keys.isSame(group, key) || (ordering != null && ordering.compare(keys.row(group), key) == 0);
    }

    @Override
    int count() {
        return keys.count();
    }

    @Override
    long bytes() {
        return keys.bytes();
    }

    @Override
    UnsafeRow key(int group) {
        return keys.row(group);
    }

    @Override
    void clear() {
        keys.clear();
    }

    @Override
    void beginBlock() {
        if (keys.count() > 1) {
            UnsafeRow last = keys.row(keys.count() - 1).copy();
            keys.clear();
            keys.add(last);
        }
    }
}
