package io.tensorbridge.tensor;

import static java.util.Objects.requireNonNull;

import java.io.Serial;
import java.io.Serializable;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.NdArray;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.ByteDataBuffer;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TString;

/**
 * A small tensor that travels: what an input is fed with that is the same for all blocks.
 *
 * <p>An immutable value on the Java heap; it shares nothing with what it was made of.
 */
public final class TensorValue implements Serializable {

    @Serial
    private static final long serialVersionUID = 1;

    private final DataType elementType;
    private final long[] dimensions;
    private final byte[] bytes; // as they lie in a tensor; none if these are strings

    @SuppressWarnings("serial") // null unless these are strings
    private final byte @Nullable [][] strings;

    private TensorValue(DataType elementType, long[] dimensions, byte[] bytes, byte @Nullable [][] strings) {
        this.elementType = requireNonNull(elementType, "elementType");
        this.dimensions = dimensions;
        this.bytes = bytes;
        this.strings = strings;
        Shape shape = Shape.of(dimensions);
        long size = Shapes.elements(shape);
        if (size < 0 || dimensions.length > ColumnValues.MOST_DIMENSIONS) {
            throw new IllegalArgumentException("Invalid shape: must be known and have at most %d dimensions, found %s"
                    .formatted(ColumnValues.MOST_DIMENSIONS, Shapes.describe(shape)));
        }
        int width = bytesOf(elementType);
        long found = strings != null ? strings.length : bytes.length / width;
        if (found != size || (strings == null && bytes.length % width != 0)) {
            throw new IllegalArgumentException("Invalid tensor value: expected %d values for shape %s, found %d"
                    .formatted(size, Shapes.describe(shape), found));
        }
    }

    /** Returns the bytes of one element as it lies in a tensor; 1 for strings, which do not lie in one. */
    static int bytesOf(DataType type) {
        return switch (type) {
            case DT_BOOL, DT_INT8, DT_UINT8, DT_STRING -> Byte.BYTES;
            case DT_HALF, DT_BFLOAT16, DT_INT16, DT_UINT16 -> Short.BYTES;
            case DT_FLOAT, DT_INT32, DT_UINT32 -> Integer.BYTES;
            case DT_DOUBLE, DT_INT64, DT_UINT64 -> Long.BYTES;
            default -> throw new UnsupportedOperationException("Cannot make a tensor value of %s".formatted(type));
        };
    }

    /**
     * Returns a tensor of these elements.
     *
     * @param bytes the elements as they lie in a tensor, which are not copied; none if they are strings
     * @param strings the elements if they are strings
     */
    static TensorValue of(DataType type, long[] dimensions, byte[] bytes, byte[][] strings) {
        boolean isString = type == DataType.DT_STRING;
        if ((isString ? bytes.length : strings.length) > 0) {
            throw new IllegalArgumentException(
                    "Invalid tensor value: must hold %s elements alone, found others".formatted(type));
        }
        return new TensorValue(type, dimensions, bytes, isString ? strings : null);
    }

    /** Returns a scalar float32. */
    public static TensorValue of(float value) {
        return of(Shape.scalar(), value);
    }

    /** Returns a scalar float64. */
    public static TensorValue of(double value) {
        return of(Shape.scalar(), value);
    }

    /** Returns a scalar int32. */
    public static TensorValue of(int value) {
        return of(Shape.scalar(), value);
    }

    /** Returns a scalar int64. */
    public static TensorValue of(long value) {
        return of(Shape.scalar(), value);
    }

    /** Returns a scalar bool. */
    public static TensorValue of(boolean value) {
        return of(Shape.scalar(), value);
    }

    /** Returns a scalar string, in UTF-8. */
    public static TensorValue of(String value) {
        return of(Shape.scalar(), value);
    }

    /** Returns a float32 tensor of these values in row-major order. */
    public static TensorValue of(Shape shape, float... values) {
        byte[] bytes = new byte[Math.multiplyExact(values.length, Float.BYTES)];
        nativeOrder(bytes).asFloatBuffer().put(values);
        return new TensorValue(DataType.DT_FLOAT, dimensionsOf(shape), bytes, null);
    }

    /** Returns a float64 tensor of these values in row-major order. */
    public static TensorValue of(Shape shape, double... values) {
        byte[] bytes = new byte[Math.multiplyExact(values.length, Double.BYTES)];
        nativeOrder(bytes).asDoubleBuffer().put(values);
        return new TensorValue(DataType.DT_DOUBLE, dimensionsOf(shape), bytes, null);
    }

    /** Returns an int32 tensor of these values in row-major order. */
    public static TensorValue of(Shape shape, int... values) {
        byte[] bytes = new byte[Math.multiplyExact(values.length, Integer.BYTES)];
        nativeOrder(bytes).asIntBuffer().put(values);
        return new TensorValue(DataType.DT_INT32, dimensionsOf(shape), bytes, null);
    }

    /** Returns an int64 tensor of these values in row-major order. */
    public static TensorValue of(Shape shape, long... values) {
        byte[] bytes = new byte[Math.multiplyExact(values.length, Long.BYTES)];
        nativeOrder(bytes).asLongBuffer().put(values);
        return new TensorValue(DataType.DT_INT64, dimensionsOf(shape), bytes, null);
    }

    /** Returns a bool tensor of these values in row-major order. */
    public static TensorValue of(Shape shape, boolean... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) (values[i] ? 1 : 0);
        }
        return new TensorValue(DataType.DT_BOOL, dimensionsOf(shape), bytes, null);
    }

    /** Returns a string tensor of these values in row-major order, in UTF-8. */
    public static TensorValue of(Shape shape, String... values) {
        byte[][] strings = Arrays.stream(values)
                .map(value -> value.getBytes(StandardCharsets.UTF_8))
                .toArray(byte[][]::new);
        return new TensorValue(DataType.DT_STRING, dimensionsOf(shape), new byte[0], strings);
    }

    /**
     * Copies a tensor, which stays the caller's to close.
     *
     * @throws UnsupportedOperationException if its elements are neither strings nor of one to eight plain bytes
     */
    public static TensorValue copyOf(Tensor tensor) {
        DataType type = tensor.dataType();
        long[] dimensions = dimensionsOf(tensor.shape());
        int width = bytesOf(type);
        if (tensor instanceof TString text) {
            return new TensorValue(type, dimensions, new byte[0], stringsOf(text));
        }
        byte[] bytes = new byte[Math.toIntExact(Math.multiplyExact(tensor.size(), width))];
        ByteDataBuffer data = tensor.asRawTensor().data();
        data.read(bytes);
        return new TensorValue(type, dimensions, bytes, null);
    }

    private static byte[][] stringsOf(TString text) {
        byte[][] strings = new byte[Math.toIntExact(text.size())][];
        int i = 0;
        for (NdArray<byte[]> scalar : text.asBytes().scalars()) {
            strings[i++] = scalar.getObject();
        }
        return strings;
    }

    /** Returns a scalar of any type, if it can hold this number, boolean or string: exactly, or nearly if it is a float. */
    public static Optional<TensorValue> scalar(DataType type, Object value) {
        if (value instanceof Number number) {
            return Optional.ofNullable(scalarOf(type, number));
        } else if (value instanceof Boolean truth && type == DataType.DT_BOOL) {
            return Optional.of(of(truth));
        } else if (value instanceof String string && type == DataType.DT_STRING) {
            return Optional.of(of(string));
        }
        return Optional.empty();
    }

    private static @Nullable TensorValue scalarOf(DataType type, Number number) {
        return switch (type) {
            case DT_FLOAT -> of(number.floatValue());
            case DT_DOUBLE -> of(number.doubleValue());
            case DT_INT8 -> integer(type, number, Byte.MIN_VALUE, Byte.MAX_VALUE);
            case DT_UINT8 -> integer(type, number, 0, 0xFF);
            case DT_INT16 -> integer(type, number, Short.MIN_VALUE, Short.MAX_VALUE);
            case DT_INT32 -> integer(type, number, Integer.MIN_VALUE, Integer.MAX_VALUE);
            case DT_INT64 -> integer(type, number, Long.MIN_VALUE, Long.MAX_VALUE);
            default -> null;
        };
    }

    private static @Nullable TensorValue integer(DataType type, Number number, long least, long most) {
        long exact;
        try {
            exact = new BigDecimal(number.toString()).longValueExact();
        } catch (ArithmeticException | NumberFormatException e) { // a fraction, too large, or not a number
            return null;
        }
        if (exact < least || exact > most) {
            return null;
        }
        byte[] all = new byte[Long.BYTES];
        ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).putLong(exact); // the lower bytes are the narrower number
        return new TensorValue(type, new long[0], Arrays.copyOf(all, bytesOf(type)), null);
    }

    private static ByteBuffer nativeOrder(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
    }

    private static long[] dimensionsOf(Shape shape) {
        if (shape.isUnknown()) {
            throw new IllegalArgumentException("Invalid shape: must be known, found " + Shapes.describe(shape));
        }
        return shape.asArray().clone();
    }

    /** Returns the type of every element. */
    public DataType elementType() {
        return elementType;
    }

    /** Returns the shape, all of which is known. */
    public Shape shape() {
        return Shape.of(dimensions.clone());
    }

    /** Returns the elements as they lie in a tensor, for reading only; none if they are strings. */
    byte[] bytes() {
        return bytes;
    }

    /** Returns the strings, for reading only; none if the elements are not strings. */
    byte[][] strings() {
        return strings == null ? new byte[0][] : strings;
    }

    /** Returns how many bytes the elements have. */
    long length() {
        return bytes.length
                + Arrays.stream(strings()).mapToLong(string -> string.length).sum();
    }

    /** Makes sure that what came over the wire is as consistent as what left. */
    @Serial
    private Object readResolve() {
        return new TensorValue(elementType, dimensions, bytes, strings);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof TensorValue that
                && elementType == that.elementType
                && Arrays.equals(dimensions, that.dimensions)
                && Arrays.equals(bytes, that.bytes)
                && Arrays.deepEquals(strings, that.strings);
    }

    @Override
    public int hashCode() {
        return Objects.hash(
                elementType, Arrays.hashCode(dimensions), Arrays.hashCode(bytes), Arrays.deepHashCode(strings));
    }

    /** Returns type and shape as messages show them: {@code DT_FLOAT[3]}. */
    @Override
    public String toString() {
        return Shapes.describe(elementType, shape());
    }
}
