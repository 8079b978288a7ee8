package io.tensorbridge.internal.bind;

import io.tensorbridge.tensor.ElementType;
import java.io.Serializable;
import java.util.List;
import org.tensorflow.ndarray.Shape;

/**
 * An output and the column that it becomes.
 *
 * @param output the output's name
 * @param column the column's name
 * @param elementType the type of its values
 * @param cell the dimensions of a cell, -1 where unknown
 * @param typeName what the tensor is, for people: {@code DT_FLOAT[?, 3]}
 */
public record BoundFetch(String output, String column, ElementType elementType, List<Long> cell, String typeName)
        implements Serializable {

    /** Returns the shape of a cell. */
    public Shape cellShape() {
        return Shape.of(cell.stream().mapToLong(Long::longValue).toArray());
    }
}
