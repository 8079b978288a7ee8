package io.tensorbridge.tensor;

import static java.util.Objects.requireNonNull;

import io.tensorbridge.model.ModelFolder;
import io.tensorbridge.model.ModelTarget;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** A saved program in memory, for tests to spoil. */
final class SavedFiles implements ModelTarget, ModelFolder {

    final SortedMap<String, byte[]> contents = new TreeMap<>();

    /** The paths, in the order in which their files were completed. */
    final List<String> written = new ArrayList<>();

    static SavedFiles of(Program program) {
        var files = new SavedFiles();
        program.save(files);
        return files;
    }

    SavedFiles copy() {
        var copy = new SavedFiles();
        contents.forEach((path, bytes) -> copy.contents.put(path, bytes.clone()));
        return copy;
    }

    Program load() {
        return Program.load(this).program();
    }

    byte[] bytes(String path) {
        return requireNonNull(contents.get(path));
    }

    @Override
    public String location() {
        return "memory/saved";
    }

    @Override
    public OutputStream create(String path) {
        assert !contents.containsKey(path) : path;
        return new ByteArrayOutputStream() {
            @Override
            public void close() {
                contents.put(path, toByteArray());
                written.add(path);
            }
        };
    }

    @Override
    public SortedMap<String, Long> list() {
        SortedMap<String, Long> lengths = new TreeMap<>();
        contents.forEach((path, bytes) -> lengths.put(path, (long) bytes.length));
        return lengths;
    }

    @Override
    public InputStream open(String path) throws IOException {
        return new ByteArrayInputStream(bytes(path));
    }
}
