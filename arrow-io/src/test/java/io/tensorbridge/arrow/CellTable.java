package io.tensorbridge.arrow;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.catalyst.expressions.SpecializedGetters;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.catalyst.util.GenericArrayData;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.unsafe.types.UTF8String;
import org.jspecify.annotations.Nullable;

/**
 * What columns can be made of, in one table: each leaf in each shape it can have. Values are plain Java: boxed numbers and
 * booleans, lists for arrays, and for bytes of any kind a string with one character a byte.
 */
record CellTable(Leaf leaf, Shape shape) {

    enum Leaf {
        BOOLEAN(DataTypes.BooleanType, n -> n % 3 == 0, true),
        BYTE(DataTypes.ByteType, n -> (byte) (n * 7), (byte) -5),
        SHORT(DataTypes.ShortType, n -> (short) (n * 77), (short) -5),
        INT(DataTypes.IntegerType, n -> n * 77_777, -5),
        LONG(DataTypes.LongType, n -> n * 7_777_777_777L, -5L),
        FLOAT(DataTypes.FloatType, n -> n / 4f, -5f),
        DOUBLE(DataTypes.DoubleType, n -> n / 8.0, -5.0),
        STRING(DataTypes.StringType, Leaf::bytes, "fill"),
        BINARY(DataTypes.BinaryType, Leaf::bytes, "fill"),
        /** Binaries of one declared length. */
        PIXELS(DataTypes.BinaryType, n -> "%05d".formatted(n), 7);

        @SuppressWarnings("ImmutableEnumChecker") // Spark's types are immutable, though they do not say so
        private final DataType type;

        @SuppressWarnings("ImmutableEnumChecker") // a function that holds nothing
        private final IntFunction<Object> values;

        @SuppressWarnings("ImmutableEnumChecker") // boxed values and strings
        private final Object fill;

        Leaf(DataType type, IntFunction<Object> values, Object fill) {
            this.type = type;
            this.values = values;
            this.fill = fill;
        }

        Object value(int n) {
            return values.apply(n);
        }

        DataType type() {
            return type;
        }

        /** Returns what a program sees in a filled place. */
        Object filled() {
            return this == PIXELS ? "\7\7\7\7\7" : fill;
        }

        NullPolicy fillPolicy() {
            if (fill instanceof Number number) {
                return NullPolicy.fill(number);
            }
            return fill instanceof String string ? NullPolicy.fill(string) : NullPolicy.fill((Boolean) fill);
        }

        /** Strings that are easily mistaken: empty, with NUL, beyond the 16-bit plane, not UTF-8, long. */
        private static String bytes(int n) {
            return switch (n % 6) {
                case 0 -> "";
                case 1 -> "a\0b" + n;
                case 2 -> raw("😀" + n);
                case 3 -> "\u00ff\u00fe" + n;
                case 4 -> "x".repeat(100) + n;
                default -> "row " + n;
            };
        }
    }

    enum Shape {
        SCALAR(0, false),
        UNIFORM_ARRAY(1, true),
        UNIFORM_NESTED(2, true),
        VARIABLE_ARRAY(1, false),
        VARIABLE_NESTED(2, false);

        final int levels;
        final boolean isUniformArray;

        Shape(int levels, boolean isUniformArray) {
            this.levels = levels;
            this.isUniformArray = isUniformArray;
        }
    }

    static Stream<CellTable> all() {
        return Stream.of(Leaf.values())
                .flatMap(leaf -> Stream.of(Shape.values()).map(shape -> new CellTable(leaf, shape)))
                .filter(cells -> cells.leaf != Leaf.PIXELS || cells.shape == Shape.SCALAR);
    }

    DataType type() {
        DataType type = leaf.type();
        for (int i = 0; i < shape.levels; i++) {
            type = new ArrayType(type, /* containsNull= */ true);
        }
        return type;
    }

    BlockColumn column(int ordinal, NullPolicy onNull) {
        if (leaf == Leaf.PIXELS) {
            return new BlockColumn("c", ordinal, type(), List.of(5), onNull);
        }
        boolean isVariable = shape.levels > 0 ? !shape.isUniformArray : leaf == Leaf.BINARY;
        return isVariable
                ? BlockColumn.variable("c", ordinal, type(), onNull)
                : new BlockColumn(
                        "c",
                        ordinal,
                        type(),
                        IntStream.range(0, shape.levels).mapToObj(n -> -1).toList(),
                        onNull);
    }

    Object cell(int n) {
        return switch (shape) {
            case SCALAR -> leaf.value(n);
            case UNIFORM_ARRAY -> elements(3, n * 3);
            case UNIFORM_NESTED -> List.of(elements(3, n * 6), elements(3, n * 6 + 3));
            case VARIABLE_ARRAY -> elements(n % 5, n);
            case VARIABLE_NESTED ->
                IntStream.range(0, n % 4)
                        .mapToObj(i -> elements((n + i) % 3, n + i))
                        .toList();
        };
    }

    /** Every fourth cell is null, or has a null in it; in an array of any length the array itself is there. */
    @Nullable
    Object cellWithNulls(int n) {
        if (n % 4 != 1) {
            return cell(n);
        }
        return switch (shape) {
            case SCALAR, UNIFORM_ARRAY -> null;
            case UNIFORM_NESTED -> List.of(elements(3, n * 6), withNull(elements(3, n * 6 + 3)));
            case VARIABLE_ARRAY -> withNull(elements(1 + n % 5, n));
            case VARIABLE_NESTED -> List.of(List.of(), withNull(elements(2, n)));
        };
    }

    /** Nulls of all kinds: the cell, an array inside of it, values inside of that. */
    @Nullable
    Object cellWithAnyNulls(int n) {
        return switch (n % 8) {
            case 3 -> shape.levels == 2 ? Arrays.asList(elements(3, n), null) : cell(n);
            case 5 -> null;
            default -> cellWithNulls(n);
        };
    }

    /** Returns a cell with the fill value in the place of nulls. */
    Object filled(@Nullable Object cell) {
        if (cell == null) {
            return shape == Shape.UNIFORM_ARRAY ? List.of(leaf.filled(), leaf.filled(), leaf.filled()) : leaf.filled();
        }
        if (!(cell instanceof List<?> list)) {
            return cell;
        }
        List<Object> filled = new ArrayList<>();
        for (Object element : list) {
            filled.add(element == null ? leaf.filled() : filled(element));
        }
        return filled;
    }

    private List<Object> elements(int count, int from) {
        return IntStream.range(from, from + count).mapToObj(leaf::value).toList();
    }

    private static List<@Nullable Object> withNull(List<Object> elements) {
        List<@Nullable Object> some = new ArrayList<>(elements);
        some.set(elements.size() - 1, null);
        return some;
    }

    /** Returns the value as Spark holds it. */
    static @Nullable Object toSpark(@Nullable Object value, DataType type) {
        if (value == null) {
            return null;
        }
        if (type instanceof ArrayType array) {
            return new GenericArrayData(((List<?>) value)
                    .stream()
                            .map(element -> toSpark(element, array.elementType()))
                            .toArray());
        }
        if (type instanceof StringType) {
            return UTF8String.fromBytes(bytesOf(value));
        }
        return type instanceof BinaryType ? bytesOf(value) : value;
    }

    /** Returns a value that Spark holds. */
    static @Nullable Object ofSpark(SpecializedGetters from, int ordinal, DataType type) {
        if (from.isNullAt(ordinal)) {
            return null;
        }
        if (type instanceof ArrayType array) {
            ArrayData data = from.getArray(ordinal);
            List<@Nullable Object> values = new ArrayList<>();
            for (int i = 0; i < data.numElements(); i++) {
                values.add(ofSpark(data, i, array.elementType()));
            }
            return values;
        }
        Object value = from.get(ordinal, type);
        if (value instanceof UTF8String string) {
            return raw(string.getBytes());
        }
        return value instanceof byte[] bytes ? raw(bytes) : value;
    }

    /** Returns a value of an Arrow vector in a block. */
    @Nullable
    Object ofArrow(@Nullable Object value) {
        if (value == null) {
            return null;
        }
        if (value instanceof List<?> list) {
            return Arrays.asList(list.stream().map(this::ofArrow).toArray());
        }
        if (leaf == Leaf.BOOLEAN) {
            return ((Byte) value) == 1;
        }
        if (value instanceof org.apache.arrow.vector.util.Text text) {
            return raw(text.copyBytes());
        }
        return value instanceof byte[] bytes ? raw(bytes) : value;
    }

    static byte[] bytesOf(Object value) {
        return ((String) value).getBytes(StandardCharsets.ISO_8859_1);
    }

    private static String raw(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static String raw(String text) {
        return raw(text.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public String toString() {
        return leaf + " " + shape;
    }
}
