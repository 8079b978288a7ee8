package io.tensorbridge.model.internal;

import io.tensorbridge.model.ModelFolder;
import java.io.ByteArrayInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.SortedMap;
import java.util.TreeMap;

/** Files in memory, as a folder; some may be listed with another length than they have. */
record MapFolder(SortedMap<String, byte[]> files, SortedMap<String, Long> lengths) implements ModelFolder {

    static MapFolder of(SortedMap<String, byte[]> files) {
        SortedMap<String, Long> lengths = new TreeMap<>();
        files.forEach((path, bytes) -> lengths.put(path, (long) bytes.length));
        return new MapFolder(files, lengths);
    }

    @Override
    public String location() {
        return "memory";
    }

    @Override
    public SortedMap<String, Long> list() {
        return lengths;
    }

    @Override
    public InputStream open(String path) throws IOException {
        byte[] bytes = files.get(path);
        if (bytes == null) {
            throw new FileNotFoundException(path);
        }
        return new ByteArrayInputStream(bytes);
    }
}
