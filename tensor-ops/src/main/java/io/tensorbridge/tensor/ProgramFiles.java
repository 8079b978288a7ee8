package io.tensorbridge.tensor;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The files a program is made of, by relative path with {@code /} between names, and what identifies them. */
final class ProgramFiles {

    static final String GRAPH = "graph.pb";
    static final String SAVED_MODEL = "saved_model.pb";
    static final String VARIABLES_INDEX = "variables/variables.index";

    private final SortedMap<String, byte[]> contents;
    private final SortedMap<String, byte[]> digests;
    private final String digest;

    ProgramFiles(SortedMap<String, byte[]> contents) {
        this(contents, Map.of());
    }

    /** Trusts the digests of files that are known already: those of a large model take their time. */
    private ProgramFiles(SortedMap<String, byte[]> contents, Map<String, byte[]> known) {
        this.contents = contents;
        this.digests = new TreeMap<>(known);
        contents.forEach((path, content) -> digests.computeIfAbsent(path, any -> sha256().digest(content)));
        this.digest = digestOf(contents, digests);
    }

    static ProgramFiles ofGraph(byte[] graphDef) {
        return new ProgramFiles(new TreeMap<>(Map.of(GRAPH, graphDef)));
    }

    /** Returns these files, one of them with other contents. */
    ProgramFiles with(String path, byte[] content) {
        SortedMap<String, byte[]> changed = new TreeMap<>(contents);
        changed.put(path, content);
        Map<String, byte[]> known = new TreeMap<>(digests);
        known.remove(path);
        return new ProgramFiles(changed, known);
    }

    /** Reads every regular file below a directory; links are not followed. */
    static ProgramFiles read(Path directory) {
        SortedMap<String, byte[]> contents = new TreeMap<>();
        try (Stream<Path> paths = Files.walk(directory)) {
            for (Path file :
                    (Iterable<Path>) paths.filter(p -> Files.isRegularFile(p, LinkOption.NOFOLLOW_LINKS))::iterator) {
                String name = directory.relativize(file).toString().replace('\\', '/');
                contents.put(name, Files.readAllBytes(file));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new ProgramFiles(contents);
    }

    SortedMap<String, byte[]> contents() {
        return contents;
    }

    /** Returns the SHA-256, in hexadecimal, over the sorted paths, lengths and SHA-256 of the files. */
    String digest() {
        return digest;
    }

    /** Writes the files below a directory, which exists and is private to this process. */
    void writeTo(Path directory) throws IOException {
        for (var file : contents.entrySet()) {
            Path target = directory.resolve(file.getKey()).normalize();
            if (!target.startsWith(directory)) {
                throw new IOException("File outside of the model's directory: " + file.getKey());
            }
            Path parent = target.getParent();
            if (parent != null) {
                Files.createDirectories(parent);
            }
            Files.write(target, file.getValue());
        }
    }

    private static String digestOf(SortedMap<String, byte[]> contents, SortedMap<String, byte[]> digests) {
        MessageDigest all = sha256();
        contents.forEach((path, content) -> {
            all.update(path.getBytes(StandardCharsets.UTF_8));
            all.update((byte) 0);
            all.update(Integer.toString(content.length).getBytes(StandardCharsets.UTF_8));
            all.update((byte) 0);
            all.update(requireNonNull(digests.get(path)));
        });
        return HexFormat.of().formatHex(all.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("Every Java platform has SHA-256", e);
        }
    }
}
