package io.tensorbridge.train.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.train.worker.WorkerEvent.Epoch;
import io.tensorbridge.train.worker.WorkerEvent.Finished;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkerTest {

    @Test
    void trainsAlone(@TempDir Path directory) throws IOException, InterruptedException {
        try (var workers = new Workers(directory)) {
            List<WorkerEvent> events = Workers.eventsOf(
                    workers.start("run", Workers.settings(20), null, 200).get(0));
            Finished end = Workers.finished(events);
            assertThat(end.history()).hasSize(20);
            assertThat(end.history().get(19).loss())
                    .isLessThan(end.history().get(0).loss() / 2);
            assertThat(end.history().get(19).validation().get("accuracy")).isGreaterThan(0.8);
        }
    }

    @Test
    void trainWithEachOther(@TempDir Path directory) throws IOException, InterruptedException {
        try (var workers = new Workers(directory)) {
            List<WorkerProcess> two = workers.start("run", Workers.settings(5), null, 210, 90);
            List<WorkerEvent> first = Workers.eventsOf(two.get(0));
            List<WorkerEvent> second = Workers.eventsOf(two.get(1));
            Workers.finished(second);
            assertThat(checksums(first)).hasSize(5).isEqualTo(checksums(second));
            Finished end = Workers.finished(first);
            assertThat(end.history()).hasSize(5);
        }
    }

    private static List<String> checksums(List<WorkerEvent> events) {
        return events.stream()
                .filter(Epoch.class::isInstance)
                .map(event -> ((Epoch) event).weights())
                .toList();
    }
}
