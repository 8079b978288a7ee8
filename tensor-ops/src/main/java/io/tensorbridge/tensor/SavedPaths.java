package io.tensorbridge.tensor;

import java.util.Arrays;

/**
 * The files of a saved program.
 *
 * <p>{@code program.json} says what there is, and is written last; {@code signature.pb} holds inputs and outputs; {@code
 * warmup.pb}, if there is one, what to warm it up with; and the program's own files are below {@code files/}, those of a
 * saved model as TensorFlow itself reads them.
 */
final class SavedPaths {

    static final String DESCRIPTION = "program.json";
    static final String SIGNATURE = "signature.pb";
    static final String WARM_UP = "warmup.pb";
    static final String FILES = "files/";

    private SavedPaths() {}

    /** Returns whether a saved program may have a file of this path. */
    static boolean isPath(String path) {
        return path.equals(SIGNATURE)
                || path.equals(WARM_UP)
                || (path.startsWith(FILES) && Arrays.stream(path.split("/", -1)).allMatch(SavedPaths::isName));
    }

    /** Returns whether a name is one in every file system, and leads nowhere else. */
    private static boolean isName(String name) {
        return !name.isEmpty()
                && !name.equals(".")
                && !name.equals("..")
                && name.chars().noneMatch(c -> c == '\\' || Character.isISOControl(c));
    }
}
