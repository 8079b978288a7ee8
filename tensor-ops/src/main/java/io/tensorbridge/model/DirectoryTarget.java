package io.tensorbridge.model;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A directory of this machine to write to; files that are there already stay as they are. */
final class DirectoryTarget implements ModelTarget {

    private final Path root;

    DirectoryTarget(Path root) {
        this.root = root;
    }

    @Override
    public String location() {
        return root.toString();
    }

    @Override
    public OutputStream create(String path) throws IOException {
        Path file = root.resolve(path).normalize();
        Path parent = file.getParent();
        if (!file.startsWith(root.normalize()) || parent == null) {
            throw new NoSuchFileException(path);
        }
        Files.createDirectories(parent);
        return Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }
}
