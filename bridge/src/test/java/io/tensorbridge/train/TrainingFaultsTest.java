package io.tensorbridge.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.tensorbridge.SparkExtension;
import io.tensorbridge.train.worker.EpochResult;
import io.tensorbridge.train.worker.WorkerEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerStageCompleted;
import org.apache.spark.scheduler.StageInfo;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What becomes of training when workers end, stand still or are not wanted any more; their executor is this process. */
@ExtendWith(SparkExtension.class)
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TrainingFaultsTest {

    private static final int EPOCHS = 100;

    private static TrainedProgram expected;

    @TempDir
    private Path directory;

    @BeforeAll
    static void trainWithoutFaults(SparkSession spark) throws Exception {
        try (var failures = new Failures(spark)) {
            expected = Lines.fit(Lines.trainer(EPOCHS), spark);
            assertThat(failures.reasons()).isEmpty();
        }
    }

    private String checkpoints() {
        return directory.resolve("checkpoints").toUri().toString();
    }

    @AfterEach
    void nothingIsLeft() throws IOException, InterruptedException {
        Lines.assertNothingIsLeft();
    }

    /** When something happens, the first time that it is so. */
    enum Moment {
        AFTER_THE_FIRST_STEP(1),
        IN_THE_MIDDLE(EPOCHS / 2),
        AFTER_THE_LAST_STEP(EPOCHS);

        private final int epoch;

        Moment(int epoch) {
            this.epoch = epoch;
        }
    }

    /** Does something once. */
    private static final class Once implements TrainingListener {

        private final Moment moment;
        private final Runnable action;
        private final AtomicBoolean done = new AtomicBoolean();

        Once(Moment moment, Runnable action) {
            this.moment = moment;
            this.action = action;
        }

        @Override
        public void progress(WorkerEvent.Progress progress) {
            if (moment == Moment.AFTER_THE_FIRST_STEP) {
                act();
            }
        }

        @Override
        public void epoch(EpochResult result, ByteString histograms) {
            if (result.epoch() >= moment.epoch) {
                act();
            }
        }

        private void act() {
            if (done.compareAndSet(false, true)) {
                action.run();
            }
        }
    }

    private static ProcessHandle newestWorker() {
        return Lines.workers().stream()
                .max(Comparator.comparingLong(ProcessHandle::pid))
                .orElseThrow(() -> new IllegalStateException("No worker is there"));
    }

    private static void stopNewestWorker() {
        try {
            new ProcessBuilder("kill", "-STOP", Long.toString(newestWorker().pid()))
                    .start()
                    .waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Why stages failed. */
    private static final class Failures extends SparkListener implements AutoCloseable {

        private final SparkSession spark;
        private final Map<String, String> reasons = new ConcurrentHashMap<>(); // by stages and attempts

        Failures(SparkSession spark) {
            this.spark = spark;
            spark.sparkContext().addSparkListener(this);
        }

        @Override
        public void onStageCompleted(SparkListenerStageCompleted completed) {
            StageInfo stage = completed.stageInfo();
            if (stage.failureReason().isDefined()) { // told by each of its tasks
                String attempt = stage.stageId() + "." + stage.attemptNumber();
                reasons.putIfAbsent(attempt, stage.failureReason().get());
            }
        }

        List<String> reasons() throws Exception {
            spark.sparkContext().listenerBus().waitUntilEmpty();
            return List.copyOf(reasons.values());
        }

        @Override
        public void close() {
            spark.sparkContext().removeSparkListener(this);
        }
    }

    @Test
    void goesOnFromTheCheckpointOfAnEarlierFit(SparkSession spark) {
        Lines.fit(Lines.trainer(3).checkpoints(checkpoints(), 7), spark);
        List<Long> steps = new ArrayList<>();
        TrainingListener listener = new TrainingListener() {
            @Override
            public void epoch(EpochResult result, ByteString histograms) {
                steps.add(result.step());
            }
        };

        TrainedProgram resumed =
                Lines.fit(Lines.trainer(6).checkpoints(checkpoints(), 7).listener(listener), spark);

        assertThat(Lines.losses(resumed)).hasSize(6);
        Lines.assertSameCurve(resumed, expected);
        assertThat(steps).containsExactly(30L, 40L, 50L, 60L); // the checkpoint was of step 28
    }

    @ParameterizedTest
    @EnumSource(Moment.class)
    void givesTheSameCurveWhenAWorkerIsKilled(Moment moment, SparkSession spark) throws Exception {
        var kill = new Once(moment, () -> newestWorker().destroyForcibly());
        try (var failures = new Failures(spark)) {
            TrainedProgram trained = Lines.fit(
                    Lines.trainer(EPOCHS)
                            .checkpoints(checkpoints(), 50)
                            .stepTimeout(Duration.ofSeconds(5))
                            .listener(kill),
                    spark);

            assertThat(trained.epochs()).hasSize(EPOCHS);
            Lines.assertSameCurve(trained, expected);
            if (moment != Moment.AFTER_THE_LAST_STEP) { // then the worker may have ended before
                assertThat(failures.reasons()).hasSize(1);
                assertThat(failures.reasons().get(0)).contains("Training stopped: expected ");
            }
        }
    }

    @Test
    void namesTheWorkerThatStandsStillAndTriesAgain(SparkSession spark) throws Exception {
        var stop = new Once(Moment.IN_THE_MIDDLE, TrainingFaultsTest::stopNewestWorker);
        try (var failures = new Failures(spark)) {
            long start = System.nanoTime();
            TrainedProgram trained = Lines.fit(
                    Lines.trainer(EPOCHS)
                            .checkpoints(checkpoints(), 50)
                            .stepTimeout(Duration.ofSeconds(3))
                            .listener(stop),
                    spark);

            assertThat(trained.epochs()).hasSize(EPOCHS);
            Lines.assertSameCurve(trained, expected);
            assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(60));
            assertThat(failures.reasons()).hasSize(1);
            assertThat(failures.reasons().get(0))
                    .containsPattern(
                            "Training stopped: expected worker [01] to go on after step 5\\d\\d, found that it did not answer for 6 s");
        }
    }

    @Test
    void leavesNothingWhenItsJobIsCancelled(SparkSession spark) throws Exception {
        var begun = new CountDownLatch(1);
        var ending = new CompletableFuture<TrainingListener.Ending>();
        TrainingListener listener = new TrainingListener() {
            @Override
            public void progress(WorkerEvent.Progress progress) {
                begun.countDown();
            }

            @Override
            public void end(Ending how) {
                ending.complete(how);
            }
        };
        var fit = CompletableFuture.runAsync(() -> {
            spark.sparkContext().setJobGroup("training", "training", /* interruptOnCancel= */ false);
            Lines.fit(Lines.trainer(1_000_000).listener(listener), spark);
        });
        assertThat(begun.await(60, TimeUnit.SECONDS)).isTrue();
        assertThat(Lines.workers()).hasSize(2);

        spark.sparkContext().cancelJobGroup("training");

        assertThatThrownBy(() -> fit.get(30, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasMessageContaining("cancelled part of cancelled job group training");
        assertThat(ending).isCompletedWithValue(TrainingListener.Ending.FAILED);
        Lines.assertNothingIsLeft();
    }

    @Test
    void leavesNothingWhenItsThreadIsInterrupted(SparkSession spark) throws Exception {
        var begun = new CountDownLatch(1);
        TrainingListener listener = new TrainingListener() {
            @Override
            public void progress(WorkerEvent.Progress progress) {
                begun.countDown();
            }
        };
        var thrown = new CompletableFuture<Throwable>();
        var thread = new Thread(() -> {
            try {
                Lines.fit(Lines.trainer(1_000_000).listener(listener), spark);
            } catch (RuntimeException e) {
                thrown.complete(e);
            }
        });
        thread.start();
        assertThat(begun.await(60, TimeUnit.SECONDS)).isTrue();

        thread.interrupt();

        assertThat(thrown.get(30, TimeUnit.SECONDS)).hasRootCauseInstanceOf(InterruptedException.class);
        Lines.assertNothingIsLeft();
    }
}
