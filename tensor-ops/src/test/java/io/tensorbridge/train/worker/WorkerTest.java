package io.tensorbridge.train.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.train.worker.TrainingSettings.Better;
import io.tensorbridge.train.worker.TrainingSettings.Keep;
import io.tensorbridge.train.worker.WorkerEvent.Epoch;
import io.tensorbridge.train.worker.WorkerEvent.Finished;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.proto.Summary;

@ExtendWith(NativeMemoryExtension.class)
class WorkerTest {

    @TempDir
    private Path directory;

    private Workers workers;
    private final Choices choices = new Choices();

    @BeforeEach
    void begin() {
        workers = new Workers(directory);
    }

    @AfterEach
    void end() {
        workers.close();
    }

    @Test
    void trainsAlone() throws IOException, InterruptedException {
        choices.epochs = 20;
        Finished end = Workers.finished(
                Workers.eventsOf(workers.start("run", choices, null, 200).get(0)));
        assertThat(end.reason()).isEqualTo(Finished.Reason.ALL_EPOCHS);
        assertThat(end.history()).hasSize(20);
        assertThat(end.history().get(19).loss()).isLessThan(end.history().get(0).loss() / 2);
        assertThat(end.history().get(19).validation().get("accuracy")).isGreaterThan(0.8);
        assertThat(end.history().get(19).step()).isEqualTo(20 * 13);
        assertThat(Path.of(end.directory())).isDirectoryContaining("glob:**/variables.index");
    }

    @Test
    void trainsOnUnevenRowsAsOneWouldOnAll() throws IOException, InterruptedException {
        choices.batchRows = 64; // all rows at once, so that their order is of no effect
        Finished alone = Workers.finished(workers.alone("alone", choices, null, 40));
        List<WorkerProcess> two = workers.start("two", choices, null, 32, 8);
        List<WorkerEvent> first = Workers.eventsOf(two.get(0));
        List<WorkerEvent> second = Workers.eventsOf(two.get(1));
        assertThat(Workers.checksums(first)).hasSize(5).doesNotHaveDuplicates().isEqualTo(Workers.checksums(second));
        assertThat(Workers.losses(Workers.finished(first)))
                .containsExactly(Workers.losses(alone), within(1e-5))
                .containsExactly(Workers.losses(Workers.finished(second)), within(0.0));
    }

    @Test
    void trainsTogetherWithAWorkerThatHasNoRows() throws IOException, InterruptedException {
        Finished alone = Workers.finished(workers.alone("alone", choices, null, 40));
        List<WorkerProcess> two = workers.start("two", choices, null, 40, 0);
        Finished together = Workers.finished(Workers.eventsOf(two.get(0)));
        assertThat(Workers.losses(together)).containsExactly(Workers.losses(alone), within(1e-5));
        assertThat(Workers.finished(Workers.eventsOf(two.get(1))).directory()).isEmpty();
    }

    @Test
    void givesTheSameCurveEachTime() throws IOException {
        Finished first = Workers.finished(workers.alone("first", choices, null, 100));
        Finished second = Workers.finished(workers.alone("second", choices, null, 100));
        assertThat(Workers.losses(second)).containsExactly(Workers.losses(first), within(1e-6));
        choices.seed++;
        Finished other = Workers.finished(workers.alone("other", choices, null, 100));
        assertThat(Workers.losses(other)[0]).isNotCloseTo(Workers.losses(first)[0], within(1e-6));
    }

    @Test
    void takesTheSameStepInSmallerBatches() throws IOException {
        choices.batchRows = 32;
        Finished whole = Workers.finished(workers.alone("whole", choices, null, 100));
        choices.batchRows = 8;
        choices.accumulate = 4;
        Finished parts = Workers.finished(workers.alone("parts", choices, null, 100));
        assertThat(Workers.losses(parts)).containsExactly(Workers.losses(whole), within(1e-5));
    }

    @Test
    void takesFewerRowsThanMicroBatches() throws IOException {
        choices.accumulate = 4;
        Finished end = Workers.finished(workers.alone("run", choices, null, 3));
        assertThat(end.history().get(0).rows()).isEqualTo(3);
        assertThat(end.history().get(0).loss()).isPositive().isFinite();
        assertThat(end.history().get(0).validation()).isEmpty();
    }

    @Test
    void validatesTheSameInManyBatchesAsInOne() throws IOException {
        choices.epochs = 1;
        choices.rate = 1e-30; // with the first weights, however many steps there are
        choices.batchRows = 1_000;
        Map<String, Double> one = Workers.finished(workers.alone("one", choices, null, 800))
                .history()
                .get(0)
                .validation();
        choices.batchRows = 1; // 200 batches
        Map<String, Double> many = Workers.finished(workers.alone("many", choices, null, 800))
                .history()
                .get(0)
                .validation();
        assertThat(many.get("loss")).isCloseTo(one.get("loss"), within(1e-5));
        assertThat(many.get("accuracy")).isCloseTo(one.get("accuracy"), within(1e-6));
    }

    @Test
    void stopsWhenNothingGetsBetter() throws IOException {
        choices.epochs = 100;
        choices.patience = 2;
        choices.leastGain = 1_000;
        Finished end = Workers.finished(workers.alone("run", choices, null, 40));
        assertThat(end.reason()).isEqualTo(Finished.Reason.NO_BETTER);
        assertThat(end.history()).hasSize(3);
    }

    @Test
    void keepsTheBestWeights() throws IOException {
        choices.keep = Keep.BEST;
        choices.better = Better.HIGHER; // which the first loss is
        Finished best = Workers.finished(workers.alone("best", choices, null, 100));
        choices.keep = Keep.LAST;
        Finished last = Workers.finished(workers.alone("last", choices, null, 100));
        choices.epochs = 1;
        Finished first = Workers.finished(workers.alone("first", choices, null, 100));
        assertThat(variables(best)).isEqualTo(variables(first)).isNotEqualTo(variables(last));
    }

    private static byte[] variables(Finished end) throws IOException {
        return Files.readAllBytes(Path.of(end.directory()).resolve("variables.data-00000-of-00001"));
    }

    @Test
    void countsWeights() throws IOException, InvalidProtocolBufferException {
        List<Epoch> epochs = Workers.all(workers.alone("run", choices, null, 40), Epoch.class);
        Summary summary = Summary.parseFrom(epochs.get(4).histograms());
        assertThat(summary.getValueList())
                .extracting(Summary.Value::getTag)
                .containsExactly("hidden/kernel", "hidden/bias", "out/kernel", "out/bias");
        assertThat(summary.getValue(0).getHisto().getNum()).isEqualTo(32);
    }

    @Test
    void saysHowFarItIs() throws IOException {
        List<WorkerEvent> events = workers.alone("run", choices, null, 100);
        assertThat(events.get(0)).isEqualTo(new WorkerEvent.Ready());
        WorkerEvent.Progress first =
                Workers.all(events, WorkerEvent.Progress.class).get(0);
        assertThat(first.epoch()).isEqualTo(1);
        assertThat(first.step()).isEqualTo(1);
        assertThat(first.steps()).isEqualTo(35);
        assertThat(first.metrics()).hasSize(1);
        assertThat(first.rows()).isEqualTo(14);
    }
}
