package io.tensorbridge;

import io.tensorbridge.tensor.SignatureMismatchException;
import io.tensorbridge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.List;

/** What does not fit between a program and a DataFrame, collected so that all of it is said at once. */
final class Mismatches {

    private final String cannot;
    private final List<String> found = new ArrayList<>();

    /** Collects what does not fit between a program and a DataFrame. */
    Mismatches(String program) {
        this(program, "Cannot run program '%s' on this DataFrame");
    }

    private Mismatches(String what, String cannot) {
        this.cannot = cannot.formatted(what);
    }

    /** Collects what keeps a program from being a function, or a function from being called, as the sentence says. */
    static Mismatches ofFunction(String cannot) {
        return new Mismatches(cannot, "%s");
    }

    void add(String mismatch) {
        found.add(mismatch);
    }

    void addInput(String input, String what) {
        add("input '%s': %s".formatted(input, what));
    }

    void addOutput(String output, String what) {
        add("output '%s': %s".formatted(output, what));
    }

    void addOperation(String operation, String what) {
        add("operation '%s': %s".formatted(operation, what));
    }

    /** Throws what was found, if anything was. */
    void throwIfAny() {
        if (!found.isEmpty()) {
            throw new SignatureMismatchException("%s:\n  - %s".formatted(cannot, String.join("\n  - ", found)));
        }
    }

    static List<String> names(List<TensorSpec> specs) {
        return specs.stream().map(TensorSpec::name).toList();
    }
}
