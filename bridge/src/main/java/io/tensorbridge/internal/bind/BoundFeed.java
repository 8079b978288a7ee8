package io.tensorbridge.internal.bind;

import io.tensorbridge.arrow.NullPolicy;
import java.io.Serializable;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.tensorflow.ndarray.Shape;

/**
 * An input and the column that feeds it.
 *
 * @param input the input's name
 * @param column the column's name
 * @param typeName what the tensor is, for people: {@code DT_FLOAT[?, 3]}
 * @param widths how long the column's arrays are at each level, or its binaries; -1 where the data tells
 * @param cell the dimensions of a cell, -1 where unknown; null if its rank is unknown to the program and the column's
 *     nesting tells
 * @param onNull what becomes of nulls
 */
public record BoundFeed(
        String input,
        String column,
        String typeName,
        List<Integer> widths,
        @Nullable List<Long> cell,
        NullPolicy onNull)
        implements Serializable {

    /** Returns this binding for an input of another name. */
    public BoundFeed withInput(String newInput) {
        return new BoundFeed(newInput, column, typeName, widths, cell, onNull);
    }

    /** Returns the binding that feeds this input with the column of an output, which is of the input's type. */
    public BoundFeed fromOutput(BoundFetch output) {
        List<Integer> dimensions = output.cell().stream().map(Math::toIntExact).toList();
        boolean known = dimensions.stream().noneMatch(dimension -> dimension < 0);
        int values = known ? dimensions.stream().reduce(1, Math::multiplyExact) : -1;
        return new BoundFeed(
                input,
                output.column(),
                typeName,
                output.elementType().isBinary() ? List.of(values) : dimensions,
                output.cell(),
                NullPolicy.fail());
    }

    /** Returns this binding with other lengths of the column's arrays. */
    public BoundFeed withWidths(List<Integer> newWidths) {
        return new BoundFeed(input, column, typeName, newWidths, cell, onNull);
    }

    /** Returns the shape of a cell, if it is known beyond what the column's nesting tells. */
    public Optional<Shape> cellShape() {
        return Optional.ofNullable(cell)
                .map(dimensions ->
                        Shape.of(dimensions.stream().mapToLong(Long::longValue).toArray()));
    }
}
