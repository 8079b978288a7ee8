package io.tensorbridge.tensor;

import static java.util.Objects.requireNonNull;

import org.apache.arrow.vector.types.pojo.Field;
import org.tensorflow.ndarray.Shape;

/**
 * An output of a program bound to a new column.
 *
 * @param output the output's name in the signature
 * @param field the column; see {@link ElementType#field}, whose nesting says how many dimensions a cell has
 * @param cellShape the shape of a cell, which every run is held against; all or part of it may be unknown
 * @param rows how many rows the output gives
 */
public record Fetch(String output, Field field, Shape cellShape, Rows rows) {

    /** How many rows an output gives. */
    public enum Rows {
        /** As many as its first dimension says. */
        MANY,
        /** One: the whole output is a cell. */
        ONE
    }

    public Fetch {
        requireNonNull(output, "output");
        requireNonNull(field, "field");
        requireNonNull(cellShape, "cellShape");
        requireNonNull(rows, "rows");
    }

    /** Returns a fetch of cells of whatever dimensions. */
    public static Fetch of(String output, Field field) {
        return new Fetch(output, field, Shape.unknown(), Rows.MANY);
    }
}
