package io.tensorbridge.arrow;

import org.apache.spark.sql.catalyst.expressions.SpecializedGetters;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.execution.vectorized.Dictionary;
import org.apache.spark.sql.vectorized.ColumnVector;

/**
 * How Spark is asked for values of one type: one by one as they lie in memory, widened to a {@code long} and never boxed,
 * or many at once as a primitive array.
 */
record ValueAccess(OfGetters getters, OfColumn column, OfDictionary dictionary, OfRange range, OfArray array) {

    /** A value of a row or array, which is not null. */
    interface OfGetters {
        long bits(SpecializedGetters from, int ordinal);
    }

    /** A value of a column, which is not null. */
    interface OfColumn {
        long bits(ColumnVector from, int row);
    }

    /** An entry of a dictionary. */
    interface OfDictionary {
        long bits(Dictionary from, int id);
    }

    /** Values of a column, decoded if need be. */
    interface OfRange {
        Object values(ColumnVector from, int start, int count);
    }

    /** All values of an array. */
    interface OfArray {
        Object values(ArrayData from);
    }
}
