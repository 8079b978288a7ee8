package io.tensorbridge.model.internal;

import io.tensorbridge.model.ModelFolder;
import java.io.IOException;
import java.io.InputStream;
import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.stream.Stream;

/**
 * The files that a program is made of, by relative path with {@code /} between names, and what identifies them.
 *
 * <p>Short files, and those that are parsed, are held in memory, others in this process's {@link PrivateDirectory}, from
 * which they go when nobody holds them any more. Serialised, they travel in one stream; what is read back has
 * the digest of what was read. Immutable; safe for use by several threads.
 */
public final class ModelFiles implements Serializable {

    /** The one file of a program that is a graph. */
    public static final String GRAPH = "graph.pb";

    public static final String SAVED_MODEL = "saved_model.pb";
    public static final String VARIABLES_INDEX = "variables/variables.index";

    /** How the paths of the files begin that hold the values of variables, and nothing else. */
    public static final String VARIABLES_DATA = "variables/variables.data-";

    /** Files of at most so many bytes are kept in memory. */
    public static final int MOST_IN_MEMORY = 1 << 20;

    static final int LONGEST_ARRAY = Integer.MAX_VALUE - 8;

    private final transient SortedMap<String, ModelFile> files;
    private final transient String digest;

    ModelFiles(SortedMap<String, ModelFile> files) {
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
     * @throws IOException if the folder cannot be read, changes meanwhile, or has more than fits
     */
    public static ModelFiles copyOf(ModelFolder folder) throws IOException {
        return copyOf(folder, MOST_IN_MEMORY);
    }

    static ModelFiles copyOf(ModelFolder folder, int mostInMemory) throws IOException {
        SortedMap<String, ModelFile> files = new TreeMap<>();
        for (var listed : folder.list().entrySet()) {
            files.put(listed.getKey(), copyOf(folder, listed.getKey(), listed.getValue(), mostInMemory));
        }
        return new ModelFiles(files);
    }

    private static ModelFile copyOf(ModelFolder folder, String path, long length, int mostInMemory) throws IOException {
        boolean parsed = isParsed(path);
        if (parsed && length > LONGEST_ARRAY) {
            throw new IOException("expected %s to be shorter than 2 GiB, found %d bytes".formatted(path, length));
        }
        try (InputStream in = folder.open(path)) {
            // one more than there ought to be, so that a file that grows fills no disk, and is found out
            ModelFile file = ModelFile.copyOf(new BoundedInput(in, length + 1), parsed ? LONGEST_ARRAY : mostInMemory);
            if (file.length() != length) {
                throw new IOException("expected %d bytes of %s, found %d. Read the model when nobody writes it"
                        .formatted(length, path, file.length()));
            }
            return file;
        }
    }

    /** Returns whether a file is parsed here, so that it must fit into memory. */
    static boolean isParsed(String path) {
        return path.equals(GRAPH) || path.equals(SAVED_MODEL);
    }

    /** Returns these files, one of them with other contents, which are not copied; the others are shared. */
    public ModelFiles with(String path, byte[] content) {
        SortedMap<String, ModelFile> changed = new TreeMap<>(files);
        changed.put(path, ModelFile.of(content));
        return new ModelFiles(changed);
    }

    /**
     * Returns these files with the same contents kept elsewhere; what is kept there is not read now.
     *
     * @param move returns, for the path of a file and the contents that it has, where these are kept
     */
    public ModelFiles movedBy(BiFunction<String, FileContents, FileContents> move) {
        SortedMap<String, ModelFile> moved = new TreeMap<>();
        files.forEach((path, file) ->
                moved.put(path, new ModelFile(file.length(), file.sha256(), move.apply(path, file.contents()))));
        return new ModelFiles(moved);
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
        return file(path).length();
    }

    /** Returns the length of all files together, in bytes. */
    public long length() {
        return files.values().stream().mapToLong(ModelFile::length).sum();
    }

    /**
     * Returns what a file holds; for those that fit into memory.
     *
     * @return the bytes, which are not to be changed
     * @throws UncheckedIOException if the file is kept elsewhere and cannot be read, or was changed there
     */
    public byte[] bytes(String path) {
        ModelFile file = file(path);
        if (file.contents() instanceof MemoryContents memory) {
            return memory.bytes();
        }
        try (InputStream in = file.contents().open()) {
            if (file.length() > LONGEST_ARRAY) {
                throw new IOException(
                        "expected %s to be shorter than 2 GiB, found %d bytes".formatted(path, file.length()));
            }
            byte[] bytes = new byte[(int) file.length()];
            int read = in.readNBytes(bytes, 0, bytes.length);
            byte[] sha256 = ModelFile.newSha256().digest(bytes);
            if (read < bytes.length || !Arrays.equals(sha256, file.sha256())) {
                throw new IOException("expected %s of SHA-256 %s, found %s"
                        .formatted(
                                path,
                                HexFormat.of().formatHex(file.sha256()),
                                HexFormat.of().formatHex(sha256)));
            }
            return bytes;
        } catch (IOException e) {
            throw new UncheckedIOException(PrivateDirectory.describe(e), e);
        }
    }

    /** Returns where the contents of a file are. */
    public FileContents contents(String path) {
        return file(path).contents();
    }

    /** Opens a file, for the caller to close. */
    public InputStream open(String path) throws IOException {
        return file(path).contents().open();
    }

    /** Returns the SHA-256 of a file, in hexadecimal. */
    public String sha256(String path) {
        return HexFormat.of().formatHex(file(path).sha256());
    }

    /**
     * Writes what a file holds to a stream, which stays the caller's to close; it is not held in memory for that.
     *
     * @throws IOException if the file is kept elsewhere and cannot be read, or was changed there
     */
    public void copyTo(String path, OutputStream out) throws IOException {
        ModelFile file = file(path);
        MessageDigest digest = ModelFile.newSha256();
        byte[] buffer = new byte[(int) Math.min(Math.max(1, file.length()), ModelFile.BUFFER)];
        try (InputStream in = file.contents().open()) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
                out.write(buffer, 0, n);
            }
        }
        byte[] sha256 = digest.digest();
        if (!Arrays.equals(sha256, file.sha256())) {
            throw new ModelFileException(
                    "expected file '%s' of SHA-256 %s, found %s, so it was changed meanwhile. Run it again; if it fails again on this machine, check its disk and memory"
                            .formatted(path, sha256(path), HexFormat.of().formatHex(sha256)));
        }
    }

    /** Returns the SHA-256, in hexadecimal, over the sorted paths, lengths and SHA-256 of the files. */
    public String digest() {
        return digest;
    }

    /**
     * Writes the files below a directory; those in the private directory are linked where the file system can.
     *
     * @param directory one that exists and is private to this process; what comes of it is only to be read
     */
    public void writeTo(Path directory) throws IOException {
        for (var file : files.entrySet()) {
            Path target = directory.resolve(file.getKey()).normalize();
            if (!target.startsWith(directory) || target.equals(directory)) {
                throw new IOException("expected a path inside of the model, found '%s'".formatted(file.getKey()));
            }
            Path parent = target.getParent();
            if (parent != null) {
                Files.createDirectories(parent);
            }
            file.getValue().contents().writeTo(target);
        }
    }

    /** Returns whether a file below a directory is still what this one of the same path is. */
    public boolean isIn(Path directory, String path) throws IOException {
        try (InputStream in = Files.newInputStream(directory.resolve(path), LinkOption.NOFOLLOW_LINKS)) {
            return Arrays.equals(ModelFile.sha256Of(in), file(path).sha256());
        }
    }

    /** Returns the {@link #digest} of the files that are below a directory. */
    public static String digestOf(Path directory) throws IOException {
        List<Path> paths;
        try (Stream<Path> walk = Files.walk(directory)) {
            paths = walk.filter(path -> Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS))
                    .toList();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        SortedMap<String, ModelFile> files = new TreeMap<>();
        for (Path path : paths) {
            try (InputStream in = Files.newInputStream(path, LinkOption.NOFOLLOW_LINKS)) {
                files.put(
                        directory.relativize(path).toString().replace('\\', '/'),
                        new ModelFile(Files.size(path), ModelFile.sha256Of(in), new MemoryContents(new byte[0])));
            }
        }
        return digestOf(files);
    }

    private ModelFile file(String path) {
        ModelFile file = files.get(path);
        if (file == null) {
            throw new IllegalArgumentException("Cannot read '%s': the files are %s".formatted(path, files.keySet()));
        }
        return file;
    }

    private static String digestOf(SortedMap<String, ModelFile> files) {
        MessageDigest all = ModelFile.newSha256();
        files.forEach((path, file) -> {
            all.update(path.getBytes(StandardCharsets.UTF_8));
            all.update((byte) 0);
            all.update(Long.toString(file.length()).getBytes(StandardCharsets.UTF_8));
            all.update((byte) 0);
            all.update(file.sha256());
        });
        return HexFormat.of().formatHex(all.digest());
    }

    private Object writeReplace() {
        return new ModelFilesProxy(files);
    }

    private void readObject(ObjectInputStream in) throws InvalidObjectException {
        throw new InvalidObjectException("Files are read through their proxy");
    }
}
