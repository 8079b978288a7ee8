package io.tensorbridge.train;

import io.tensorbridge.internal.hadoop.HadoopPlace;
import io.tensorbridge.model.internal.OwnerOnly;
import io.tensorbridge.model.internal.PrivateDirectory;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoints of a training, in a directory of any file system of Hadoop's: {@code checkpoint-<step>}, the last two of them.
 * Travels to executors; one task at a time writes, any may read.
 */
final class CheckpointStore implements Serializable {

    /*
     * A checkpoint is written beside its place and moved there. Where that is done file by file, as object stores do it, one that
     * broke off lacks a file; so each has a list of its files, and is whole if they are all there.
     */
    private static final String ON_ITS_WAY = "_tensorbridge-checkpoint-";

    private static final Pattern NAME = Pattern.compile("checkpoint-(\\d{1,18})");
    private static final int KEPT = 2;
    private static final long serialVersionUID = 1;
    private static final Logger LOG = LoggerFactory.getLogger(CheckpointStore.class);

    private final String uri;
    private final SerializableConfiguration conf;

    private CheckpointStore(String uri, SerializableConfiguration conf) {
        this.uri = uri;
        this.conf = conf;
    }

    /**
     * Returns the checkpoints at a URI, which is looked at when they are used.
     *
     * @throws IllegalArgumentException if that is no URI, or Hadoop has no file system for its scheme
     */
    static CheckpointStore at(String uri, Configuration conf) {
        var store = new CheckpointStore(uri, new SerializableConfiguration(conf));
        store.place();
        return store;
    }

    private HadoopPlace place() {
        return HadoopPlace.at(conf.value(), "Cannot keep checkpoints at", uri);
    }

    /** Returns the URI as it may be shown. */
    String location() {
        return place().location();
    }

    /**
     * Makes the directory, and sees that files can be written there.
     *
     * @throws IllegalArgumentException if they cannot
     */
    void prepare() {
        HadoopPlace place = place();
        Path probe = new Path(place.path(), ON_ITS_WAY + UUID.randomUUID());
        try {
            place.hadoop(() -> {
                FileSystem fileSystem = place.fileSystem();
                fileSystem.mkdirs(place.path());
                fileSystem.create(probe, /* overwrite= */ false).close();
                return fileSystem.delete(probe, /* recursive= */ false);
            });
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "Cannot keep checkpoints at '%s': expected a directory that can be written, found none (%s). Let Spark's user write there, or name another one with checkpoints(…)"
                            .formatted(place.location(), PrivateDirectory.describe(e)),
                    e);
        }
    }

    /**
     * Copies a checkpoint here, and removes all but the last two.
     *
     * @param localDirectory its files, on this machine's disk; without directories
     * @param step how many steps had been taken
     * @throws IOException if that fails; then there is no such checkpoint
     */
    void save(java.nio.file.Path localDirectory, long step) throws IOException {
        HadoopPlace place = place();
        FileSystem fileSystem = place.fileSystem();
        String name = "checkpoint-" + step;
        Path written = new Path(place.path(), ON_ITS_WAY + UUID.randomUUID());
        try {
            place.hadoop(() -> {
                write(localDirectory, fileSystem, written);
                Path target = new Path(place.path(), name);
                fileSystem.delete(target, /* recursive= */ true); // the same step before a restart
                if (!fileSystem.rename(written, target)) {
                    throw new IOException("the directory that holds its files cannot be moved there");
                }
                return target;
            });
        } catch (IOException e) {
            remove(place, written);
            throw new IOException(
                    "Cannot write checkpoint '%s/%s' (%s). Mend the directory, or name another one with checkpoints(…)"
                            .formatted(place.location(), name, PrivateDirectory.describe(e)),
                    e);
        }
        prune(place);
    }

    private static void write(java.nio.file.Path from, FileSystem fileSystem, Path to) throws IOException {
        var list = new CheckpointList();
        List<java.nio.file.Path> files;
        try (Stream<java.nio.file.Path> all = Files.list(from)) {
            files = all.sorted().toList();
        }
        for (java.nio.file.Path file : files) {
            String name = file.getFileName().toString();
            var crc = new CRC32C();
            try (InputStream in = new CheckedInputStream(Files.newInputStream(file), crc);
                    OutputStream out = fileSystem.create(new Path(to, name), /* overwrite= */ false)) {
                list.add(name, in.transferTo(out), crc.getValue());
            }
        }
        try (OutputStream out = fileSystem.create(new Path(to, CheckpointList.NAME), /* overwrite= */ false)) {
            out.write(list.encode().getBytes(StandardCharsets.UTF_8));
        }
    }

    /** Removes what is not needed any more, or never was whole. */
    private void prune(HadoopPlace place) {
        try {
            int kept = 0;
            for (FileStatus each : list(place)) {
                String name = each.getPath().getName();
                if (name.startsWith(ON_ITS_WAY) || (isCheckpoint(each) && (kept == KEPT || !isWhole(place, name)))) {
                    remove(place, each.getPath());
                } else if (isCheckpoint(each)) {
                    kept++;
                }
            }
        } catch (IOException | TrainingException e) { // they are in nobody's way
            LOG.warn("Cannot remove old checkpoints at {}", place.location(), e);
        }
    }

    private static void remove(HadoopPlace place, Path path) {
        try {
            place.hadoop(() -> place.fileSystem().delete(path, /* recursive= */ true));
        } catch (IOException e) { // it is in nobody's way
            LOG.warn("Cannot remove {} at {}", path.getName(), place.location(), e);
        }
    }

    /** Returns what is there, the checkpoint of the most steps first. */
    private static List<FileStatus> list(HadoopPlace place) throws IOException {
        try {
            return place.hadoop(() -> Stream.of(place.fileSystem().listStatus(place.path()))
                    .sorted(Comparator.comparingLong(
                                    (FileStatus each) -> stepOf(each.getPath().getName()))
                            .reversed())
                    .toList());
        } catch (NoSuchFileException e) { // nothing was written there yet
            return List.of();
        }
    }

    private static boolean isCheckpoint(FileStatus status) {
        return status.isDirectory() && stepOf(status.getPath().getName()) >= 0;
    }

    private static long stepOf(String name) {
        Matcher matcher = NAME.matcher(name);
        return matcher.matches() ? Long.parseLong(matcher.group(1)) : -1;
    }

    /**
     * Returns the name of the newest checkpoint that is whole; nothing if there is none.
     *
     * @throws TrainingException if one is not as it was written
     * @throws IOException if the directory cannot be read
     */
    Optional<String> newest() throws IOException {
        HadoopPlace place = place();
        try {
            for (FileStatus each : list(place)) {
                String name = each.getPath().getName();
                if (isCheckpoint(each) && isWhole(place, name)) {
                    return Optional.of(name);
                }
            }
            return Optional.empty();
        } catch (IOException e) {
            throw unreadable(place, e);
        }
    }

    private static boolean isWhole(HadoopPlace place, String name) throws IOException {
        Path directory = new Path(place.path(), name);
        Set<String> files = new HashSet<>();
        for (FileStatus file : place.hadoop(() -> place.fileSystem().listStatus(directory))) {
            files.add(file.getPath().getName());
        }
        boolean whole = files.contains(CheckpointList.NAME)
                && files.containsAll(filesOf(place, name).names());
        if (!whole) {
            LOG.warn("Pass over {} at {}, whose writing broke off", name, place.location());
        }
        return whole;
    }

    private static CheckpointList filesOf(HadoopPlace place, String name) throws IOException {
        Path file = new Path(new Path(place.path(), name), CheckpointList.NAME);
        try {
            return CheckpointList.decode(place.hadoop(() -> {
                try (InputStream in = place.fileSystem().open(file)) {
                    return new String(in.readNBytes(CheckpointList.LONGEST), StandardCharsets.UTF_8);
                } catch (ChecksumException e) {
                    return ""; // which is no list
                }
            }));
        } catch (IllegalArgumentException e) {
            throw changed(place, name, CheckpointList.NAME);
        }
    }

    /**
     * Copies a checkpoint to this machine's disk, and checks that it is as it was written.
     *
     * @param name one that {@link #newest()} gave
     * @param localDirectory is made if it is not there; what it holds after a failure is of no use
     * @throws TrainingException if the checkpoint is not as it was written
     * @throws IOException if it cannot be read
     */
    void fetch(String name, java.nio.file.Path localDirectory) throws IOException {
        if (stepOf(name) < 0) {
            throw new IllegalArgumentException(
                    "Invalid checkpoint: expected a name such as 'checkpoint-100', found '%s'".formatted(name));
        }
        HadoopPlace place = place();
        if (!Files.isDirectory(localDirectory)) {
            OwnerOnly.create(localDirectory);
        }
        try {
            for (CheckpointList.Entry file : filesOf(place, name).entries()) {
                if (!isFetched(place, name, file, localDirectory)) {
                    throw changed(place, name, file.name());
                }
            }
        } catch (IOException e) {
            throw unreadable(place, e);
        }
    }

    private static boolean isFetched(
            HadoopPlace place, String name, CheckpointList.Entry file, java.nio.file.Path directory)
            throws IOException {
        Path from = new Path(new Path(place.path(), name), file.name());
        var crc = new CRC32C();
        return place.hadoop(() -> {
            try (InputStream in = new CheckedInputStream(place.fileSystem().open(from), crc);
                    OutputStream out = Files.newOutputStream(directory.resolve(file.name()))) {
                return in.transferTo(out) == file.length() && crc.getValue() == file.crc();
            } catch (ChecksumException | FileNotFoundException e) {
                LOG.debug("{} is not as it was written", from.getName(), e);
                return false;
            }
        });
    }

    private static TrainingException changed(HadoopPlace place, String name, String file) {
        return new TrainingException(
                "Cannot go on from checkpoint '%s/%s': expected file '%s' to be as it was written, found that it is not. Remove the checkpoint to go on from the one before, or name another directory with checkpoints(…)"
                        .formatted(place.location(), name, file));
    }

    private static IOException unreadable(HadoopPlace place, IOException e) {
        return new IOException(
                "Cannot read the checkpoints at '%s' (%s). Mend the directory, or name another one with checkpoints(…)"
                        .formatted(place.location(), PrivateDirectory.describe(e)),
                e);
    }
}
