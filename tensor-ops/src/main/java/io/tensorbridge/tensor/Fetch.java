package io.tensorbridge.tensor;

import static java.util.Objects.requireNonNull;

import org.apache.arrow.vector.types.pojo.Field;

/**
 * An output of a program bound to a new column.
 *
 * @param output the output's name in the signature
 * @param field the column; see {@link ElementType#field}, whose nesting says how many dimensions a cell has
 */
public record Fetch(String output, Field field) {

    public Fetch {
        requireNonNull(output, "output");
        requireNonNull(field, "field");
    }
}
