package io.tensorbridge.internal.run;

import java.util.Optional;
import org.apache.spark.sql.catalyst.expressions.SpecializedGetters;
import org.apache.spark.sql.catalyst.expressions.UnsafeRow;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;

/** Compares what two ways of reducing the same rows gave: numbers to within rounding, all else to the letter. */
final class ReductionCheck {

    private static final double TOLERANCE = 1e-5;

    private ReductionCheck() {}

    /**
     * Where two results differ.
     *
     * @param column the place of the output
     * @param whole a value of the rows reduced at once
     * @param inParts the same value of the rows reduced in parts
     */
    record Difference(int column, Object whole, Object inParts) {}

    /** Returns the first difference, if there is one. */
    static Optional<Difference> difference(PartialRow whole, PartialRow inParts, StructType schema) {
        UnsafeRow first = whole.row(schema.length());
        UnsafeRow second = inParts.row(schema.length());
        for (int i = 0; i < schema.length(); i++) {
            Optional<Difference> found = difference(i, first, second, i, schema.fields()[i].dataType());
            if (found.isPresent()) {
                return found;
            }
        }
        return Optional.empty();
    }

    private static Optional<Difference> difference(
            int column, SpecializedGetters first, SpecializedGetters second, int ordinal, DataType type) {
        if (type instanceof ArrayType array) {
            ArrayData left = first.getArray(ordinal);
            ArrayData right = second.getArray(ordinal);
            Optional<Difference> found = Optional.empty();
            for (int i = 0; found.isEmpty() && i < left.numElements(); i++) {
                found = difference(column, left, right, i, array.elementType());
            }
            return found;
        }
        Object left = first.get(ordinal, type);
        Object right = second.get(ordinal, type);
        return isSame(left, right) ? Optional.empty() : Optional.of(new Difference(column, left, right));
    }

    private static boolean isSame(Object left, Object right) {
        if (left instanceof Double || left instanceof Float) {
            double one = ((Number) left).doubleValue();
            double other = ((Number) right).doubleValue();
            return Double.compare(one, other) == 0
                    || Math.abs(one - other) <= TOLERANCE * Math.max(1, Math.max(Math.abs(one), Math.abs(other)));
        }
        if (left instanceof byte[] bytes) {
            return java.util.Arrays.equals(bytes, (byte[]) right);
        }
        return left.equals(right);
    }
}
