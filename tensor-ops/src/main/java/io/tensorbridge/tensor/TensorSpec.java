package io.tensorbridge.tensor;

import static java.util.Objects.requireNonNull;

import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;

/**
 * What a program says of one of its inputs or outputs: its name, the type of its elements and its shape.
 *
 * @param name the name in the signature, such as {@code features}; never a graph name such as {@code features:0}
 * @param elementType the type of every element
 * @param shape the shape of a whole block: the first dimension counts rows and is usually unknown
 */
public record TensorSpec(String name, DataType elementType, Shape shape) {

    public TensorSpec {
        requireNonNull(elementType, "elementType");
        requireNonNull(shape, "shape");
        if (name.isBlank()) {
            throw new IllegalArgumentException("Invalid tensor name: must not be blank");
        }
    }

    /** Returns the shape of a single row: {@code [3]} where the shape is {@code [?, 3]}; unknown if the rank is. */
    public Shape cellShape() {
        if (shape.isUnknown() || shape.numDimensions() == 0) {
            return shape;
        }
        return shape.tail();
    }

    /** Returns this spec as messages show it: {@code features: DT_FLOAT[?, 3]}. */
    @Override
    public String toString() {
        return name + ": " + Shapes.describe(elementType, shape);
    }
}
