package io.tensorbridge;

import io.tensorbridge.model.internal.PrivateDirectory;
import io.tensorbridge.model.internal.ZipFolder;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.Cleaner;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A zip archive that was copied to this machine; the copy goes when nobody holds this any more. */
final class CopiedArchive {

    private static final Logger LOG = LoggerFactory.getLogger(CopiedArchive.class);
    private static final Cleaner CLEANER = Cleaner.create();

    private final ZipFolder files;

    private CopiedArchive(Path copy, String location) {
        this.files = ZipFolder.copiedFrom(location, copy);
        CLEANER.register(this, () -> remove(copy));
    }

    /**
     * Copies an archive to the private directory of this process.
     *
     * @param in the archive, which stays the caller's to close
     * @param location where it came from, for messages
     */
    static CopiedArchive of(InputStream in, String location) throws IOException {
        Path copy = PrivateDirectory.ofThisProcess().newPath();
        try {
            Files.copy(in, copy);
        } catch (IOException e) {
            remove(copy);
            throw e;
        }
        return new CopiedArchive(copy, location);
    }

    /** Returns the files in it; only while this object is held. */
    ZipFolder files() {
        return files;
    }

    private static void remove(Path copy) {
        try {
            Files.deleteIfExists(copy);
        } catch (IOException e) { // it goes with its directory
            LOG.debug("Cannot remove {}", copy, e);
        }
    }
}
