package io.tensorbridge;

import io.tensorbridge.tensor.TensorValue;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a user has said of inputs beyond the columns that feed them. Immutable.
 *
 * @param parameters values by input, of inputs that no column feeds
 * @param parts what inputs are given of a column, by input, if it is not its cells
 * @param paddings values to pad lists with, by column; empty for zero, false or the empty string
 * @param narrowed columns whose values may be rounded to fit
 */
record Feeding(
        Map<String, TensorValue> parameters,
        Map<String, Part> parts,
        Map<String, Optional<Object>> paddings,
        Set<String> narrowed) {

    static final Feeding NONE = new Feeding(Map.of(), Map.of(), Map.of(), Set.of());

    /** What an input is given of a column of lists, other than the lists. */
    enum Part {
        VALUES,
        ROW_SPLITS,
        LENGTHS,
        MASK
    }

    Feeding withParameter(String input, TensorValue value) {
        return new Feeding(Refinements.with(parameters, input, value), parts, paddings, narrowed);
    }

    Feeding withPart(String input, Part part) {
        return new Feeding(parameters, Refinements.with(parts, input, part), paddings, narrowed);
    }

    Feeding withPadding(String column, Optional<Object> value) {
        return new Feeding(parameters, parts, Refinements.with(paddings, column, value), narrowed);
    }

    Feeding withNarrowed(String column) {
        var more = new java.util.LinkedHashSet<>(narrowed);
        more.add(column);
        return new Feeding(parameters, parts, paddings, more);
    }
}
