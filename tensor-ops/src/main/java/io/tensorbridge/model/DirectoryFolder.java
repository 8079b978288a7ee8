package io.tensorbridge.model;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/** A directory of this machine; links in it are no files of the model. */
record DirectoryFolder(Path directory) implements ModelFolder {

    @Override
    public String location() {
        return directory.toString();
    }

    @Override
    public SortedMap<String, Long> list() throws IOException {
        SortedMap<String, Long> files = new TreeMap<>();
        try (Stream<Path> paths = Files.walk(directory)) {
            for (Path file :
                    (Iterable<Path>) paths.filter(p -> Files.isRegularFile(p, LinkOption.NOFOLLOW_LINKS))::iterator) {
                files.put(directory.relativize(file).toString().replace('\\', '/'), Files.size(file));
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        return files;
    }

    @Override
    public InputStream open(String path) throws IOException {
        return Files.newInputStream(directory.resolve(path), LinkOption.NOFOLLOW_LINKS);
    }
}
