package io.tensorbridge.arrow;

import java.io.Serializable;
import java.util.List;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StringType;

/**
 * A column that a program is fed with.
 *
 * @param name its name, for messages
 * @param ordinal its place among the columns of the partition
 * @param type its type, which {@link #canFeed} says can be fed
 * @param layout whether all cells are of one shape
 * @param widths of uniform cells, how many values an array has at each level of nesting, or a binary has bytes; -1 where
 *     the first cell tells, which for a binary does not do; none of variable cells
 * @param onNull what becomes of nulls
 */
public record BlockColumn(
        String name, int ordinal, DataType type, Layout layout, List<Integer> widths, NullPolicy onNull)
        implements Serializable {

    /** Whether all cells of a column are of one shape. */
    public enum Layout {
        /** They are, and it is an error if one is not. Strings inside of arrays still have any length. */
        UNIFORM,
        /** Arrays, strings and binaries have any length. */
        VARIABLE
    }

    public BlockColumn {
        if (!canFeed(type)) {
            throw new UnsupportedOperationException("No block can hold values of type " + type.catalogString());
        }
        widths = List.copyOf(widths);
        int levels = layout == Layout.UNIFORM ? levels(type) : 0;
        if (widths.size() != levels) {
            throw new IllegalArgumentException("Invalid column '%s': expected %d widths for %s, found %s"
                    .formatted(name, levels, type.catalogString(), widths));
        }
        boolean mayVary = type instanceof ArrayType || type instanceof StringType || type instanceof BinaryType;
        if (layout == Layout.VARIABLE && !mayVary) {
            throw new IllegalArgumentException("Invalid column '%s': expected cells that can differ in length, found %s"
                    .formatted(name, type.catalogString()));
        }
        if (layout == Layout.UNIFORM && type instanceof StringType) {
            layout = Layout.VARIABLE;
        }
        if (layout == Layout.UNIFORM && type instanceof BinaryType && widths.get(0) < 0) {
            throw new IllegalArgumentException(
                    "Invalid column '%s': a binary's length must be declared".formatted(name));
        }
        if (onNull instanceof NullPolicy.Fill fill && !canHold(type, layout, fill)) {
            throw new IllegalArgumentException(
                    "Cannot fill nulls of column '%s': expected a value that %s holds exactly, found %s. Mend onNull(…)"
                            .formatted(name, elementType(type).catalogString(), fill.value()));
        }
    }

    /** A column of uniform cells; of strings, which are never uniform, if such is its type. */
    public BlockColumn(String name, int ordinal, DataType type, List<Integer> widths, NullPolicy onNull) {
        this(name, ordinal, type, Layout.UNIFORM, widths, onNull);
    }

    /** Returns a column of strings, of binaries fed as strings, or of arrays, whose cells have any length. */
    public static BlockColumn variable(String name, int ordinal, DataType type, NullPolicy onNull) {
        return new BlockColumn(name, ordinal, type, Layout.VARIABLE, List.of(), onNull);
    }

    /** Returns how many lengths it takes to tell the shape of a cell: levels of arrays, one for a binary or vector. */
    public static int levels(DataType type) {
        if (type instanceof ArrayType array) {
            return arrayLevels(array);
        }
        return type instanceof BinaryType
                ? 1
                : LinalgType.find(type).map(LinalgType::levels).orElse(0);
    }

    private static int arrayLevels(DataType type) {
        return type instanceof ArrayType array ? 1 + arrayLevels(array.elementType()) : 0;
    }

    /** Returns the type of the values inside of all arrays; doubles for a vector or matrix. */
    public static DataType elementType(DataType type) {
        if (type instanceof ArrayType array) {
            return elementType(array.elementType());
        }
        return LinalgType.find(type).isPresent() ? DataTypes.DoubleType : type;
    }

    /**
     * Returns whether a column of this type can be fed at all: numbers but decimals, booleans, strings, binaries, arrays of
     * these to any depth, and Spark ML's vectors and matrices.
     */
    public static boolean canFeed(DataType type) {
        if (LinalgType.find(type).isPresent()) {
            return true;
        }
        DataType values = type;
        while (values instanceof ArrayType array) {
            values = array.elementType();
        }
        return values instanceof StringType || ValueType.find(values).isPresent();
    }

    /** Returns whether cells, or values inside of them, are of any length: strings always are. */
    boolean hasVariableCells() {
        return layout == Layout.VARIABLE || hasByteStrings(type, layout);
    }

    /** Returns whether there is a place for a null in a block: one of a value that fills it, or of any. */
    boolean hasPlacesForNulls() {
        return onNull instanceof NullPolicy.Fill || keepsNulls();
    }

    /** Returns whether nulls stay what they are, so that their places are of no matter. */
    boolean keepsNulls() {
        return onNull instanceof NullPolicy.Keep;
    }

    /** Returns whether the values are strings, or binaries that are fed like strings. */
    private static boolean hasByteStrings(DataType type, Layout layout) {
        DataType values = elementType(type);
        boolean isBytes = type instanceof BinaryType && layout == Layout.UNIFORM;
        return values instanceof StringType || (values instanceof BinaryType && !isBytes);
    }

    private static boolean canHold(DataType type, Layout layout, NullPolicy.Fill fill) {
        return hasByteStrings(type, layout)
                ? fill.value() instanceof String
                : ValueType.of(elementType(type)).canHold(fill);
    }
}
