package io.tensorbridge.tensor;

import static java.util.Objects.requireNonNull;

import java.util.Optional;
import java.util.OptionalInt;
import org.tensorflow.ndarray.Shape;

/** What an input of a program is fed with: a column of the block in one of several forms, or what is no column at all. */
public sealed interface Feed {

    /** Returns the input's name in the signature. */
    String input();

    /** Returns a feed of the block's first column, whose lists tell the shape, and which has no nulls. */
    static Feed of(String input, String column) {
        return new Dense(input, Column.of(0, column), Optional.empty());
    }

    /**
     * A column of a block.
     *
     * @param index which of the columns given to a run; several feeds may name the same
     * @param name the column's name, for messages
     * @param nullSlots what the values under the nulls of the column are
     */
    record Column(int index, String name, NullSlots nullSlots) {

        public Column {
            requireNonNull(name, "name");
            requireNonNull(nullSlots, "nullSlots");
            if (index < 0) {
                throw new IllegalArgumentException("Invalid column index: must not be negative, found " + index);
            }
        }

        /** Returns a column that has no nulls. */
        public static Column of(int index, String name) {
            return new Column(index, name, NullSlots.REFUSED);
        }
    }

    /** A feed that is made from a column. */
    sealed interface OfColumn extends Feed {

        /** Returns the column. */
        Column column();
    }

    /**
     * The values of a column whose cells are all of one shape: {@code [rows, cell…]}, without a copy.
     *
     * @param cellShape the shape of one row where the column does not tell it, as with a flat list of pixels; one
     *     dimension may be unknown
     */
    record Dense(String input, Column column, Optional<Shape> cellShape) implements OfColumn {

        public Dense {
            requireNonNull(input, "input");
            requireNonNull(column, "column");
            requireNonNull(cellShape, "cellShape");
        }
    }

    /**
     * The values of a column of lists of any length, one after the other: {@code [total, inner…]}, without a copy. Lists
     * inside of the lists must be of one length.
     */
    record RaggedValues(String input, Column column) implements OfColumn {

        public RaggedValues {
            requireNonNull(input, "input");
            requireNonNull(column, "column");
        }
    }

    /**
     * Where the lists of a column begin and end among its {@link RaggedValues}: {@code [rows + 1]}, from 0 to the total.
     * An int32 input is given Arrow's own offsets where they begin at 0; an int64 input is given a copy.
     */
    record RowSplits(String input, Column column) implements OfColumn {

        public RowSplits {
            requireNonNull(input, "input");
            requireNonNull(column, "column");
        }
    }

    /** How many values each list of a column has: {@code [rows]}, int32 or int64. */
    record Lengths(String input, Column column) implements OfColumn {

        public Lengths {
            requireNonNull(input, "input");
            requireNonNull(column, "column");
        }
    }

    /**
     * A column of lists of any length, made equally long: {@code [rows, width, inner…]}, copied. Lists inside of the lists
     * must be of one length.
     *
     * @param width the length of every list; if empty, that of the block's longest. A longer list is an error
     * @param value what stands behind a list's own values: a {@code Number}, {@code Boolean} or {@code String}; if empty,
     *     zero, false or the empty string
     */
    record Padded(String input, Column column, OptionalInt width, Optional<Object> value) implements OfColumn {

        public Padded {
            requireNonNull(input, "input");
            requireNonNull(column, "column");
            requireWidth(width);
            value.ifPresent(Padded::requirePlain);
        }

        private static void requirePlain(Object value) {
            if (!(value instanceof Number || value instanceof Boolean || value instanceof String)) {
                throw new IllegalArgumentException("Invalid padding: must be a number, a boolean or a string, found "
                        + value.getClass().getName());
            }
        }
    }

    /**
     * Which values of a {@link Padded} column are its own: {@code [rows, width]}, 1 or true there, 0 or false where padding
     * stands.
     *
     * @param width as that of the padded feed
     */
    record Mask(String input, Column column, OptionalInt width) implements OfColumn {

        public Mask {
            requireNonNull(input, "input");
            requireNonNull(column, "column");
            requireWidth(width);
        }
    }

    /** The number of rows of the block: a scalar, int32 or int64. */
    record RowCount(String input) implements Feed {

        public RowCount {
            requireNonNull(input, "input");
        }
    }

    /** A value that is the same for all blocks. */
    record Parameter(String input, TensorValue value) implements Feed {

        public Parameter {
            requireNonNull(input, "input");
            requireNonNull(value, "value");
        }
    }

    private static void requireWidth(OptionalInt width) {
        if (width.isPresent() && width.getAsInt() < 0) {
            throw new IllegalArgumentException(
                    "Invalid width of lists: must not be negative, found " + width.getAsInt());
        }
    }

    /** What an Arrow column holds where it is null: anything at all, unless somebody has seen to it. */
    enum NullSlots {
        /** Nobody knows, so a null is an error. */
        REFUSED,
        /** A value to run on, as good as any other: the column's writer has filled it in. */
        FILLED
    }
}
