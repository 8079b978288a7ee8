package io.tensorbridge;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.tensorbridge.tensor.ElementType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.tensorflow.ndarray.Shape;
import scala.collection.Iterable;
import scala.jdk.javaapi.CollectionConverters;

/**
 * What cells may hold, in one table: a type of Spark's as a type of elements. Values are plain Java: boxed numbers and
 * booleans, lists for arrays, and for bytes of any kind a string with one character a byte.
 */
enum CellKind {
    BOOLEAN(DataTypes.BooleanType, ElementType.BOOL, n -> n % 3 == 0),
    TINYINT(DataTypes.ByteType, ElementType.INT8, n -> (byte) (n * 37 - 128)),
    SMALLINT(DataTypes.ShortType, ElementType.INT16, n -> (short) (n * 7_777 - 32_768)),
    INT(DataTypes.IntegerType, ElementType.INT32, n -> n * 777_777_777),
    BIGINT(DataTypes.LongType, ElementType.INT64, n -> n * 7_777_777_777_777_777L),
    FLOAT(
            DataTypes.FloatType,
            ElementType.FLOAT32,
            n -> n == 1 ? Float.NaN : n == 2 ? Float.NEGATIVE_INFINITY : n / 3f),
    DOUBLE(DataTypes.DoubleType, ElementType.FLOAT64, n -> n == 1 ? Double.NaN : n == 2 ? -0.0 : n / 3.0),
    /** Floats that are halves. */
    HALF(DataTypes.FloatType, ElementType.FLOAT16, n -> n * 1.25f - 2),
    STRING(DataTypes.StringType, ElementType.STRING, n -> bytesOf(text(n))),
    /** Binaries as strings: any bytes, of any length. */
    BYTES(DataTypes.BinaryType, ElementType.STRING, n -> n == 3 ? "\u00ff\u00fe\0" : bytesOf(text(n))),
    /** Binaries as uint8: a whole cell in each. */
    PIXELS(DataTypes.BinaryType, ElementType.UINT8, n -> (char) (n * 37));

    /** Values repeat soon, so that Parquet finds a dictionary worth its while. */
    private static final int DISTINCT = 7;

    private static final long[] DIMENSIONS = {2, 3, 2, 1, 2};

    @SuppressWarnings("ImmutableEnumChecker") // Spark's types are immutable, though they do not say so
    private final DataType value;

    private final ElementType elements;

    @SuppressWarnings("ImmutableEnumChecker") // a function that holds nothing
    private final IntFunction<Object> values;

    CellKind(DataType value, ElementType elements, IntFunction<Object> values) {
        this.value = value;
        this.elements = elements;
        this.values = values;
    }

    ElementType elements() {
        return elements;
    }

    /** Returns the shape of a cell of so many dimensions. */
    static Shape cell(int rank) {
        long[] dimensions = new long[rank];
        System.arraycopy(DIMENSIONS, 0, dimensions, 0, rank);
        return Shape.of(dimensions);
    }

    /** Returns the type of a column of such cells. */
    DataType type(int rank) {
        DataType type = value;
        for (int i = 0; i < rank && this != PIXELS; i++) {
            type = DataTypes.createArrayType(type, /* containsNull= */ false);
        }
        return type;
    }

    Object value(int n) {
        return values.apply(n % DISTINCT);
    }

    /** Returns the n-th cell. */
    Object cellOf(int rank, int n) {
        int size = Math.toIntExact(cell(rank).size());
        if (this == PIXELS) {
            var cell = new StringBuilder();
            IntStream.range(n * size, (n + 1) * size).mapToObj(this::value).forEach(cell::append);
            return cell.toString();
        }
        return nested(0, rank, n * size, size, this::value);
    }

    private static Object nested(int level, int rank, int from, int size, IntFunction<Object> values) {
        if (level == rank) {
            return values.apply(from);
        }
        int length = (int) DIMENSIONS[level];
        int inner = size / length;
        return IntStream.range(0, length)
                .mapToObj(i -> nested(level + 1, rank, from + i * inner, inner, values))
                .toList();
    }

    /** Returns what {@code x + x} is, {@code not x} of booleans, and {@code x} twice of strings. */
    Object twice(Object cell) {
        if (cell instanceof List<?> list) {
            return list.stream().map(this::twice).toList();
        }
        return switch (this) {
            case BOOLEAN -> !(Boolean) cell;
            case TINYINT -> (byte) (2 * (Byte) cell);
            case SMALLINT -> (short) (2 * (Short) cell);
            case INT -> 2 * (Integer) cell;
            case BIGINT -> 2 * (Long) cell;
            case FLOAT, HALF -> 2 * (Float) cell;
            case DOUBLE -> 2 * (Double) cell;
            case STRING, BYTES -> cell + "" + cell;
            case PIXELS -> {
                var twice = new StringBuilder();
                ((String) cell).chars().forEach(x -> twice.append((char) (2 * x & 0xFF)));
                yield twice.toString();
            }
        };
    }

    /** Returns whether {@code x} is what {@link #twice} gives, value by value. */
    Object isTwice(Object cell, int rank) {
        if (this == PIXELS) {
            String pixels = (String) cell;
            String twice = (String) twice(cell);
            return nested(0, rank, 0, pixels.length(), i -> pixels.charAt(i) == twice.charAt(i));
        }
        if (cell instanceof List<?> list) {
            return list.stream().map(inner -> isTwice(inner, rank - 1)).toList();
        }
        return switch (this) {
            case FLOAT, HALF -> ((Float) cell).floatValue() == 2 * (Float) cell;
            case DOUBLE -> ((Double) cell).doubleValue() == 2 * (Double) cell;
            default -> cell.equals(twice(cell));
        };
    }

    /** Returns a value as Spark takes it. */
    static Object toSpark(Object value, DataType type) {
        if (value instanceof List<?> list) {
            DataType element = ((ArrayType) type).elementType();
            return list.stream().map(inner -> toSpark(inner, element)).toList();
        }
        if (type.equals(DataTypes.BinaryType)) {
            return value.toString().getBytes(ISO_8859_1);
        }
        return type.equals(DataTypes.StringType) ? new String(((String) value).getBytes(ISO_8859_1), UTF_8) : value;
    }

    /** Returns a value that Spark gave. */
    static Object ofSpark(Object value) {
        if (value instanceof Iterable<?> sequence) {
            List<Object> values = new ArrayList<>();
            CollectionConverters.asJava(sequence).forEach(inner -> values.add(ofSpark(inner)));
            return values;
        }
        if (value instanceof byte[] bytes) {
            return new String(bytes, ISO_8859_1);
        }
        return value instanceof String text ? bytesOf(text) : value;
    }

    /** Returns the values of nested lists, one after the other. */
    static List<Object> flat(Object value) {
        return value instanceof List<?> list
                ? list.stream().flatMap(inner -> flat(inner).stream()).toList()
                : List.of(value);
    }

    /** Strings that are easily mistaken: empty, with NUL, beyond the 16-bit plane, long. */
    private static String text(int n) {
        return switch (n % 5) {
            case 0 -> "";
            case 1 -> "a\0b" + n;
            case 2 -> "😀" + n;
            case 3 -> "x".repeat(100) + n;
            default -> "row " + n;
        };
    }

    private static String bytesOf(String text) {
        return new String(text.getBytes(UTF_8), ISO_8859_1);
    }
}
