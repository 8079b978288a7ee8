package io.tensorbridge.model.internal;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Contents in a file of this process's private directory, which goes when nobody holds them. */
final class SpooledContents implements FileContents {

    private static final Logger LOG = LoggerFactory.getLogger(SpooledContents.class);
    private static final Cleaner CLEANER = Cleaner.create();

    private final Path file;
    private final long length;

    private SpooledContents(Path file, long length) {
        this.file = file;
        this.length = length;
        CLEANER.register(this, () -> remove(file));
    }

    /**
     * Copies what a stream holds.
     *
     * @param begin what was read off it already
     * @param rest the rest, which stays the caller's to close
     * @param digest is updated with all of it
     */
    static SpooledContents copyOf(byte[] begin, InputStream rest, MessageDigest digest) throws IOException {
        Path file = PrivateDirectory.ofThisProcess().newPath();
        long length = begin.length;
        boolean done = false;
        try (OutputStream out = Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            digest.update(begin);
            out.write(begin);
            byte[] buffer = new byte[ModelFile.BUFFER];
            for (int n = rest.read(buffer); n >= 0; n = rest.read(buffer)) {
                digest.update(buffer, 0, n);
                out.write(buffer, 0, n);
                length += n;
            }
            done = true;
        } finally {
            if (!done) {
                remove(file);
            }
        }
        return new SpooledContents(file, length);
    }

    long length() {
        return length;
    }

    @Override
    public InputStream open() throws IOException {
        try {
            return Files.newInputStream(file);
        } finally {
            Reference.reachabilityFence(this); // what is open can be read, even if the file goes
        }
    }

    /** Links the file where that can be done, since it is written by nobody any more; else copies it. */
    @Override
    public void writeTo(Path target) throws IOException {
        try {
            Files.createLink(target, file);
        } catch (UnsupportedOperationException | java.nio.file.FileSystemException e) {
            LOG.debug("Cannot link {} to {}, so it is copied", file, target, e);
            Files.copy(file, target);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    private static void remove(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) { // it goes with its directory
            LOG.debug("Cannot remove {}", file, e);
        }
    }
}
