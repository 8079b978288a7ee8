package io.tensorbridge.model;

import io.tensorbridge.model.internal.ZipFolder;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.SortedMap;

/** The files of a model, wherever they are, by relative path with {@code /} between names. */
public interface ModelFolder {

    /**
     * Returns the files of a directory, those of a zip archive, or a single file.
     *
     * <p>A zip archive goes by its name, which ends in {@code .zip}. If all that it holds stands in one folder, the files are
     * those of that folder. Links inside of a directory or an archive are refused.
     *
     * @param path where the directory or the file is; looked at when files are asked for
     */
    static ModelFolder of(Path path) {
        boolean isZip = path.toString().toLowerCase(Locale.ROOT).endsWith(".zip") && !Files.isDirectory(path);
        return isZip ? ZipFolder.of(path) : new DirectoryFolder(path);
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
