package io.tensorbridge.arrow;

import org.apache.spark.sql.catalyst.expressions.UnsafeArrayData;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.unsafe.Platform;

/** Looks for nulls in arrays. */
final class ArrayNulls {

    private ArrayNulls() {}

    /** Returns whether an array of so many levels has a null at any of them. */
    static boolean within(ArrayData array, int levels) {
        if (levels == 1) {
            return among(array);
        }
        for (int i = 0; i < array.numElements(); i++) {
            if (array.isNullAt(i) || within(array.getArray(i), levels - 1)) {
                return true;
            }
        }
        return false;
    }

    /** Returns whether an element is null. */
    static boolean among(ArrayData array) {
        if (array instanceof UnsafeArrayData unsafe) {
            return among(unsafe);
        }
        for (int i = 0; i < array.numElements(); i++) {
            if (array.isNullAt(i)) {
                return true;
            }
        }
        return false;
    }

    /** Looks at the null bits of an array 64 at a time. */
    private static boolean among(UnsafeArrayData array) {
        int header = UnsafeArrayData.calculateHeaderPortionInBytes(array.numElements());
        for (int offset = Long.BYTES; offset < header; offset += Long.BYTES) {
            if (Platform.getLong(array.getBaseObject(), array.getBaseOffset() + offset) != 0) {
                return true;
            }
        }
        return false;
    }
}
