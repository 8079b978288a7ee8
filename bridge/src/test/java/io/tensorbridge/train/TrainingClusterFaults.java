package io.tensorbridge.train;

import com.google.protobuf.ByteString;
import io.tensorbridge.ClusterDriver;
import io.tensorbridge.train.worker.EpochResult;
import io.tensorbridge.train.worker.WorkerEvent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.spark.sql.SparkSession;

/** The driver of a cluster of two executors: prints what becomes of training when one of them is killed. */
final class TrainingClusterFaults {

    private static final int EPOCHS = 40;

    private TrainingClusterFaults() {}

    /** When an executor is killed. */
    enum Moment {
        FIRST_STEP(0),
        MIDDLE_STEP(EPOCHS / 2),
        LAST_STEP(EPOCHS);

        private final int epoch;

        Moment(int epoch) {
            this.epoch = epoch;
        }
    }

    public static void main(String[] arguments) throws Exception {
        try (SparkSession spark = ClusterDriver.session(/* executors= */ 2, arguments[0], arguments[1])) {
            Lines.awaitExecutors(spark, 2);
            TrainedProgram expected = Lines.fit(Lines.trainer(EPOCHS), spark);
            for (Moment moment : Moment.values()) {
                ClusterDriver.print(moment.name(), outcome(moment, expected, spark));
            }
        }
    }

    private static String outcome(Moment moment, TrainedProgram expected, SparkSession spark) throws Exception {
        Path checkpoints = Files.createTempDirectory("checkpoints");
        var kill = new Kill(moment);
        Lines.awaitExecutors(spark, 2);
        TrainedProgram trained = Lines.fit(
                Lines.trainer(EPOCHS)
                        .checkpoints(checkpoints.toUri().toString(), 25)
                        .listener(kill),
                spark);
        List<Double> losses = Lines.losses(trained);
        double difference =
                Math.abs(losses.get(EPOCHS - 1) - Lines.losses(expected).get(EPOCHS - 1));
        long left = ProcessHandle.current()
                .descendants()
                .filter(process -> isRunning(process, "train.worker.Worker"))
                .count();
        return kill.done.get() && losses.size() == EPOCHS && difference < 1e-5
                ? "same, %d workers left".formatted(left)
                : "killed %s, %d epochs, other by %s".formatted(kill.done, losses.size(), difference);
    }

    private static boolean isRunning(ProcessHandle process, String main) {
        return process.info().commandLine().filter(line -> line.contains(main)).isPresent();
    }

    /** Kills an executor, once. */
    private static final class Kill implements TrainingListener {

        private final Moment moment;
        private final AtomicBoolean done = new AtomicBoolean();

        Kill(Moment moment) {
            this.moment = moment;
        }

        @Override
        public void progress(WorkerEvent.Progress progress) {
            if (moment == Moment.FIRST_STEP) {
                kill();
            }
        }

        @Override
        public void epoch(EpochResult result, ByteString histograms) {
            if (result.epoch() >= moment.epoch) {
                kill();
            }
        }

        private void kill() {
            if (done.compareAndSet(false, true)) {
                ProcessHandle.current()
                        .children()
                        .filter(process -> isRunning(process, "CoarseGrainedExecutorBackend"))
                        .max(Comparator.comparingLong(ProcessHandle::pid))
                        .orElseThrow(() -> new IllegalStateException("No executor is there"))
                        .destroyForcibly();
            }
        }
    }
}
