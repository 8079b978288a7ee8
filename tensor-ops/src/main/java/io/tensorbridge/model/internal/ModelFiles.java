package io.tensorbridge.model.internal;

import io.tensorbridge.model.ModelFolder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The files that a program is made of, by relative path with {@code /} between names, and what identifies them.
 *
 * <p>Immutable; safe for use by several threads.
 */
public final class ModelFiles {

    /** The one file of a program that is a graph. */
    public static final String GRAPH = "graph.pb";

    public static final String SAVED_MODEL = "saved_model.pb";
    public static final String VARIABLES_INDEX = "variables/variables.index";

    private final SortedMap<String, ModelFile> files;
    private final String digest;

    private ModelFiles(SortedMap<String, ModelFile> files) {
        this.files = files;
        this.digest = digestOf(files);
    }

    /**
     * Returns files that are in memory.
     *
     * @param contents what each file holds; not copied, and not to be changed from now on
     */
    public static ModelFiles of(SortedMap<String, byte[]> contents) {
        SortedMap<String, ModelFile> files = new TreeMap<>();
        contents.forEach((path, content) -> files.put(path, ModelFile.of(content)));
        return new ModelFiles(files);
    }

    /** Returns the file of a program that is a graph; the bytes are not copied. */
    public static ModelFiles ofGraph(byte[] graphDef) {
        return of(new TreeMap<>(Map.of(GRAPH, graphDef)));
    }

    /**
     * Copies the files of a folder, which is not needed afterwards.
     *
     * @throws IOException if the folder cannot be read
     */
    public static ModelFiles copyOf(ModelFolder folder) throws IOException {
        SortedMap<String, ModelFile> files = new TreeMap<>();
        for (String path : folder.list().keySet()) {
            try (InputStream in = folder.open(path)) {
                files.put(path, ModelFile.of(in.readAllBytes()));
            }
        }
        return new ModelFiles(files);
    }

    /** Returns these files, one of them with other contents; the others are shared. */
    public ModelFiles with(String path, byte[] content) {
        SortedMap<String, ModelFile> changed = new TreeMap<>(files);
        changed.put(path, ModelFile.of(content));
        return new ModelFiles(changed);
    }

    /** Returns the paths, in order. */
    public Set<String> paths() {
        return Collections.unmodifiableSet(files.keySet());
    }

    /** Returns whether there is a file of this path. */
    public boolean contains(String path) {
        return files.containsKey(path);
    }

    /** Returns the length of a file, in bytes. */
    public long length(String path) {
        return file(path).content.length;
    }

    /** Returns the length of all files together, in bytes. */
    public long length() {
        return files.values().stream().mapToLong(file -> file.content.length).sum();
    }

    /**
     * Returns what a file holds.
     *
     * @return the bytes, which are not to be changed
     */
    public byte[] bytes(String path) {
        return file(path).content;
    }

    /** Opens a file. */
    public InputStream open(String path) {
        return new ByteArrayInputStream(file(path).content);
    }

    /** Returns the SHA-256, in hexadecimal, over the sorted paths, lengths and SHA-256 of the files. */
    public String digest() {
        return digest;
    }

    /**
     * Writes the files below a directory.
     *
     * @param directory one that exists and is private to this process
     */
    public void writeTo(Path directory) throws IOException {
        for (var file : files.entrySet()) {
            Path target = directory.resolve(file.getKey()).normalize();
            if (!target.startsWith(directory)) {
                throw new IOException("File outside of the model's directory: " + file.getKey());
            }
            Path parent = target.getParent();
            if (parent != null) {
                Files.createDirectories(parent);
            }
            Files.write(target, file.getValue().content);
        }
    }

    private ModelFile file(String path) {
        ModelFile file = files.get(path);
        if (file == null) {
            throw new IllegalArgumentException("Cannot read '%s': the files are %s".formatted(path, files.keySet()));
        }
        return file;
    }

    private static String digestOf(SortedMap<String, ModelFile> files) {
        MessageDigest all = sha256();
        files.forEach((path, file) -> {
            all.update(path.getBytes(StandardCharsets.UTF_8));
            all.update((byte) 0);
            all.update(Long.toString(file.content.length).getBytes(StandardCharsets.UTF_8));
            all.update((byte) 0);
            all.update(file.sha256);
        });
        return HexFormat.of().formatHex(all.digest());
    }

    private static final class ModelFile {

        private final byte[] content;
        private final byte[] sha256;

        private ModelFile(byte[] content, byte[] sha256) {
            this.content = content;
            this.sha256 = sha256;
        }

        static ModelFile of(byte[] content) {
            return new ModelFile(content, ModelFiles.sha256().digest(content));
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("Every Java platform has SHA-256", e);
        }
    }
}
