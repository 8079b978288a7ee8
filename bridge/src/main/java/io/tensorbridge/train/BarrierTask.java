package io.tensorbridge.train;

import static java.util.Objects.requireNonNull;

import io.tensorbridge.train.worker.Checkpoint;
import io.tensorbridge.train.worker.RowFiles;
import io.tensorbridge.train.worker.StoredRows;
import io.tensorbridge.train.worker.TrainingSettings;
import io.tensorbridge.train.worker.WorkerEvent;
import io.tensorbridge.train.worker.WorkerEvent.Failed;
import io.tensorbridge.train.worker.WorkerEvent.Finished;
import io.tensorbridge.train.worker.WorkerProcess;
import io.tensorbridge.train.worker.WorkerTask;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskKilledException;
import org.jspecify.annotations.Nullable;
import scala.Tuple2;

/**
 * A task of the barrier stage: puts its rows on its disk, finds the others, and watches over a worker in a process of its own, which
 * does not outlive it.
 */
final class BarrierTask {

    private static final Duration POLL = Duration.ofMillis(100); // how soon a cancelled task notices
    private static final Duration START = Duration.ofMinutes(2);
    private static final Duration MARGIN = Duration.ofSeconds(3);

    private final TrainingStage stage;
    private final BarrierTaskContext context;
    private final TaskDirectory directory;

    private BarrierTask(TrainingStage stage, BarrierTaskContext context, TaskDirectory directory) {
        this.stage = stage;
        this.context = context;
        this.directory = directory;
    }

    static TaskResult run(TrainingStage stage, Iterator<Tuple2<SliceKey, Slice>> slices) {
        try (TaskDirectory directory = TaskDirectory.create()) {
            return new BarrierTask(stage, BarrierTaskContext.get(), directory).run(slices);
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot train: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TaskKilledException("training was cancelled");
        }
    }

    private TaskResult run(Iterator<Tuple2<SliceKey, Slice>> slices) throws IOException, InterruptedException {
        StoredRows rows;
        StoredRows validation;
        Path trainingRows = directory.path().resolve("training");
        try (RowFiles training = RowFiles.create(trainingRows, stage.cellBytes());
                RowFiles held = RowFiles.create(directory.path().resolve("validation"), stage.cellBytes())) {
            while (slices.hasNext()) {
                Tuple2<SliceKey, Slice> next = slices.next();
                RowFiles to = next._1().kind() == SliceKey.Kind.TRAINING ? training : held;
                to.append(next._2().buffers(), next._2().rows());
            }
            rows = training.rows();
            validation = held.rows();
        }
        String host = SparkEnv.get().blockManager().blockManagerId().host();
        var own = new Announcement(host, freePort(), rows.rows(), validation.rows(), newestCheckpoint());
        List<Announcement> all = Gathering.of(context, own.encode(), START).stream()
                .map(Announcement::decode)
                .toList();
        List<Long> rowsOf = all.stream().map(Announcement::rows).toList();
        if (rowsOf.stream().allMatch(count -> count == 0)) {
            return failed("Cannot train: expected rows to train on, found none");
        }
        Path checkpoint;
        try {
            checkpoint = checkpoint(all.get(0).checkpoint(), rowsOf);
        } catch (TrainingException | IllegalArgumentException e) {
            return failed(String.valueOf(e.getMessage()));
        }
        Path output = Files.createDirectory(directory.path().resolve("output"));
        var task = new WorkerTask(
                stage.program(),
                stage.settings(),
                context.partitionId(),
                all.size() == 1 ? List.of() : Announcement.addresses(all),
                rows,
                validation,
                rowsOf,
                all.stream().map(Announcement::validationRows).toList(),
                checkpoint == null ? null : checkpoint.toString(),
                output.toString());
        try (WorkerProcess process =
                WorkerProcess.start(task, ClassPaths.ofThisThread(), directory.path(), stage.heapMiB())) {
            return end(watch(process));
        }
    }

    /** Returns what to go on from, as the first task finds it: all others do what it says. */
    private String newestCheckpoint() throws IOException {
        CheckpointStore store = stage.checkpoints();
        return store == null || context.partitionId() != 0 ? "" : store.newest().orElse("");
    }

    private @Nullable Path checkpoint(String name, List<Long> rowsOf) throws IOException {
        CheckpointStore store = stage.checkpoints();
        if (store == null || name.isEmpty()) {
            return null;
        }
        Path local = directory.path().resolve("checkpoint");
        store.fetch(name, local);
        Checkpoint.read(local).check(store.location() + "/" + name, stage.program(), stage.settings(), rowsOf);
        return local;
    }

    private static TaskResult failed(String message) {
        return new TaskResult(new Failed(Failed.Kind.PROGRAM, 0, message), Map.of());
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    /** Hands on what the worker says until it has ended; it must say something in time. */
    private WorkerEvent watch(WorkerProcess process) throws IOException, InterruptedException {
        TrainingSettings settings = stage.settings();
        Duration limit = START;
        long heard = System.nanoTime();
        long step = 0;
        long stepOfEpoch = 0;
        while (true) {
            if (context.isInterrupted()) {
                throw new TaskKilledException("training was cancelled");
            }
            Optional<WorkerEvent> event = process.next(POLL);
            if (event.isEmpty()) {
                if (System.nanoTime() - heard > limit.toNanos()) {
                    return new Failed(Failed.Kind.MACHINE, step, "it did not answer for " + limit.toSeconds() + " s");
                }
                continue;
            }
            limit = Duration.ofMillis((long) (settings.stepSeconds() * 1000)).plus(MARGIN);
            WorkerEvent said = event.get();
            handOn(said, stepOfEpoch);
            heard = System.nanoTime(); // to keep a checkpoint may take its time
            if (said instanceof WorkerEvent.Progress progress) {
                step = progress.step();
            } else if (said instanceof WorkerEvent.Epoch epoch) {
                step = epoch.result().step();
                stepOfEpoch = step;
            } else if (said instanceof Failed failure) {
                return new Failed(failure.kind(), Math.max(step, failure.step()), failure.message());
            } else if (said instanceof Finished) {
                return said;
            }
        }
    }

    private void handOn(WorkerEvent said, long stepsBefore) throws IOException {
        boolean first = context.partitionId() == 0;
        if (said instanceof WorkerEvent.Epoch epoch) {
            stage.events().send(context.partitionId(), said);
            if (first) {
                stage.counts().epoch(epoch, stepsBefore);
            }
        } else if (first && said instanceof WorkerEvent.Progress) {
            stage.events().send(0, said);
        } else if (said instanceof WorkerEvent.Checkpoint written) {
            Path local = Path.of(written.directory());
            requireNonNull(stage.checkpoints()).save(local, written.step());
            TaskDirectory.delete(local);
        }
    }

    /** Makes the result of the task; it fails if another try may go better. */
    private TaskResult end(WorkerEvent end) throws IOException, InterruptedException {
        if (end instanceof Finished finished) {
            return new TaskResult(end, files(finished.directory()));
        }
        var own = new RankStatus(context.partitionId(), (Failed) end);
        Duration wait = Duration.ofMillis((long) (stage.settings().stepSeconds() * 1000))
                .plus(MARGIN.multipliedBy(3));
        RankStatus cause = RankStatus.cause(own, Gathering.orOwn(context, own.encode(), wait));
        if (cause.failure().kind() == Failed.Kind.PROGRAM) {
            return new TaskResult(cause.failure(), Map.of());
        }
        throw new IllegalStateException(cause.message());
    }

    private static Map<String, byte[]> files(String directory) throws IOException {
        Map<String, byte[]> files = new TreeMap<>();
        if (!directory.isEmpty()) {
            try (Stream<Path> all = Files.list(Path.of(directory))) {
                for (Path file : all.toList()) {
                    files.put(file.getFileName().toString(), Files.readAllBytes(file));
                }
            }
        }
        return files;
    }
}
