package io.tensorbridge.train.worker;

import io.tensorbridge.train.graph.Targets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** Writes checkpoints when it is time for one, on the first worker. Belongs to one thread. */
final class CheckpointWriter {

    private final WorkerTask task;
    private final Targets targets;
    private final VariableFiles files;
    private final Weights weights;
    private final Voice voice;

    private long writtenNanos = System.nanoTime();
    private OptionalLong last = OptionalLong.empty();

    CheckpointWriter(WorkerTask task, Targets targets, VariableFiles files, Weights weights, Voice voice) {
        this.task = task;
        this.targets = targets;
        this.files = files;
        this.weights = weights;
        this.voice = voice;
    }

    /** Sets where training goes on from. */
    void goOnFrom(Checkpoint checkpoint) {
        last = OptionalLong.of(checkpoint.step());
    }

    /** Returns after which step the last checkpoint was written, in this process or before. */
    OptionalLong last() {
        return last;
    }

    /**
     * Writes a checkpoint if it is time.
     *
     * @throws NotFiniteException if the weights are not worth it
     */
    void writeIfDue(TrainingState state) throws IOException {
        if (task.rank() == 0 && isDue(state)) {
            requireFinite(weights.look(Weights.Wanted.CHECKSUM), state.step());
            write(state);
        }
    }

    private boolean isDue(TrainingState state) {
        TrainingSettings settings = task.settings();
        boolean byStep = settings.checkpointSteps() > 0 && state.step() % settings.checkpointSteps() == 0;
        boolean byTime = settings.checkpointSeconds() > 0
                && (System.nanoTime() - writtenNanos) / 1e9 >= settings.checkpointSeconds();
        return byStep || byTime;
    }

    /**
     * Makes sure that there are weights to keep.
     *
     * @throws NotFiniteException if a value is no number, or infinite
     */
    void requireFinite(Weights.Found found, long step) {
        String variable = found.notFinite();
        if (variable != null) {
            throw NotFiniteException.ofVariable(variable, step, last);
        }
    }

    private void write(TrainingState state) throws IOException {
        Path directory = Files.createDirectory(Path.of(task.output()).resolve("checkpoint-" + state.step()));
        files.run(targets.saving().save(), directory.resolve(Checkpoint.ALL));
        if (task.settings().keep() == TrainingSettings.Keep.BEST && state.hasBest()) {
            files.run(targets.best().save(), directory.resolve(Checkpoint.BEST));
        }
        Checkpoint.write(directory, state, task);
        writtenNanos = System.nanoTime();
        last = OptionalLong.of(state.step());
        voice.say(new WorkerEvent.Checkpoint(state.step(), directory.toString()));
    }
}
