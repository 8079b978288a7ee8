package io.tensorbridge.model.internal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What a file holds, wherever that is kept; the same at every reading.
 *
 * <p>Those that are kept out of {@link ModelFiles} must be serialisable. Safe for use by several threads.
 */
public interface FileContents {

    /** Opens the contents, for the caller to close. */
    InputStream open() throws IOException;

    /**
     * Writes the contents to a file that does not exist yet.
     *
     * @param target where to write them, in a directory private to this process
     */
    default void writeTo(Path target) throws IOException {
        try (InputStream in = open()) {
            Files.copy(in, target);
        }
    }
}
