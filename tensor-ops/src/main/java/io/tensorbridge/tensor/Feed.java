package io.tensorbridge.tensor;

import static java.util.Objects.requireNonNull;

import java.util.Optional;
import org.tensorflow.ndarray.Shape;

/**
 * A column bound to an input of a program.
 *
 * @param input the input's name in the signature
 * @param column the column's name, for messages
 * @param cellShape the shape of one row where the column does not tell it, as with a flat list of pixels; one dimension
 *     may be unknown
 * @param nullSlots what the values under the nulls of the column are
 */
public record Feed(String input, String column, Optional<Shape> cellShape, NullSlots nullSlots) {

    public Feed {
        requireNonNull(input, "input");
        requireNonNull(column, "column");
    }

    /** Returns a feed of a column whose lists tell the shape, and which has no nulls. */
    public static Feed of(String input, String column) {
        return new Feed(input, column, Optional.empty(), NullSlots.REFUSED);
    }

    /** What an Arrow column holds where it is null: anything at all, unless somebody has seen to it. */
    public enum NullSlots {
        /** Nobody knows, so a null is an error. */
        REFUSED,
        /** A value to run on, as good as any other: the column's writer has filled it in. */
        FILLED
    }
}
