package io.tensorbridge.ml;

import java.util.ArrayList;
import java.util.List;

/** Values that cannot be evaluated, collected so that all of it is said at once. */
final class ValueProblems {

    private final List<String> found = new ArrayList<>();

    /** Notes rows whose value is null, and rows whose value is no such number. */
    void add(String column, String expected, long nulls, long others, double example) {
        if (nulls > 0) {
            found.add("%s: expected %s, found null in %s. Leave such rows out, or fill them, with na()"
                    .formatted(column, expected, rows(nulls)));
        }
        if (others > 0) {
            found.add("%s: expected %s, found others in %s, such as %s"
                    .formatted(column, expected, rows(others), example));
        }
    }

    void add(String problem) {
        found.add(problem);
    }

    static String rows(long count) {
        return count == 1 ? "1 row" : count + " rows";
    }

    void throwIfAny() {
        EvaluatedColumns.throwIfAny(found);
    }

    static IllegalArgumentException noRows() {
        return new IllegalArgumentException("Cannot evaluate this DataFrame: expected rows, found none");
    }
}
