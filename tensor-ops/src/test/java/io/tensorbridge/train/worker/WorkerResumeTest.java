package io.tensorbridge.train.worker;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.train.worker.TrainingSettings.Keep;
import io.tensorbridge.train.worker.WorkerEvent.Failed;
import io.tensorbridge.train.worker.WorkerEvent.Finished;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(NativeMemoryExtension.class)
class WorkerResumeTest {

    private static final int ROWS = 100; // 7 steps

    @TempDir
    private Path directory;

    private Workers workers;
    private final Choices choices = new Choices();

    @BeforeEach
    void begin() {
        workers = new Workers(directory, Workers.perceptron(/* dropout= */ 0.3));
        choices.checkpointSteps = 1;
    }

    @AfterEach
    void end() {
        workers.close();
    }

    @Test
    void givesTheCurveOfTheRunThatWasNotBroken() throws IOException {
        choices.keep = Keep.BEST;
        choices.accumulate = 2;
        choices.batchRows = 8;
        List<WorkerEvent> whole = workers.alone("whole", choices, null, ROWS);
        List<WorkerEvent.Checkpoint> checkpoints = Workers.all(whole, WorkerEvent.Checkpoint.class);
        assertThat(checkpoints).hasSize(35);
        for (int step : List.of(1, 7, 17, 28, 35)) { // the first, the ends of epochs, a middle one, the last
            String checkpoint = checkpoints.get(step - 1).directory();
            assertThat(Checkpoint.read(Path.of(checkpoint)).step()).isEqualTo(step);
            List<WorkerEvent> rest = workers.alone("from-" + step, choices, checkpoint, ROWS);
            assertThat(Workers.losses(Workers.finished(rest)))
                    .containsExactly(Workers.losses(Workers.finished(whole)), within(1e-6));
            assertThat(variables(rest)).isEqualTo(variables(whole));
        }
    }

    private static byte[] variables(List<WorkerEvent> events) throws IOException {
        return Files.readAllBytes(
                Path.of(Workers.finished(events).directory()).resolve("variables.data-00000-of-00001"));
    }

    @Test
    void givesTheCurveOfTwoWorkersToo() throws IOException, InterruptedException {
        choices.epochs = 3;
        List<WorkerEvent> whole = both(workers.start("whole", choices, null, 60, 40));
        String checkpoint =
                Workers.all(whole, WorkerEvent.Checkpoint.class).get(5).directory();
        List<WorkerEvent> rest = both(workers.start("rest", choices, checkpoint, 60, 40));
        assertThat(Workers.losses(Workers.finished(rest)))
                .containsExactly(Workers.losses(Workers.finished(whole)), within(1e-6));
        assertThat(Workers.checksums(rest))
                .containsExactlyElementsOf(Workers.checksums(whole).subList(1, 3));
    }

    private static List<WorkerEvent> both(List<WorkerProcess> two) throws InterruptedException {
        List<WorkerEvent> first = Workers.eventsOf(two.get(0));
        assertThat(Workers.checksums(Workers.eventsOf(two.get(1)))).isEqualTo(Workers.checksums(first));
        return first;
    }

    @Test
    void writesCheckpointsByTheClockToo() throws IOException {
        choices.checkpointSteps = 0;
        choices.checkpointSeconds = 1e-9;
        choices.epochs = 1;
        assertThat(Workers.all(workers.alone("run", choices, null, ROWS), WorkerEvent.Checkpoint.class))
                .extracting(WorkerEvent.Checkpoint::step)
                .containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L);
    }

    @Test
    void refusesACheckpointOfAnotherProgramOtherSettingsOrOtherRows() throws IOException {
        String checkpoint = checkpoint();
        try (var others = new Workers(directory.resolve("others"))) {
            Files.createDirectory(directory.resolve("others"));
            choices.rate = 0.5;
            Failed failed = Workers.failed(others.alone("run", choices, checkpoint, ROWS + 1));
            assertThat(failed.kind()).isEqualTo(Failed.Kind.PROGRAM);
            assertThat(failed.message())
                    .isEqualTo(
                            "Cannot go on from checkpoint '%s': expected program of SHA-256 %s, settings %s, rows of workers [101], found program of SHA-256 %s, settings %s, rows of workers [100]. Name another directory for checkpoints, or remove this one",
                            checkpoint,
                            Workers.perceptron().sha256(),
                            "Adam[beta1=0.9, beta2=0.999, epsilon=1.0E-7], rate Constant[rate=0.5], weightDecay 0.0, clipValue Infinity, clipNorm Infinity, accumulate 1, wire FLOAT, batchRows 16, seed 2026, watch loss LOWER, keep LAST",
                            Workers.perceptron(0.3).sha256(),
                            "Adam[beta1=0.9, beta2=0.999, epsilon=1.0E-7], rate Constant[rate=0.02], weightDecay 0.0, clipValue Infinity, clipNorm Infinity, accumulate 1, wire FLOAT, batchRows 16, seed 2026, watch loss LOWER, keep LAST");
        }
    }

    @Test
    void refusesAChangedState() throws IOException {
        Path state = Path.of(checkpoint()).resolve("state.json");
        Files.writeString(state, Files.readString(state).replace("\"step\":1,", "\"step\":2,"));
        assertThatThrownBy(() -> Checkpoint.read(requireNonNull(state.getParent())))
                .isInstanceOf(IOException.class)
                .hasMessage(
                        "Cannot go on from checkpoint '%s': expected 'state.json' to be as it was written, found that it is not (another checksum). Remove the checkpoint, or name another one",
                        requireNonNull(state.getParent()));
    }

    @Test
    void refusesAStateThatBreaksOff() throws IOException {
        Path state = Path.of(checkpoint()).resolve("state.json");
        byte[] bytes = Files.readAllBytes(state);
        for (int length : List.of(0, 1, bytes.length / 2, bytes.length - 1)) {
            Files.write(state, java.util.Arrays.copyOf(bytes, length));
            assertThatThrownBy(() -> Checkpoint.read(requireNonNull(state.getParent())))
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith(
                            "Cannot go on from checkpoint '%s': expected 'state.json' to be as it was written, found that it is not (",
                            requireNonNull(state.getParent()));
        }
    }

    @Test
    void refusesADirectoryThatIsNoCheckpoint() {
        assertThatThrownBy(() -> Checkpoint.read(directory))
                .isInstanceOf(IOException.class)
                .hasMessage(
                        "Cannot go on from checkpoint '%s': expected a file 'state.json', found none that is one. Remove the checkpoint, or name another one",
                        directory);
    }

    @Test
    void refusesChangedVariables() throws IOException {
        Path checkpoint = Path.of(checkpoint());
        Path values = checkpoint.resolve("all.data-00000-of-00001");
        byte[] bytes = Files.readAllBytes(values);
        bytes[bytes.length / 2] ^= 1;
        Files.write(values, bytes);
        assertThatThrownBy(() -> Checkpoint.read(checkpoint))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(
                        "Cannot go on from checkpoint '%s': expected the values of variable '", checkpoint)
                .hasMessageEndingWith("' on. Copy it again, or export it again"
                        .replace("' on", "of file 'all.data-00000-of-00001' on"));
        Failed failed = Workers.failed(workers.alone("rest", choices, checkpoint.toString(), ROWS));
        assertThat(failed.kind()).isEqualTo(Failed.Kind.MACHINE);
    }

    @Test
    void refusesACheckpointWithoutItsVariables() throws IOException {
        Path checkpoint = Path.of(checkpoint());
        Files.delete(checkpoint.resolve("all.index"));
        assertThatThrownBy(() -> Checkpoint.read(checkpoint))
                .isInstanceOf(IOException.class)
                .hasMessage(
                        "Cannot go on from checkpoint '%s': expected file 'all.index', since the model has variables, found no such file. Copy the whole directory",
                        checkpoint);
    }

    private String checkpoint() throws IOException {
        choices.epochs = 1;
        return Workers.all(workers.alone("first", choices, null, ROWS), WorkerEvent.Checkpoint.class)
                .get(0)
                .directory();
    }

    @Test
    void knowsWhenItHadStopped() throws IOException {
        choices.patience = 1;
        choices.leastGain = 1_000;
        List<WorkerEvent> whole = workers.alone("whole", choices, null, ROWS);
        List<WorkerEvent.Checkpoint> checkpoints = Workers.all(whole, WorkerEvent.Checkpoint.class);
        List<WorkerEvent> rest = new ArrayList<>(workers.alone(
                "rest", choices, checkpoints.get(checkpoints.size() - 1).directory(), ROWS));
        assertThat(Workers.finished(rest).reason()).isEqualTo(Finished.Reason.NO_BETTER);
        assertThat(Workers.all(rest, WorkerEvent.Epoch.class)).isEmpty();
        assertThat(Workers.finished(rest).history())
                .isEqualTo(Workers.finished(whole).history());
    }
}
