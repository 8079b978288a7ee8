package io.tensorbridge.tensor;

import io.tensorbridge.model.internal.OwnerOnly;
import io.tensorbridge.model.internal.PrivateDirectory;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where TensorFlow's natives are unpacked: a directory to which nobody but this user can write.
 *
 * <p>JavaCPP takes what it finds in its cache for what it has unpacked there, if length and time are right; and where it
 * cannot write to its user's home it falls back on a name in the temporary directory that anybody may have taken before.
 */
final class NativeCache {

    static final String SETTING = "org.bytedeco.javacpp.cachedir";

    private static final Logger LOG = LoggerFactory.getLogger(NativeCache.class);
    private static final String LARGEST = "tensorflow_cc"; // of the libraries, and the last to be unpacked

    private NativeCache() {}

    /**
     * Returns where to unpack: the directory that was set, else JavaCPP's in the user's home, else one of this process.
     *
     * @param set the directory that the user has set, or null
     * @param home the user's home
     * @param spaceNeeded how many bytes must be free where nothing has been unpacked yet
     * @throws IOException if there is no such directory, or too little room in it
     */
    static Path choose(@Nullable Path set, Path home, long spaceNeeded) throws IOException {
        Path cache = set == null ? homeOrPrivate(home) : usable(set);
        if (!isUnpacked(cache)) {
            long free = Files.getFileStore(cache).getUsableSpace();
            if (free < spaceNeeded) {
                throw new IOException(
                        "expected %d MB free in %s, to unpack TensorFlow's natives, found %d MB. Free some, or name another directory with -D%s"
                                .formatted(spaceNeeded >> 20, cache, free >> 20, SETTING));
            }
        }
        return cache;
    }

    /** JavaCPP would fall back on another directory without a word. */
    private static Path usable(Path set) throws IOException {
        try {
            Files.createDirectories(set);
        } catch (IOException e) {
            throw new IOException(
                    "expected a directory that can be made where TensorFlow's natives are to be unpacked, found %s (%s). Name another with -D%s"
                            .formatted(set, e, SETTING),
                    e);
        }
        if (!Files.isWritable(set) || !Files.isReadable(set) || !Files.isExecutable(set)) {
            throw new IOException(
                    "expected a directory that can be read and written where TensorFlow's natives are to be unpacked, found %s. Name another with -D%s"
                            .formatted(set, SETTING));
        }
        return set;
    }

    private static Path homeOrPrivate(Path home) throws IOException {
        Path users = home.resolve(".javacpp");
        Path cache = users.resolve("cache");
        String objection;
        try {
            create(users);
            create(cache);
            objection = objection(users, cache);
        } catch (IOException e) {
            objection = e.toString();
        }
        if (objection == null) {
            return cache;
        }
        Path made = PrivateDirectory.ofThisProcess().newDirectory();
        LOG.warn(
                "Unpacking TensorFlow's natives to {} for this process alone, which takes its time and 700 MB: {} is not to be trusted ({}). Mend it, or name another directory with -D{}",
                made,
                cache,
                objection,
                SETTING);
        return made;
    }

    private static @Nullable String objection(Path users, Path cache) throws IOException {
        Path own = Files.createTempFile(cache, "tensorbridge-", ".probe");
        try {
            for (Path directory : List.of(users, cache)) {
                String found = OwnerOnly.objection(directory, own);
                if (found != null) {
                    return "expected %s to be a directory of this user alone, found %s".formatted(directory, found);
                }
            }
            return null;
        } finally {
            Files.delete(own);
        }
    }

    private static void create(Path directory) throws IOException {
        if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
            try {
                OwnerOnly.create(directory);
            } catch (FileAlreadyExistsException e) {
                LOG.debug("Another process has made {} at the same time", directory, e);
            }
        }
    }

    private static boolean isUnpacked(Path cache) throws IOException {
        boolean[] found = {false};
        Files.walkFileTree(cache, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                found[0] |= String.valueOf(file.getFileName()).contains(LARGEST);
                return found[0] ? FileVisitResult.TERMINATE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException failure) {
                return FileVisitResult.CONTINUE; // other processes make and remove files here at the same time
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure) {
                return FileVisitResult.CONTINUE;
            }
        });
        return found[0];
    }
}
