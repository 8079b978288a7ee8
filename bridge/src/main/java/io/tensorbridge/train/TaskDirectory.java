package io.tensorbridge.train;

import io.tensorbridge.model.internal.OwnerOnly;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.spark.SparkEnv;
import org.apache.spark.util.Utils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A directory of a task's own, on the executor's local disk, which closing removes. */
final class TaskDirectory implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(TaskDirectory.class);

    static final String PREFIX = "tensorbridge-training-";

    private final Path path;

    private TaskDirectory(Path path) {
        this.path = path;
    }

    static TaskDirectory create() throws IOException {
        Path local = Path.of(Utils.getLocalDir(SparkEnv.get().conf()));
        Path path = local.resolve(PREFIX + UUID.randomUUID());
        OwnerOnly.create(path);
        return new TaskDirectory(path);
    }

    Path path() {
        return path;
    }

    @Override
    public void close() {
        try {
            delete(path);
        } catch (IOException | UncheckedIOException e) {
            LOG.warn("Cannot remove the directory {}, which is of no use any more", path, e);
        }
    }

    static void delete(Path directory) throws IOException {
        List<Path> deepestFirst;
        try (Stream<Path> all = Files.walk(directory)) {
            deepestFirst = all.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : deepestFirst) {
            Files.deleteIfExists(file);
        }
    }
}
