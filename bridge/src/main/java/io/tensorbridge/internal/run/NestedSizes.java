package io.tensorbridge.internal.run;

import org.apache.spark.sql.catalyst.util.ArrayData;
import org.jspecify.annotations.Nullable;

/** How long the arrays inside of arrays are. Public because Spark's generated code calls it. */
public final class NestedSizes {

    /** Stands for arrays that are of more than one length. */
    private static final int RAGGED = -1;

    private static final int NONE = -2;

    private NestedSizes() {}

    /**
     * Returns the length that all arrays at a level of a cell have.
     *
     * @param cell the cell, as Spark holds it
     * @param level how many arrays stand around those that are measured, one at least
     * @return the length, -1 if there are several, or null if there is no array at this level; nulls do not count
     */
    public static @Nullable Integer sizeAt(ArrayData cell, int level) {
        int size = sizeAt(cell, level, NONE);
        return size == NONE ? null : Integer.valueOf(size);
    }

    private static int sizeAt(ArrayData arrays, int level, int sizeBefore) {
        int size = sizeBefore;
        int count = arrays.numElements();
        for (int i = 0; i < count && size != RAGGED; i++) {
            if (arrays.isNullAt(i)) {
                continue;
            }
            ArrayData inner = arrays.getArray(i);
            if (level > 1) {
                size = sizeAt(inner, level - 1, size);
            } else if (size == NONE) {
                size = inner.numElements();
            } else if (size != inner.numElements()) {
                size = RAGGED;
            }
        }
        return size;
    }
}
