package io.tensorbridge.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.tensorbridge.SparkExtension;
import io.tensorbridge.internal.hadoop.HadoopPlace;
import io.tensorbridge.train.TrainingListener.Ending;
import io.tensorbridge.train.TrainingListener.Start;
import io.tensorbridge.train.worker.EpochResult;
import io.tensorbridge.train.worker.WorkerEvent.Progress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.proto.Event;
import org.tensorflow.proto.HistogramProto;
import org.tensorflow.proto.Summary;

@ExtendWith(SparkExtension.class)
class EventFilesTest {

    private static final Start START = new Start("ab12", List.of("accuracy"), 2, 3, 32, "");
    private static final Instant BEGINNING = Instant.parse("2026-01-02T03:04:05.250Z");

    private final SettableClock clock = new SettableClock();

    @Test
    void writesEpochsAndStepsAndHistograms(@TempDir Path directory, SparkSession spark) throws IOException {
        EventFiles events = events(spark, directory);
        events.begin(START);
        events.progress(step(1, 64));
        clock.after(0.5);
        events.progress(step(2, 128)); // too soon
        clock.after(1.5);
        events.progress(step(5, 320));
        events.epoch(epoch(1, Map.of("loss", 0.5, "accuracy", 0.75)), histogram());
        events.end(Ending.ALL_EPOCHS);

        List<Event> train = eventsOf(fileOf(directory, "train"));
        assertThat(train.get(0).getFileVersion()).isEqualTo("brain.Event:2");
        assertThat(train.get(0).getWallTime()).isEqualTo(1767323045.25);
        assertThat(valuesOf(train))
                .containsExactly(
                        "1 step_loss 0.25",
                        "1 step_accuracy 0.875",
                        "1 step_learning_rate 0.125",
                        "5 step_loss 0.25",
                        "5 step_accuracy 0.875",
                        "5 step_learning_rate 0.125",
                        "5 step_rows_per_second 128.0",
                        "1 epoch_loss 0.75",
                        "1 epoch_accuracy 0.625",
                        "1 epoch_learning_rate 0.125",
                        "1 epoch_rows_per_second 1280.0",
                        "1 hidden/kernel of 3.0");
        assertThat(train.get(3).getWallTime()).isEqualTo(1767323047.25);
        List<Event> validation = eventsOf(fileOf(directory, "validation"));
        assertThat(validation.get(0).getFileVersion()).isEqualTo("brain.Event:2");
        assertThat(valuesOf(validation)).containsExactlyInAnyOrder("1 epoch_loss 0.5", "1 epoch_accuracy 0.75");
    }

    @Test
    void canBeReadAfterEachEpoch(@TempDir Path directory, SparkSession spark) throws IOException {
        EventFiles events = events(spark, directory);
        events.begin(START);
        assertThat(eventsOf(fileOf(directory, "train"))).hasSize(1);
        for (int epoch = 1; epoch <= 3; epoch++) {
            events.epoch(epoch(epoch, Map.of()), ByteString.EMPTY);
            assertThat(eventsOf(fileOf(directory, "train"))).hasSize(1 + epoch);
        }
        events.end(Ending.FAILED);
        assertThat(directory.resolve("validation")).doesNotExist();
    }

    @Test
    void writesWhatIsToldAgainOnce(@TempDir Path directory, SparkSession spark) throws IOException {
        EventFiles events = events(spark, directory);
        events.begin(START);
        for (int again = 0; again < 2; again++) { // as after a restart at the first step
            for (int step = 1; step <= 4 + again; step++) {
                clock.after(2);
                events.progress(step(step, step * 64L));
            }
            events.epoch(epoch(1, Map.of("loss", 0.5)), ByteString.EMPTY);
        }
        events.epoch(epoch(2, Map.of("loss", 0.25)), ByteString.EMPTY);
        events.end(Ending.ALL_EPOCHS);
        assertThat(valuesOf(eventsOf(fileOf(directory, "train"))))
                .filteredOn(line -> line.contains("_loss"))
                .containsExactly(
                        "1 step_loss 0.25",
                        "2 step_loss 0.25",
                        "3 step_loss 0.25",
                        "4 step_loss 0.25",
                        "1 epoch_loss 0.75",
                        "5 step_loss 0.25",
                        "2 epoch_loss 0.75");
        assertThat(valuesOf(eventsOf(fileOf(directory, "validation"))))
                .containsExactly("1 epoch_loss 0.5", "2 epoch_loss 0.25");
    }

    @Test
    void leavesNothingButEventFilesThere(@TempDir Path directory, SparkSession spark) throws IOException {
        EventFiles events = events(spark, directory);
        events.begin(START);
        events.end(Ending.ALL_EPOCHS);
        events.begin(START);
        events.end(Ending.ALL_EPOCHS);
        try (Stream<Path> files = Files.list(directory.resolve("train"))) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .hasSize(2)
                    .allMatch(name -> name.matches("events\\.out\\.tfevents\\.1767323045\\.a-host\\.\\d+\\.\\d+"));
        }
    }

    @Test
    void saysThatItCannotWrite(@TempDir Path directory, SparkSession spark) throws IOException {
        Path file = Files.createFile(directory.resolve("file"));
        EventFiles events = events(spark, file);
        assertThatThrownBy(() -> events.begin(START))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageStartingWith(
                        "Cannot write event files in '%s': expected a directory that can be written, found "
                                .formatted(file.toUri()))
                .hasMessageEndingWith(". Let the driver's user write there, or name another one");
        events.progress(step(1, 64)); // harms nothing
        events.end(Ending.ALL_EPOCHS);
    }

    @Test
    void refusesAFileSystemThatIsNotThere(SparkSession spark) {
        assertThatThrownBy(() -> EventFiles.in(spark, "nowhere://user:secret@host/runs"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot write event files in 'nowhere://host/runs': expected a scheme that Hadoop has a file system for, found 'nowhere'. Add its connector to Spark's class path");
    }

    private EventFiles events(SparkSession spark, Path directory) {
        URI uri = directory.toUri();
        return new EventFiles(HadoopPlace.at(spark, "Cannot write event files in", uri.toString()), "a_host", clock);
    }

    private static Progress step(long step, long rows) {
        return new Progress(1, step, 300, 0.25, List.of(0.875), 0.125, rows);
    }

    private static EpochResult epoch(int epoch, Map<String, Double> validation) {
        return new EpochResult(epoch, epoch * 100L, 0.75, Map.of("accuracy", 0.625), validation, 0.125, 5, 6400);
    }

    private static ByteString histogram() {
        HistogramProto histogram = HistogramProto.newBuilder()
                .setMin(-1)
                .setMax(1)
                .setNum(3)
                .setSum(0.5)
                .setSumSquares(2.25)
                .addBucketLimit(0)
                .addBucketLimit(1)
                .addBucket(1)
                .addBucket(2)
                .build();
        return Summary.newBuilder()
                .addValue(Summary.Value.newBuilder().setTag("hidden/kernel").setHisto(histogram))
                .build()
                .toByteString();
    }

    private static Path fileOf(Path directory, String run) throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve(run))) {
            List<Path> all = files.toList();
            assertThat(all).hasSize(1);
            return all.get(0);
        }
    }

    /** Reads a file to its end, and looks at both checksums of every event. */
    private static List<Event> eventsOf(Path file) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        List<Event> events = new ArrayList<>();
        while (bytes.hasRemaining()) {
            int start = bytes.position();
            long length = bytes.getLong();
            assertThat(bytes.getInt()).isEqualTo(checksum(bytes.slice(start, Long.BYTES)));
            ByteBuffer data = bytes.slice(bytes.position(), (int) length);
            bytes.position(bytes.position() + (int) length);
            assertThat(bytes.getInt()).isEqualTo(checksum(data.duplicate()));
            events.add(Event.parseFrom(data));
        }
        return events;
    }

    /** As TensorFlow's crc32c::Mask has it. */
    private static int checksum(ByteBuffer bytes) {
        var crc = new CRC32C();
        crc.update(bytes);
        int value = (int) crc.getValue();
        return ((value >>> 15) | (value << 17)) + 0xa282ead8;
    }

    private static List<String> valuesOf(List<Event> events) {
        List<String> values = new ArrayList<>();
        for (Event event : events) {
            for (Summary.Value value : event.getSummary().getValueList()) {
                String shown = value.hasHisto() ? "of " + value.getHisto().getNum() : "" + value.getSimpleValue();
                values.add("%d %s %s".formatted(event.getStep(), value.getTag(), shown));
            }
        }
        return values;
    }

    private static final class SettableClock extends Clock {

        private Instant now = BEGINNING;

        void after(double seconds) {
            now = now.plusMillis((long) (seconds * 1000));
        }

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new UnsupportedOperationException();
        }
    }
}
