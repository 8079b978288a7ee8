package io.tensorbridge.train.graph;

import static java.util.Objects.requireNonNull;

import java.io.Serializable;

/**
 * The whole numbers that an input may have: labels.
 *
 * @param input the name of the input, of whole numbers
 * @param least the smallest
 * @param bound one more than the largest
 */
public record ValueRange(String input, long least, long bound) implements Serializable {

    public ValueRange {
        requireNonNull(input, "input");
        if (least >= bound) {
            throw new IllegalArgumentException("Invalid range of input '%s': must hold a number, found from %d until %d"
                    .formatted(input, least, bound));
        }
    }
}
