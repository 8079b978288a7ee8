package io.tensorbridge.model.internal;

import static java.util.Objects.requireNonNull;

import io.tensorbridge.model.ModelFolder;
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
     * @param paths the new names, each with the old one
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
        paths.forEach((path, old) -> lengths.put(path, requireNonNull(all.get(old))));
        return lengths;
    }

    @Override
    public InputStream open(String path) throws IOException {
        String old = paths.get(path);
        if (old == null) {
            throw new NoSuchFileException(path);
        }
        return folder.open(old);
    }
}
