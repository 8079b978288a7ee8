package io.tensorbridge.model.internal;

import io.tensorbridge.model.ModelFolder;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/** Some files of a folder, under other names. */
public final class RenamedFiles implements ModelFolder {

    private final ModelFolder folder;
    private final SortedMap<String, String> paths;

    /**
     * Chooses files of a folder.
     *
     * @param paths the new names, each with the old one; these were listed before
     */
    public RenamedFiles(ModelFolder folder, SortedMap<String, String> paths) {
        this.folder = folder;
        this.paths = Collections.unmodifiableSortedMap(new TreeMap<>(paths));
    }

    @Override
    public String location() {
        return folder.location();
    }

    @Override
    public SortedMap<String, Long> list() throws IOException {
        SortedMap<String, Long> all = folder.list();
        SortedMap<String, Long> lengths = new TreeMap<>();
        for (var path : paths.entrySet()) {
            Long length = all.get(path.getValue());
            if (length == null) {
                throw gone(path.getValue(), new NoSuchFileException(path.getValue()));
            }
            lengths.put(path.getKey(), length);
        }
        return lengths;
    }

    @Override
    public InputStream open(String path) throws IOException {
        String old = paths.get(path);
        if (old == null) {
            throw new NoSuchFileException(path);
        }
        try {
            return folder.open(old);
        } catch (NoSuchFileException | FileNotFoundException e) {
            throw gone(old, e);
        }
    }

    private ModelFileException gone(String old, IOException cause) {
        return new ModelFileException(
                "expected file '%s' at '%s', found that it has gone since it was listed. Load the model when nobody changes it"
                        .formatted(old, location()),
                cause);
    }
}
