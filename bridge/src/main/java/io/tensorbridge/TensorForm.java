package io.tensorbridge;

import io.tensorbridge.arrow.BlockColumn;
import io.tensorbridge.arrow.CellShapes;
import io.tensorbridge.tensor.ElementType;
import java.util.Arrays;
import java.util.Optional;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.UserDefinedType;
import org.tensorflow.ndarray.Shape;

/**
 * What a column is to a program.
 *
 * @param kind how its cells hold their values
 * @param elements the type of the values
 * @param levels how many lengths the column itself tells of a cell: levels of arrays, one for a binary or a vector
 */
record TensorForm(Kind kind, ElementType elements, int levels) {

    enum Kind {
        /** One value: a number, a boolean, a string. */
        SCALAR,
        ARRAY,
        BINARY,
        /** Spark ML's vector, dense or sparse. */
        VECTOR,
        /** Spark ML's matrix, dense or sparse. */
        MATRIX
    }

    /** Returns the tensor form of columns of this type, or nothing if they have none. */
    static Optional<TensorForm> of(DataType type) {
        return of(type, Optional.empty());
    }

    /**
     * Returns the same where a type of elements is wanted, which decides between several that are one to Spark: halves and
     * floats, strings of bytes and uint8.
     */
    static Optional<TensorForm> of(DataType type, Optional<ElementType> wanted) {
        return SparkTypes.elementsOf(type, wanted).map(elements -> {
            int levels = BlockColumn.levels(type);
            if (type instanceof UserDefinedType) {
                return new TensorForm(levels == 1 ? Kind.VECTOR : Kind.MATRIX, elements, levels);
            }
            if (type instanceof BinaryType) {
                return elements == ElementType.STRING
                        ? new TensorForm(Kind.SCALAR, elements, 0)
                        : new TensorForm(Kind.BINARY, elements, levels);
            }
            return new TensorForm(levels == 0 ? Kind.SCALAR : Kind.ARRAY, elements, levels);
        });
    }

    /** Returns Spark's name of a type, for messages; that of a vector, not of the struct inside. */
    static String nameOf(DataType type) {
        return type instanceof UserDefinedType<?> custom ? custom.typeName() : type.catalogString();
    }

    /** Returns whether a cell's values lie in one run, so that its shape is not the column's to tell. */
    boolean isFlat() {
        return levels <= 1;
    }

    /** Returns the shape of a cell as the column's metadata tells it, or as many unknown dimensions as there are levels. */
    Shape cellShape(Metadata metadata) {
        return Shape.of(CellShapes.read(metadata).orElseGet(this::unknownDimensions));
    }

    long[] unknownDimensions() {
        long[] dimensions = new long[levels];
        Arrays.fill(dimensions, Shape.UNKNOWN_SIZE);
        return dimensions;
    }
}
