package io.tensorbridge.model;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;

/** Where files are written to, by relative path with {@code /} between names; what a {@link ModelFolder} is to reading. */
public interface ModelTarget {

    /**
     * Returns a directory of this machine, which is made if it is not there. A file that is there already is not written over.
     */
    static ModelTarget of(Path directory) {
        return new DirectoryTarget(directory);
    }

    /** Returns where the files go, for messages: without what may be secret. */
    String location();

    /**
     * Creates a file, and the directories that it is in.
     *
     * @param path one that was not created yet; no part of it is empty, {@code .} or {@code ..}
     * @return where to write what the file is to hold, which the caller closes
     * @throws IOException if the file cannot be created
     */
    OutputStream create(String path) throws IOException;
}
