package io.tensorbridge.internal.bind;

import io.tensorbridge.arrow.BlockColumn;
import io.tensorbridge.arrow.NullPolicy;
import java.io.Serializable;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.types.DataType;
import org.jspecify.annotations.Nullable;
import org.tensorflow.ndarray.Shape;

/**
 * An input and the column that feeds it.
 *
 * @param input the input's name
 * @param column the column's name
 * @param form what the input is given of the column
 * @param typeName what the tensor is, for people: {@code DT_FLOAT[?, 3]}
 * @param layout whether the column's cells are all of one shape
 * @param widths how long uniform cells' arrays are at each level, or binaries; -1 where the data tells
 * @param cell the dimensions of a cell, -1 where unknown; null if its rank is unknown to the program and the column's
 *     nesting tells
 * @param onNull what becomes of nulls
 */
public record BoundFeed(
        String input,
        String column,
        FeedForm form,
        String typeName,
        BlockColumn.Layout layout,
        List<Integer> widths,
        @Nullable List<Long> cell,
        NullPolicy onNull)
        implements Serializable {

    public BoundFeed {
        widths = List.copyOf(widths); // views of lists do not travel
    }

    /** Returns this binding for an input of another name. */
    public BoundFeed withInput(String newInput) {
        return new BoundFeed(newInput, column, form, typeName, layout, widths, cell, onNull);
    }

    /** Returns this binding of a column of another name. */
    public BoundFeed withColumn(String newColumn) {
        return new BoundFeed(input, newColumn, form, typeName, layout, widths, cell, onNull);
    }

    /** Returns this binding with other lengths of the column's arrays. */
    public BoundFeed withWidths(List<Integer> newWidths) {
        return new BoundFeed(input, column, form, typeName, layout, newWidths, cell, onNull);
    }

    /**
     * Returns the binding that feeds this input with the column of an output, which is of the input's type.
     *
     * @param type the type of the output's column
     */
    public BoundFeed fromOutput(BoundFetch output, DataType type) {
        List<Integer> dimensions = output.cell().stream().map(Math::toIntExact).toList();
        boolean known = dimensions.stream().noneMatch(dimension -> dimension < 0);
        int values = known ? dimensions.stream().reduce(1, Math::multiplyExact) : -1;
        boolean binary = output.elementType().isBinary();
        return new BoundFeed(
                input,
                output.column(),
                new FeedForm.Dense(),
                typeName,
                BlockColumn.Layout.UNIFORM,
                binary ? List.of(values) : dimensions.subList(0, BlockColumn.levels(type)),
                output.cell(),
                NullPolicy.fail());
    }

    /** Returns whether cells are lists that may differ in length from row to row. */
    public boolean hasListsOfAnyLength() {
        return layout == BlockColumn.Layout.VARIABLE && cell != null && !cell.isEmpty();
    }

    /** Returns the column as a block has it. */
    public BlockColumn blockColumn(int ordinal, DataType type) {
        return new BlockColumn(column, ordinal, type, layout, widths, onNull);
    }

    /** Returns the shape of a cell, if it is known beyond what the column's nesting tells. */
    public Optional<Shape> cellShape() {
        return Optional.ofNullable(cell)
                .map(dimensions ->
                        Shape.of(dimensions.stream().mapToLong(Long::longValue).toArray()));
    }
}
