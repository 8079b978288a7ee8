package io.tensorbridge.tensor;

import io.tensorbridge.model.internal.ModelLimits;
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

    private static final long MOST_SIGNATURE_BYTES = 64 << 20; // several times the names that a description can hold
    private static final long MOST_WARM_UP_BYTES = 256 << 20;

    private SavedPaths() {}

    /** Returns how many bytes a file may have; those that are parsed here are in memory as a whole. */
    static long mostBytes(String path) {
        return switch (path) {
            case SIGNATURE -> MOST_SIGNATURE_BYTES;
            case WARM_UP -> MOST_WARM_UP_BYTES;
            default -> ModelLimits.BYTES;
        };
    }

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
