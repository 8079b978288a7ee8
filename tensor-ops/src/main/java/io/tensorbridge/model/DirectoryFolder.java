package io.tensorbridge.model;

import io.tensorbridge.model.internal.ModelFileException;
import io.tensorbridge.model.internal.ModelLimits;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A model in a directory of this machine, or one file of it.
 *
 * <p>Links below the directory are refused rather than followed, since they lead out of it. Safe for use by several threads.
 */
final class DirectoryFolder implements ModelFolder {

    private final Path root;

    DirectoryFolder(Path root) {
        this.root = root;
    }

    @Override
    public String location() {
        return root.toString();
    }

    @Override
    public SortedMap<String, Long> list() throws IOException {
        SortedMap<String, Long> lengths = new TreeMap<>();
        if (Files.isRegularFile(root)) {
            lengths.put(nameOf(root), Files.size(root));
            return lengths;
        }
        Path directory = root.toRealPath(); // the directory itself may be a link: it is what was asked for
        Files.walkFileTree(directory, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                String path = directory.relativize(file).toString().replace('\\', '/');
                if (!attributes.isRegularFile()) {
                    throw new ModelFileException(
                            "expected files alone at '%s', found '%s' to be %s. Copy the files themselves"
                                    .formatted(
                                            root, path, attributes.isSymbolicLink() ? "a link" : "a device or a pipe"));
                }
                lengths.put(path, attributes.size());
                if (lengths.size() > ModelLimits.FILES) {
                    throw new ModelFileException(
                            "expected a model of at most %d files at '%s', found more. Mend the path"
                                    .formatted(ModelLimits.FILES, root));
                }
                return FileVisitResult.CONTINUE;
            }
        });
        return lengths;
    }

    @Override
    public InputStream open(String path) throws IOException {
        if (Files.isRegularFile(root)) {
            if (!path.equals(nameOf(root))) {
                throw new NoSuchFileException(path);
            }
            return Files.newInputStream(root);
        }
        Path directory = root.toRealPath();
        Path file = directory.resolve(path).normalize();
        if (!file.startsWith(directory)) {
            throw new NoSuchFileException(path);
        }
        return Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS);
    }

    private static String nameOf(Path file) {
        Path name = file.toAbsolutePath().getFileName();
        return name == null ? "model" : name.toString();
    }
}
