package io.tensorbridge.train;

import static java.util.Objects.requireNonNull;

import io.tensorbridge.train.worker.Checkpoint;
import io.tensorbridge.train.worker.TrainingSettings;
import io.tensorbridge.train.worker.WorkerEvent;
import io.tensorbridge.train.worker.WorkerEvent.Failed;
import io.tensorbridge.train.worker.WorkerEvent.Finished;
import io.tensorbridge.train.worker.WorkerProcess;
import io.tensorbridge.train.worker.WorkerTask;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskKilledException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Tuple2;

/**
 * A task of the barrier stage: puts its rows on its disk, finds the others, and watches over a worker in a process of its own, which
 * does not outlive it.
 */
final class BarrierTask {

    private static final Duration START = Duration.ofMinutes(2);
    private static final Duration END = Duration.ofMinutes(30); // the first one may still copy a checkpoint
    private static final Duration MARGIN = Duration.ofSeconds(3);

    private static final int LEAST_PORT = 20_000;
    private static final int MOST_PORT = 32_000;
    private static final int PORT_TRIES = 20;
    private static final Logger LOG = LoggerFactory.getLogger(BarrierTask.class);

    private final TrainingStage stage;
    private final BarrierTaskContext context;
    private final TaskDirectory directory;

    private BarrierTask(TrainingStage stage, BarrierTaskContext context, TaskDirectory directory) {
        this.stage = stage;
        this.context = context;
        this.directory = directory;
    }

    static TaskResult run(TrainingStage stage, Iterator<Tuple2<SliceKey, Slice>> slices) {
        BarrierTaskContext context = BarrierTaskContext.get();
        try (TaskDirectory directory = TaskDirectory.create()) {
            return new BarrierTask(stage, context, directory).run(slices);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "Training stopped: expected worker %d to have its files, found that it does not (%s)"
                            .formatted(context.partitionId(), e.getMessage()),
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TaskKilledException("training was cancelled");
        }
    }

    private TaskResult run(Iterator<Tuple2<SliceKey, Slice>> slices) throws IOException, InterruptedException {
        TaskRows rows = TaskRows.write(slices, stage.cellBytes(), directory.path(), context);
        String problem = "";
        Optional<Path> checkpoint = Optional.empty();
        try {
            checkpoint = checkpoint();
        } catch (TrainingException e) {
            problem = String.valueOf(e.getMessage());
        }
        List<Announcement> all = announce(rows, problem);
        List<Long> rowsOf = all.stream().map(Announcement::rows).toList();
        Optional<String> reason = all.stream()
                .map(Announcement::problem)
                .filter(each -> !each.isEmpty())
                .findFirst();
        if (reason.isPresent()) {
            return failed(reason.get());
        }
        if (rowsOf.stream().allMatch(count -> count == 0)) {
            return failed("Cannot train: expected rows to train on, found none");
        }
        if (checkpoint.isPresent()) {
            try {
                Path found = checkpoint.get();
                Checkpoint.read(found).check(location(found), stage.program(), stage.settings(), rowsOf);
            } catch (IllegalArgumentException e) { // for all workers alike
                return failed(String.valueOf(e.getMessage()));
            }
        }
        var task = new WorkerTask(
                stage.program(),
                stage.settings(),
                context.partitionId(),
                all.size() == 1 ? List.of() : Announcement.addresses(all),
                rows.training(),
                rows.validation(),
                rowsOf,
                all.stream().map(Announcement::validationRows).toList(),
                checkpoint.map(Path::toString).orElse(null),
                Files.createDirectory(directory.path().resolve("output")).toString());
        try (WorkerProcess process =
                WorkerProcess.start(task, ClassPaths.ofThisThread(), directory.path(), stage.heapMiB())) {
            var watch = new WorkerWatch(stage, context, process);
            WorkerEvent end = watch.untilTheEnd(START, silence());
            return end(end);
        }
    }

    private Duration silence() {
        TrainingSettings settings = stage.settings();
        return Duration.ofMillis((long) (settings.stepSeconds() * 1000)).plus(MARGIN);
    }

    /** Brings here what to go on from: for all workers the same, as the first one finds it. */
    private Optional<Path> checkpoint() throws IOException, InterruptedException {
        CheckpointStore store = stage.checkpoints();
        if (store == null) {
            return Optional.empty();
        }
        String name = "";
        TrainingException problem = null;
        if (context.partitionId() == 0) {
            try {
                name = store.newest().orElse("");
            } catch (TrainingException e) {
                problem = e; // the others wait to be told of it
            }
        }
        name = Gathering.of(context, name, "find their checkpoint", START).get(0);
        if (problem != null) {
            throw problem;
        }
        return name.isEmpty() ? Optional.empty() : Optional.of(fetched(store, name));
    }

    private Path fetched(CheckpointStore store, String name) throws IOException {
        Path fetched = directory.path().resolve(name);
        store.fetch(name, fetched);
        return fetched;
    }

    private String location(Path fetched) {
        return requireNonNull(stage.checkpoints()).location() + "/" + fetched.getFileName();
    }

    private List<Announcement> announce(TaskRows rows, String problem) throws IOException, InterruptedException {
        String host = SparkEnv.get().blockManager().blockManagerId().host();
        var own = new Announcement(
                host, freePort(), rows.training().rows(), rows.validation().rows(), problem);
        return Gathering.of(context, own.encode(), "have their rows", START).stream()
                .map(Announcement::decode)
                .toList();
    }

    /** Returns a port below those that systems give to outgoing connections, which may take one before the worker does. */
    private static int freePort() throws IOException {
        for (int i = 0; i < PORT_TRIES; i++) {
            try (var socket = new ServerSocket(ThreadLocalRandom.current().nextInt(LEAST_PORT, MOST_PORT))) {
                return socket.getLocalPort();
            } catch (BindException e) {
                LOG.debug("A port is taken", e);
            }
        }
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    /** Makes the result of the task, when all workers have ended; it fails if another try may go better. */
    private TaskResult end(WorkerEvent end) throws IOException, InterruptedException {
        // no task ends while others may have to be restarted: Spark would take its result for that of another
        Finished finished = end instanceof Finished it ? it : null;
        String own = new RankStatus(context.partitionId(), end instanceof Failed failure ? failure : null).encode();
        List<String> all = end instanceof Failed failure
                ? Gathering.within(context, own, patience(failure)).orElse(List.of(own))
                : Gathering.of(context, own, "end", END);
        Optional<RankStatus.Cause> cause = RankStatus.cause(all);
        if (cause.isEmpty()) {
            return new TaskResult(context.partitionId(), end, files(finished));
        }
        if (cause.get().failure().kind() == Failed.Kind.PROGRAM) {
            return failed(cause.get().failure().message());
        }
        throw new IllegalStateException(cause.get().message());
    }

    /** Returns how long a worker that has failed waits to be told how others did. */
    private Duration patience(Failed failure) {
        return switch (failure.kind()) {
            case MACHINE -> MARGIN; // it is the cause itself, and the others need not wait for it to be told
            case PEER -> silence().plus(MARGIN.multipliedBy(2));
            case PROGRAM -> START.plus(silence()); // the others may still be at their beginning
        };
    }

    private TaskResult failed(String message) {
        return new TaskResult(context.partitionId(), new Failed(Failed.Kind.PROGRAM, 0, message), Map.of());
    }

    private static Map<String, byte[]> files(@Nullable Finished finished) throws IOException {
        Map<String, byte[]> files = new TreeMap<>();
        if (finished != null && !finished.directory().isEmpty()) {
            try (Stream<Path> all = Files.list(Path.of(finished.directory()))) {
                for (Path file : all.toList()) {
                    files.put(file.getFileName().toString(), Files.readAllBytes(file));
                }
            }
        }
        return files;
    }
}
