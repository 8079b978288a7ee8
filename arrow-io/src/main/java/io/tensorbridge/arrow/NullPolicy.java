package io.tensorbridge.arrow;

import java.io.Serializable;
import java.math.BigDecimal;
import java.util.Optional;

/** What becomes of nulls in a column that a program is fed with. The column itself keeps them, whatever the program sees. */
public sealed interface NullPolicy extends Serializable {

    /** A null is an error that names column and row: the default. */
    static NullPolicy fail() {
        return new Fail();
    }

    /**
     * The program sees this value where the column is null: the cell, or the element of a cell.
     *
     * @param value a value that the column's type can hold exactly
     */
    static NullPolicy fill(Number value) {
        return new Fill(value);
    }

    /**
     * The program sees this string where the column is null: the cell, or the element of a cell.
     *
     * @param value a value for a column of strings, or of binaries that are fed as strings: its UTF-8 bytes
     */
    static NullPolicy fill(String value) {
        return new Fill(value);
    }

    /**
     * The program sees this boolean where the column is null: the cell, or the element of a cell.
     *
     * @param value a value for a column of booleans
     */
    static NullPolicy fill(boolean value) {
        return new Fill(value);
    }

    /** Rows with a null, as a cell or inside of one, are left out of the result. */
    static NullPolicy dropRow() {
        return new DropRow();
    }

    /**
     * The null stays one in the block, for whoever runs it to leave its row out. What an operation with {@code reasons(…)} has in
     * place of {@link #fail}; of no use by itself, since a program takes no nulls.
     */
    record Keep() implements NullPolicy {
        @Override
        public String toString() {
            return "fail the row alone";
        }
    }

    /** See {@link #fail}. */
    record Fail() implements NullPolicy {
        @Override
        public String toString() {
            return "fail";
        }
    }

    /** See {@link #dropRow}. */
    record DropRow() implements NullPolicy {
        @Override
        public String toString() {
            return "drop the row";
        }
    }

    /**
     * See {@link #fill}.
     *
     * @param value the value: a number, a string or a boolean
     */
    record Fill(Object value) implements NullPolicy {

        public Fill {
            if (!(value instanceof Number || value instanceof String || value instanceof Boolean)) {
                throw new IllegalArgumentException(
                        "Invalid fill value: expected a number, string or boolean, found " + value);
            }
        }

        /** Returns whether a column of whole numbers up to these bounds can hold the value. */
        boolean isWholeWithin(long smallest, long largest) {
            return exact().filter(number -> number.stripTrailingZeros().scale() <= 0
                            && number.compareTo(BigDecimal.valueOf(smallest)) >= 0
                            && number.compareTo(BigDecimal.valueOf(largest)) <= 0)
                    .isPresent();
        }

        /** Returns whether the value is this number, with nothing lost. */
        boolean isExactly(double number) {
            return Double.isFinite(number)
                    && exact().filter(exact -> exact.compareTo(new BigDecimal(number)) == 0)
                            .isPresent();
        }

        /** Returns the value as a decimal; infinities and what is not a number have none. */
        private Optional<BigDecimal> exact() {
            if (value instanceof Double || value instanceof Float) {
                double number = ((Number) value).doubleValue();
                return Double.isFinite(number) ? Optional.of(new BigDecimal(number)) : Optional.empty();
            }
            try {
                return Optional.of(new BigDecimal(value.toString()));
            } catch (NumberFormatException e) {
                return Optional.empty(); // some class of a user's own, of which nothing is known
            }
        }

        @Override
        public String toString() {
            return value instanceof String ? "fill with '%s'".formatted(value) : "fill with " + value;
        }
    }
}
