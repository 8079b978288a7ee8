package io.tensorbridge.tensor;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.TensorShapeProto;

/** What the library asks of shapes beyond TensorFlow's own class. An unknown dimension is -1 in code, {@code ?} in print. */
public final class Shapes {

    private Shapes() {}

    /** Returns the shape as messages show it: {@code [?, 3]}, or {@code [..]} where even the rank is unknown. */
    public static String describe(Shape shape) {
        if (shape.isUnknown()) {
            return "[..]";
        }
        List<String> dimensions = new ArrayList<>();
        for (long dimension : shape.asArray()) {
            dimensions.add(dimension < 0 ? "?" : Long.toString(dimension));
        }
        return dimensions.toString();
    }

    /** Returns type and shape as messages show them: {@code DT_FLOAT[?, 3]}. */
    public static String describe(DataType elementType, Shape shape) {
        return elementType + describe(shape);
    }

    /** Returns the shape of a whole block whose rows have this shape: {@code [?, 3]} for {@code [3]}. */
    public static Shape blockOf(Shape cell) {
        return cell.isUnknown() ? cell : cell.prepend(Shape.UNKNOWN_SIZE);
    }

    /** Returns whether data of shape {@code found} may go where {@code expected} is asked for, as far as is known. */
    public static boolean accepts(Shape expected, Shape found) {
        if (expected.isUnknown() || found.isUnknown()) {
            return true;
        }
        if (expected.numDimensions() != found.numDimensions()) {
            return false;
        }
        for (int i = 0; i < expected.numDimensions(); i++) {
            if (expected.get(i) >= 0 && found.get(i) >= 0 && expected.get(i) != found.get(i)) {
                return false;
            }
        }
        return true;
    }

    /** Returns all that is known of data of both shapes, which accept each other. */
    static Shape both(Shape one, Shape other) {
        if (one.isUnknown() || other.isUnknown()) {
            return one.isUnknown() ? other : one;
        }
        long[] dims = one.asArray();
        for (int i = 0; i < dims.length; i++) {
            dims[i] = dims[i] < 0 ? other.get(i) : dims[i];
        }
        return Shape.of(dims);
    }

    /** Returns what two shapes have in common: a dimension is unknown where they differ, the rank if that does. */
    static Shape common(Shape one, Shape other) {
        if (one.isUnknown() || other.isUnknown() || one.numDimensions() != other.numDimensions()) {
            return Shape.unknown();
        }
        long[] dims = one.asArray();
        for (int i = 0; i < dims.length; i++) {
            dims[i] = dims[i] == other.get(i) ? dims[i] : Shape.UNKNOWN_SIZE;
        }
        return Shape.of(dims);
    }

    /**
     * Returns the number of elements of one cell.
     *
     * @return the product of the dimensions, or -1 if one of them is unknown
     * @throws ArithmeticException if the product does not fit
     */
    public static long elements(Shape cell) {
        if (cell.isUnknown()) {
            return -1;
        }
        long product = 1;
        for (long dimension : cell.asArray()) {
            if (dimension < 0) {
                return -1;
            }
            product = Math.multiplyExact(product, dimension);
        }
        return product;
    }

    /**
     * Returns the bytes of one element as it lies in a tensor.
     *
     * @throws UnsupportedOperationException if elements of this type have no such size
     */
    public static int bytesOf(DataType elementType) {
        return TensorValue.bytesOf(elementType);
    }

    /** Reads a shape from its protobuf; unlike TensorFlow's signatures, an unknown rank stays unknown. */
    static Shape of(TensorShapeProto proto) {
        if (proto.getUnknownRank()) {
            return Shape.unknown();
        }
        return Shape.of(proto.getDimList().stream()
                .mapToLong(TensorShapeProto.Dim::getSize)
                .toArray());
    }

    static TensorShapeProto toProto(Shape shape) {
        var proto = TensorShapeProto.newBuilder();
        if (shape.isUnknown()) {
            return proto.setUnknownRank(true).build();
        }
        for (long dimension : shape.asArray()) {
            proto.addDim(TensorShapeProto.Dim.newBuilder().setSize(dimension));
        }
        return proto.build();
    }
}
