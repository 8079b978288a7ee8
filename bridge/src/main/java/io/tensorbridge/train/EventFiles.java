package io.tensorbridge.train;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.tensorbridge.internal.hadoop.HadoopPlace;
import io.tensorbridge.model.internal.PrivateDirectory;
import io.tensorbridge.train.worker.EpochResult;
import io.tensorbridge.train.worker.WorkerEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.Summary;

/**
 * Writes how training goes into event files, for TensorBoard to show: runs {@code train} and, if there is one, {@code validation}
 * in one directory.
 *
 * <p>Of epochs there are {@code epoch_loss}, {@code epoch_} and the name of each metric, {@code epoch_learning_rate},
 * {@code epoch_rows_per_second} and a histogram of each variable under its own name, all over the number of the epoch; of steps,
 * one in a second at most, {@code step_loss}, {@code step_} and the name of each metric, {@code step_learning_rate} and
 * {@code step_rows_per_second}, over the number of steps.
 *
 * <p>What was told of an epoch can be read when it has ended; in object stores, which have no file before it is closed, when
 * training has. Steps and epochs that are told again after a restart are in it once. A training that is told to it after another
 * writes files of its own in the same directory: give each its own, by which TensorBoard tells them apart.
 *
 * <p>For the one thread that a {@link TrainingListener} is called by.
 */
public final class EventFiles implements TrainingListener {

    private static final Duration SAMPLE = Duration.ofSeconds(1);
    private static final AtomicLong COUNT = new AtomicLong();

    private final HadoopPlace place;
    private final String host;
    private final Clock clock;

    private @Nullable Run train;
    private @Nullable Run validation;
    private List<String> metrics = List.of();
    private Sample sample = new Sample(0, 0, Instant.MIN);
    private int epoch;

    EventFiles(HadoopPlace place, String host, Clock clock) {
        this.place = place;
        this.host = host.replaceAll("[^A-Za-z0-9.-]", "-");
        this.clock = clock;
    }

    /**
     * Returns event files in a directory, which is made when training begins.
     *
     * @param uri the directory, such as {@code hdfs://namenode/runs/1}; without a scheme it is in the session's default file
     *     system
     * @throws IllegalArgumentException if that is no URI, or Hadoop has no file system for its scheme
     */
    public static EventFiles in(SparkSession spark, String uri) {
        return new EventFiles(
                HadoopPlace.at(spark, "Cannot write event files in", uri),
                spark.sparkContext().getConf().get("spark.driver.host", "localhost"),
                Clock.systemUTC());
    }

    /** The last step that is in the file, and when that was. */
    private record Sample(long step, long rows, Instant time) {}

    /** A file of a run, and what flushes it. */
    private record Run(EventFile file, FSDataOutputStream stream) {}

    @Override
    public void begin(Start start) {
        close();
        metrics = start.metrics();
        sample = new Sample(0, 0, Instant.MIN);
        epoch = 0;
        writing(() -> train = open("train"));
    }

    @Override
    public void progress(WorkerEvent.Progress progress) {
        Instant now = clock.instant();
        Sample last = sample;
        if (progress.step() <= last.step() || now.isBefore(last.time().plus(SAMPLE))) {
            return;
        }
        sample = new Sample(progress.step(), progress.rows(), now);
        Summary.Builder summary = Summary.newBuilder();
        scalar(summary, "step_loss", progress.loss());
        for (int i = 0; i < metrics.size(); i++) {
            scalar(summary, "step_" + metrics.get(i), progress.metrics().get(i));
        }
        scalar(summary, "step_learning_rate", progress.rate());
        if (last.step() > 0 && progress.rows() > last.rows()) { // the rows are counted anew after a restart
            double seconds = Duration.between(last.time(), now).toNanos() / 1e9;
            scalar(summary, "step_rows_per_second", (progress.rows() - last.rows()) / seconds);
        }
        Run run = train;
        if (run != null) {
            writing(() -> run.file().add(now, progress.step(), summary.build()));
        }
    }

    @Override
    public void epoch(EpochResult result, ByteString histograms) {
        if (result.epoch() <= epoch) {
            return;
        }
        epoch = result.epoch();
        Instant now = clock.instant();
        Run run = train;
        if (run != null) {
            writing(() -> {
                run.file().add(now, result.epoch(), summaryOf(result, histograms));
                run.stream().hflush();
            });
        }
        if (!result.validation().isEmpty()) {
            writing(() -> {
                Run validated = validation == null ? open("validation") : validation;
                validation = validated;
                validated.file().add(now, result.epoch(), summaryOf(result.validation()));
                validated.stream().hflush();
            });
        }
    }

    @Override
    public void end(Ending ending) {
        close();
    }

    private static Summary summaryOf(EpochResult result, ByteString histograms) throws InvalidProtocolBufferException {
        Summary.Builder summary = Summary.newBuilder();
        scalar(summary, "epoch_loss", result.loss());
        result.metrics().forEach((name, value) -> scalar(summary, "epoch_" + name, value));
        scalar(summary, "epoch_learning_rate", result.rate());
        scalar(summary, "epoch_rows_per_second", result.rows() / result.seconds());
        return summary.mergeFrom(histograms).build();
    }

    private static Summary summaryOf(Map<String, Double> values) {
        Summary.Builder summary = Summary.newBuilder();
        values.forEach((name, value) -> scalar(summary, "epoch_" + name, value));
        return summary.build();
    }

    private static void scalar(Summary.Builder summary, String tag, double value) {
        summary.addValueBuilder().setTag(tag).setSimpleValue((float) value);
    }

    private Run open(String run) throws IOException {
        // Hadoop's checksums stand in files beside, which TensorBoard would take for event files
        FileSystem fileSystem =
                place.fileSystem() instanceof LocalFileSystem local ? local.getRawFileSystem() : place.fileSystem();
        Instant now = clock.instant();
        String name = "events.out.tfevents.%010d.%s.%d.%d"
                .formatted(now.getEpochSecond(), host, ProcessHandle.current().pid(), COUNT.getAndIncrement());
        FSDataOutputStream stream = fileSystem.create(new Path(place.below(run), name), /* overwrite= */ false);
        var opened = new Run(EventFile.begin(stream, now), stream);
        stream.hflush();
        return opened;
    }

    private void close() {
        Run first = train;
        Run second = validation;
        train = null;
        validation = null;
        writing(() -> {
            try {
                if (first != null) {
                    first.file().close();
                }
            } finally {
                if (second != null) {
                    second.file().close();
                }
            }
        });
    }

    /** Something that writes. */
    private interface Writing {
        void write() throws IOException;
    }

    private void writing(Writing writing) {
        try {
            place.hadoop(() -> {
                writing.write();
                return this;
            });
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "Cannot write event files in '%s': expected a directory that can be written, found that it cannot (%s). Let the driver's user write there, or name another one"
                            .formatted(place.location(), PrivateDirectory.describe(e)),
                    e);
        }
    }
}
