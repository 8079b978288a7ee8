package io.tensorbridge.arrow;

import java.io.Serializable;
import java.util.List;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.DataType;

/**
 * A column that a program is fed with.
 *
 * @param name its name, for messages
 * @param ordinal its place among the columns of the partition
 * @param type its type: a number, nested arrays of numbers, or binary
 * @param widths how many values an array has at each level of nesting, or a binary has bytes; -1 where the first cell tells
 * @param onNull what becomes of nulls
 */
public record BlockColumn(String name, int ordinal, DataType type, List<Integer> widths, NullPolicy onNull)
        implements Serializable {

    public BlockColumn {
        widths = List.copyOf(widths);
        if (widths.size() != levels(type)) {
            throw new IllegalArgumentException("Invalid column '%s': expected %d widths for %s, found %s"
                    .formatted(name, levels(type), type.catalogString(), widths));
        }
        ValueType values = ValueType.of(elementType(type));
        if (onNull instanceof NullPolicy.Fill fill && !values.canHold(fill)) {
            throw new IllegalArgumentException(
                    "Cannot fill nulls of column '%s' with %s: expected a value that %s holds exactly"
                            .formatted(name, fill.value(), elementType(type).catalogString()));
        }
    }

    /** Returns how many lengths it takes to tell the shape of a cell: levels of arrays, one for a binary. */
    public static int levels(DataType type) {
        if (type instanceof ArrayType array) {
            return 1 + levels(array.elementType());
        }
        return type instanceof BinaryType ? 1 : 0;
    }

    /** Returns the type of the values inside of all arrays. */
    public static DataType elementType(DataType type) {
        return type instanceof ArrayType array ? elementType(array.elementType()) : type;
    }

    /** Returns whether a column of this type can be fed at all. */
    public static boolean canFeed(DataType type) {
        if (type instanceof ArrayType array && elementType(array) instanceof BinaryType) {
            return false;
        }
        return ValueType.find(elementType(type)).isPresent();
    }
}
