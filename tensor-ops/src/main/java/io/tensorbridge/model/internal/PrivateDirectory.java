package io.tensorbridge.model.internal;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A directory of this process, which nobody else may enter, for files that shall not outlive it.
 *
 * <p>It is made on first use and removed when the process ends. A process that is killed leaves its directory behind; the
 * next process of the same user sweeps it. Safe for use by several threads.
 */
public final class PrivateDirectory {

    /*
     * <base>/tensorbridge-<user>/<process>-<random>/lock
     *
     * A process holds the lock of its directory as long as it lives, so that a directory whose lock can be taken is one of
     * a dead process. Between making a directory and locking it, the user's lock is held, and so it is while sweeping.
     */
    private static final String LOCK = "lock";
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(60);
    private static final Logger LOG = LoggerFactory.getLogger(PrivateDirectory.class);

    private static Place place = new Place(Path.of(System.getProperty("java.io.tmpdir")), "java.io.tmpdir");
    private static @Nullable PrivateDirectory instance;

    private final Path path;
    private final FileChannel lock; // open, and so locked, as long as the process lives
    private final AtomicLong names = new AtomicLong();

    private PrivateDirectory(Path path, FileChannel lock) {
        this.path = path;
        this.lock = lock;
    }

    /**
     * Where the directory is to be.
     *
     * @param base the directory to make it in
     * @param setting which setting names the base, for messages
     */
    private record Place(Path base, String setting) {}

    /**
     * Says where this process's directory is to be made; without effect once it is made.
     *
     * @param base the directory to make it in
     * @param setting which setting names the base, for messages
     */
    public static synchronized void placeBelow(Path base, String setting) {
        place = new Place(base, setting);
    }

    /** Returns where this process's directory is or would be, and which setting says so, for messages. */
    public static synchronized String cure() {
        return "Mend %s, or name another directory with %s".formatted(place.base(), place.setting());
    }

    /**
     * Returns the directory of this process, made now or before.
     *
     * @throws IOException if it cannot be made, or somebody else may write where it is to be
     */
    public static synchronized PrivateDirectory ofThisProcess() throws IOException {
        PrivateDirectory known = instance;
        if (known == null || !Files.isDirectory(known.path)) { // something that tidies up may have removed it
            known = below(place.base(), place.setting());
            instance = known;
            Runtime.getRuntime().addShutdownHook(new Thread(known::remove, "tensorbridge-private-directory"));
        }
        return known;
    }

    /** Makes a directory for this process below a base, and sweeps those of dead processes there. */
    static PrivateDirectory below(Path base, String setting) throws IOException {
        try {
            Files.createDirectories(base);
            Path users = base.resolve("tensorbridge-" + userName());
            if (!Files.exists(users, LinkOption.NOFOLLOW_LINKS)) {
                try {
                    OwnerOnly.create(users);
                } catch (java.nio.file.FileAlreadyExistsException e) {
                    LOG.debug("Another process has made {} at the same time", users, e);
                }
            }
            checkOwner(users, base);
            try (FileChannel gate = openLock(users.resolve(LOCK))) {
                take(gate); // and give it back with the channel
                sweep(users);
                Path path = users.resolve(processPrefix() + UUID.randomUUID());
                OwnerOnly.create(path);
                return new PrivateDirectory(path, locked(path.resolve(LOCK)));
            }
        } catch (IOException e) {
            throw new IOException(
                    "Cannot make a private directory in %s (%s). Mend it, or name another directory with %s"
                            .formatted(base, describe(e), setting),
                    e);
        }
    }

    /** Returns the path. */
    public Path path() {
        return path;
    }

    /** Makes a directory in this one. */
    public Path newDirectory() throws IOException {
        Path made = newPath();
        OwnerOnly.create(made);
        return made;
    }

    /** Returns a path in this directory that nothing has yet. */
    public Path newPath() {
        return path.resolve(Long.toString(names.getAndIncrement()));
    }

    /** Removes the directory and all that is in it; it is of no use afterwards. */
    void remove() {
        try {
            delete(path);
            lock.close();
        } catch (IOException e) { // there is nobody left to tell, and the next process sweeps it
            LOG.warn("Cannot remove {}", path, e);
        }
    }

    /** Deletes a directory with all that is in it, or a file; links are not followed. */
    public static void delete(Path tree) throws IOException {
        try {
            Files.walkFileTree(tree, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.deleteIfExists(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
                    if (failure instanceof NoSuchFileException) { // somebody was quicker
                        return FileVisitResult.CONTINUE;
                    }
                    throw failure;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failure)
                        throws IOException {
                    if (failure != null) {
                        throw failure;
                    }
                    Files.deleteIfExists(visited);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (NoSuchFileException e) {
            LOG.debug("Somebody else has removed {}", tree, e);
        }
    }

    /** Returns what an exception of the file system says; some say nothing but a path. */
    public static String describe(IOException e) {
        return e.getClass() == IOException.class ? String.valueOf(e.getMessage()) : e.toString();
    }

    private static void checkOwner(Path users, Path base) throws IOException {
        Path own = Files.createTempFile(base, "tensorbridge-", ".probe");
        try {
            String objection = OwnerOnly.objection(users, own);
            if (objection != null) {
                throw new IOException(
                        "expected %s to be a directory of this user alone, found %s".formatted(users, objection));
            }
        } finally {
            Files.delete(own);
        }
    }

    private static void sweep(Path users) throws IOException {
        try (DirectoryStream<Path> siblings = Files.newDirectoryStream(users)) {
            for (Path sibling : siblings) {
                // a lock that this process holds would be lost if it were opened a second time
                if (Files.isDirectory(sibling, LinkOption.NOFOLLOW_LINKS)
                        && !sibling.getFileName().toString().startsWith(processPrefix())) {
                    sweepIfDead(sibling);
                }
            }
        }
    }

    private static void sweepIfDead(Path sibling) {
        // not created: one that is missing may be that of a living process, if something has tidied up
        try (FileChannel channel =
                        FileChannel.open(sibling.resolve(LOCK), StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
                FileLock lock = channel.tryLock()) {
            if (lock != null) {
                delete(sibling);
            }
        } catch (NoSuchFileException e) {
            LOG.debug("Leave {}, which has no lock", sibling, e);
        } catch (IOException e) { // it is not in our way
            LOG.warn("Cannot sweep {}, which a process that is dead has left", sibling, e);
        }
    }

    private static FileChannel openLock(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
    }

    /** Returns a channel whose lock this process has as long as it is open. */
    private static FileChannel locked(Path file) throws IOException {
        FileChannel channel = openLock(file);
        try {
            take(channel);
            return channel;
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /** Takes a lock, which may be held by another process or by another class loader of this one. */
    private static void take(FileChannel channel) throws IOException {
        long end = System.nanoTime() + PATIENCE;
        while (true) {
            try {
                if (channel.tryLock() != null) {
                    return;
                }
            } catch (OverlappingFileLockException e) {
                LOG.debug("Another class loader of this process has the lock", e);
            }
            if (System.nanoTime() > end) {
                throw new IOException("another process has held the lock for 60 s");
            }
            try {
                Thread.sleep(5);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while another process held the lock", e);
            }
        }
    }

    private static String processPrefix() {
        ProcessHandle process = ProcessHandle.current();
        return "%d-%d-"
                .formatted(
                        process.pid(),
                        process.info().startInstant().orElse(Instant.EPOCH).toEpochMilli());
    }

    private static String userName() {
        return System.getProperty("user.name", "").replaceAll("[^A-Za-z0-9._-]", "_");
    }
}
