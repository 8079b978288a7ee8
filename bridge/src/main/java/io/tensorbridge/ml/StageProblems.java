package io.tensorbridge.ml;

import io.tensorbridge.tensor.SignatureMismatchException;
import java.util.ArrayList;
import java.util.List;

/** What does not fit between a stage and a DataFrame, collected so that all of it is said at once. */
final class StageProblems {

    private final String stage;
    private final List<String> found = new ArrayList<>();

    StageProblems(String stage) {
        this.stage = stage;
    }

    void add(String problem) {
        found.add(problem);
    }

    /** Throws what was found, if anything was. */
    void throwIfAny() {
        if (!found.isEmpty()) {
            throw new SignatureMismatchException(
                    "Cannot transform with stage '%s':\n  - %s".formatted(stage, String.join("\n  - ", found)));
        }
    }
}
