package io.tensorbridge.internal.bind;

import io.tensorbridge.tensor.ElementType;
import io.tensorbridge.tensor.Fetch;
import io.tensorbridge.tensor.Shapes;
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
 * @param rows how many rows the output gives
 * @param typeName what the tensor is, for people: {@code DT_FLOAT[?, 3]}
 */
public record BoundFetch(
        String output, String column, ElementType elementType, List<Long> cell, Fetch.Rows rows, String typeName)
        implements Serializable {

    /** Returns this binding for an output that is a single cell. */
    public BoundFetch ofOneRow() {
        return new BoundFetch(
                output,
                column,
                elementType,
                cell,
                Fetch.Rows.ONE,
                Shapes.describe(elementType.dataType(), cellShape()));
    }

    /** Returns the shape of a cell. */
    public Shape cellShape() {
        return Shape.of(cell.stream().mapToLong(Long::longValue).toArray());
    }
}
