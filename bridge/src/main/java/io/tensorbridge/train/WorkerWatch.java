package io.tensorbridge.train;

import io.tensorbridge.train.worker.WorkerEvent;
import io.tensorbridge.train.worker.WorkerEvent.Checkpoint;
import io.tensorbridge.train.worker.WorkerEvent.Epoch;
import io.tensorbridge.train.worker.WorkerEvent.Failed;
import io.tensorbridge.train.worker.WorkerEvent.Finished;
import io.tensorbridge.train.worker.WorkerEvent.Progress;
import io.tensorbridge.train.worker.WorkerEvent.Ready;
import io.tensorbridge.train.worker.WorkerProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.apache.spark.BarrierTaskContext;

/** Hears what a worker says, and does what is to be done then, until it has ended. Belongs to one thread. */
final class WorkerWatch {

    private static final Duration POLL = Duration.ofMillis(100); // how soon a cancelled task notices

    private final TrainingStage stage;
    private final BarrierTaskContext context;
    private final WorkerProcess process;
    private final boolean first;
    private long step;
    private long stepOfEpoch;

    WorkerWatch(TrainingStage stage, BarrierTaskContext context, WorkerProcess process) {
        this.stage = stage;
        this.context = context;
        this.process = process;
        first = context.partitionId() == 0;
    }

    /**
     * Waits until the worker has ended.
     *
     * @param start how long it may be silent at first
     * @param silence how long it may be silent then, before that is its end
     */
    WorkerEvent untilTheEnd(Duration start, Duration silence) throws IOException, InterruptedException {
        Duration limit = start;
        long heard = System.nanoTime();
        while (true) {
            context.killTaskIfInterrupted();
            Optional<WorkerEvent> said = process.next(POLL);
            if (said.isPresent()) {
                WorkerEvent event = said.get();
                if (event instanceof Failed failure) {
                    return new Failed(failure.kind(), Math.max(step, failure.step()), failure.message());
                } else if (event instanceof Finished) {
                    return event;
                }
                hear(event);
                heard = System.nanoTime(); // after what may have taken long
                limit = silence;
            } else if (System.nanoTime() - heard > limit.toNanos()) {
                return new Failed(Failed.Kind.MACHINE, step, "it did not answer for %d s".formatted(limit.toSeconds()));
            }
        }
    }

    private void hear(WorkerEvent event) throws IOException {
        if (event instanceof Progress progress) {
            step = progress.step();
        } else if (event instanceof Epoch epoch) {
            if (first) {
                stage.counts().epoch(epoch, stepOfEpoch);
            }
            step = epoch.result().step();
            stepOfEpoch = step;
        } else if (event instanceof Checkpoint checkpoint) {
            save(checkpoint);
        }
        if (event instanceof Ready || event instanceof Epoch || (first && event instanceof Progress)) {
            stage.events().send(context.partitionId(), event);
        }
    }

    private void save(Checkpoint checkpoint) throws IOException {
        Path local = Path.of(checkpoint.directory());
        CheckpointStore store = stage.checkpoints();
        if (store != null) {
            store.save(local, checkpoint.step());
        }
        TaskDirectory.delete(local);
    }
}
