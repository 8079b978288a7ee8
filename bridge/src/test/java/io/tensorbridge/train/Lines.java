package io.tensorbridge.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.train.worker.EpochResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.spark.SparkEnv;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.Utils;
import org.assertj.core.data.Offset;

/** A line that is fitted by many small steps, and what its workers leave behind. */
final class Lines {

    private static final Offset<Double> SAME = Offset.offset(1e-5);

    private Lines() {}

    /** Returns a trainer of two workers, with ten steps in an epoch of {@code points}. */
    static Trainer trainer(int epochs) {
        return Trainer.of(TrainerTest.line())
                .workers(2)
                .epochs(epochs)
                .batchRows(10)
                .learningRate(0.01)
                .seed(7);
    }

    static TrainedProgram fit(Trainer trainer, SparkSession spark) {
        return trainer.fit(TrainerTest.points(spark, 200, 3));
    }

    static List<Double> losses(TrainedProgram trained) {
        return trained.epochs().stream().map(EpochResult::loss).toList();
    }

    /** Asserts that a curve is another one, or how that begins. */
    static void assertSameCurve(TrainedProgram trained, TrainedProgram expected) {
        List<Double> losses = losses(trained);
        for (int i = 0; i < losses.size(); i++) {
            assertThat(losses.get(i))
                    .as("loss of epoch %d", i + 1)
                    .isCloseTo(losses(expected).get(i), SAME);
        }
    }

    /** Waits until so many executors are there. */
    static void awaitExecutors(SparkSession spark, int executors) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        int others = 1; // the driver is one as well
        while (spark.sparkContext().statusTracker().getExecutorInfos().length < executors + others) {
            assertThat(System.nanoTime()).as("there are not enough executors").isLessThan(end);
            Thread.sleep(100);
        }
    }

    /** Returns the processes that train, of tasks in this process. */
    static List<ProcessHandle> workers() {
        return ProcessHandle.current().children().filter(ProcessHandle::isAlive).toList();
    }

    /** Asserts that training leaves no process, directory or thread in this process, or not for long. */
    static void assertNothingIsLeft() throws IOException, InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(15);
        while (!leftovers().isEmpty() && System.nanoTime() < end) {
            Thread.sleep(50); // a cancelled job has ended before its tasks have
        }
        assertThat(leftovers()).isEmpty();
    }

    private static List<String> leftovers() throws IOException {
        Path local = Path.of(Utils.getLocalDir(SparkEnv.get().conf()));
        try (Stream<Path> files = Files.list(local)) {
            return Stream.of(
                            workers().stream().map(worker -> "process " + worker.pid()),
                            files.map(file -> file.getFileName().toString())
                                    .filter(name -> name.startsWith(TaskDirectory.PREFIX)),
                            Thread.getAllStackTraces().keySet().stream()
                                    .map(thread -> "thread " + thread.getName())
                                    // those of sessions, which blocks run in, linger and are none of training's
                                    .filter(name -> name.contains("tensorbridge-")
                                            && !name.contains("tensorbridge-session")
                                            && !name.contains("tensorbridge-run-limit")))
                    .flatMap(all -> all)
                    .toList();
        }
    }
}
