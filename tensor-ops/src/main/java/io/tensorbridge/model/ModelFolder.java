package io.tensorbridge.model;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.SortedMap;

/** The files of a model, wherever they are, by relative path with {@code /} between names. */
public interface ModelFolder {

    /**
     * Returns the folder of a directory.
     *
     * @param directory the directory; its links are not followed
     */
    static ModelFolder of(Path directory) {
        return new DirectoryFolder(directory);
    }

    /** Returns where the folder is, for messages: without what may be secret. */
    String location();

    /**
     * Returns the files, with their lengths in bytes; no directories.
     *
     * @throws IOException if the folder cannot be read
     */
    SortedMap<String, Long> list() throws IOException;

    /**
     * Opens a file.
     *
     * @param path one of those that {@link #list} returned
     * @return what the file holds, which the caller closes
     * @throws IOException if the file cannot be read
     */
    InputStream open(String path) throws IOException;
}
