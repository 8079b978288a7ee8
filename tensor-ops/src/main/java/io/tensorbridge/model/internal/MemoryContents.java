package io.tensorbridge.model.internal;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Contents in memory. */
final class MemoryContents implements FileContents {

    private final byte[] bytes;

    /** Takes the bytes as they are; they are not to be changed from now on. */
    MemoryContents(byte[] bytes) {
        this.bytes = bytes;
    }

    /** Returns the bytes, which are not to be changed. */
    byte[] bytes() {
        return bytes;
    }

    @Override
    public InputStream open() {
        return new ByteArrayInputStream(bytes);
    }

    @Override
    public void writeTo(Path target) throws IOException {
        Files.write(target, bytes);
    }
}
