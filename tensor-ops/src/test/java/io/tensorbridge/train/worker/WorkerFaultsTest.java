package io.tensorbridge.train.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.train.graph.Initialiser;
import io.tensorbridge.train.graph.Optimizer;
import io.tensorbridge.train.graph.TrainingProgram;
import io.tensorbridge.train.worker.WorkerEvent.Failed;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

class WorkerFaultsTest {

    private static final int ENDLESS = 1_000_000; // epochs

    @TempDir
    private Path directory;

    private Workers workers;
    private final Choices choices = new Choices();

    @BeforeEach
    void begin() {
        workers = new Workers(directory);
        choices.stepSeconds = 2;
    }

    @AfterEach
    void leavesNoProcess() {
        workers.close();
        assertThat(ProcessHandle.current().descendants().filter(ProcessHandle::isAlive))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1}) // the one that leads the others, and one of the others
    void endsInTimeWhenAnotherIsKilled(int victim) throws IOException, InterruptedException {
        choices.epochs = ENDLESS;
        List<WorkerProcess> two = workers.start("run", choices, null, 40, 40);
        awaitSteps(two);
        kill("-KILL", two.get(victim).pid());
        long start = System.nanoTime();
        Failed failed = Workers.failed(Workers.eventsOf(two.get(1 - victim)));
        assertThat(failed.kind()).as("%s", failed).isEqualTo(Failed.Kind.PEER);
        assertThat(failed.step()).isPositive();
        assertThat(failed.message()).matches("Collective ops is aborted by: [A-Z][a-z ]+");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(6));
        Failed killed = Workers.failed(Workers.eventsOf(two.get(victim)));
        assertThat(killed.kind()).isEqualTo(Failed.Kind.MACHINE);
        assertThat(killed.message()).startsWith("its process ended with exit code 137, having said last:\n");
    }

    @Test
    void endsInTimeWhenAnotherDoesNotAnswer() throws IOException, InterruptedException {
        choices.epochs = ENDLESS;
        List<WorkerProcess> two = workers.start("run", choices, null, 40, 40);
        awaitSteps(two);
        kill("-STOP", two.get(1).pid());
        long start = System.nanoTime();
        Failed failed = Workers.failed(Workers.eventsOf(two.get(0)));
        assertThat(failed.kind()).as("%s", failed).isEqualTo(Failed.Kind.PEER);
        assertThat(failed.message()).matches("Collective has timed out [a-z ]+");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isBetween(Duration.ofSeconds(1), Duration.ofSeconds(6));
        while (two.get(1).next(Duration.ofMillis(500)).isPresent()) {
            // what it had said before
        }
    }

    @Test
    void endsWithItsParent() throws IOException, InterruptedException {
        choices.epochs = ENDLESS;
        WorkerTask task = workers.tasks("run", choices, null, 40).get(0);
        Process parent = ParentOfAWorker.start(task, directory);
        try (var out = new BufferedReader(new InputStreamReader(parent.getInputStream(), StandardCharsets.UTF_8))) {
            ProcessHandle child =
                    ProcessHandle.of(Long.parseLong(out.readLine())).orElseThrow();
            assertThat(child.isAlive()).isTrue();
            parent.destroyForcibly().waitFor();
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
            while (child.isAlive() && System.nanoTime() < end) {
                Thread.sleep(10);
            }
            assertThat(child.isAlive()).isFalse();
        } finally {
            parent.destroyForcibly();
        }
    }

    @Test
    void saysWhoseThePortIs() throws IOException, InterruptedException {
        WorkerTask task = workers.tasks("run", choices, null, 40, 40).get(0);
        int port = Integer.parseInt(task.addresses().get(0).replaceAll(".*:", ""));
        try (var taken = new ServerSocket(port)) {
            assertThat(taken.isBound()).isTrue();
            Failed failed = Workers.failed(Workers.eventsOf(workers.start(task)));
            assertThat(failed.kind()).isEqualTo(Failed.Kind.MACHINE);
            assertThat(failed.message())
                    .startsWith(
                            "Cannot train: expected to serve the other workers at 127.0.0.1:%d, found that it cannot ("
                                    .formatted(port));
        }
    }

    @Test
    void saysWhyItDoesNotStart() throws IOException, InterruptedException {
        WorkerTask task = workers.tasks("run", choices, null, 40).get(0);
        Optional<WorkerEvent> event;
        try (WorkerProcess process =
                WorkerProcess.start(task, List.of(directory.toString()), directory, /* heapMiB= */ 64)) {
            event = process.next(Duration.ofSeconds(20));
        } catch (IOException e) { // if it had ended before it was given its task
            event = Optional.of(new Failed(
                    Failed.Kind.MACHINE, -1, String.valueOf(e.getMessage()).replace("Cannot start a worker: ", "")));
        }
        assertThat(event).contains(new Failed(Failed.Kind.MACHINE, -1, """
                        its process ended with exit code 1, having said last:
                        Error: Could not find or load main class io.tensorbridge.train.worker.Worker
                        Caused by: java.lang.ClassNotFoundException: io.tensorbridge.train.worker.Worker"""));
    }

    @Test
    void stopsWhenTheLossIsNoNumber() throws IOException {
        choices.optimizer = Optimizer.sgd();
        choices.rate = 1e30;
        choices.checkpointSteps = 1;
        Failed failed = Workers.failed(workers.alone("run", choices, null, 100));
        assertThat(failed)
                .isEqualTo(
                        new Failed(
                                Failed.Kind.PROGRAM,
                                2,
                                "Cannot train on: expected a finite loss, found NaN in step 2; the last checkpoint was written after step 1. Lower the learningRate(…), set a clipNorm(…), or look for what the program divides by or takes the logarithm or the root of"));
    }

    @Test
    void stopsWhenVariablesAreNoNumbers() throws IOException {
        workers = new Workers(directory, TrainingProgram.build(t -> {
            var tf = t.ops();
            var x = t.input("x", TFloat32.class, 4);
            t.label("label", TInt32.class, 3);
            var weight = t.variable("weight", Initialiser.zeros());
            t.output("x", x);
            // at 0 a root is finite, and its slope is not
            t.loss(tf.math.add(
                    tf.math.mul(tf.math.mean(x, tf.constant(new int[] {0, 1})), tf.constant(0f)),
                    tf.math.sqrt(weight)));
        }));
        choices.batchRows = 100;
        choices.checkpointSteps = 1;
        Failed failed = Workers.failed(workers.alone("run", choices, null, 100));
        assertThat(failed)
                .isEqualTo(
                        new Failed(
                                Failed.Kind.PROGRAM,
                                1,
                                "Cannot train on: expected finite variables, found that 'weight' is not after step 1; no checkpoint was written. Lower the learningRate(…), set a clipNorm(…), or look for what the program divides by or takes the logarithm or the root of"));
    }

    private static void awaitSteps(List<WorkerProcess> processes) throws InterruptedException {
        for (WorkerProcess process : processes) {
            WorkerEvent event;
            do {
                event = process.next(Duration.ofSeconds(30)).orElseThrow();
                assertThat(event).isNotInstanceOf(Failed.class);
            } while (!(event instanceof WorkerEvent.Epoch));
        }
    }

    private static void kill(String signal, long pid) throws IOException, InterruptedException {
        assertThat(new ProcessBuilder("kill", signal, Long.toString(pid))
                        .start()
                        .waitFor())
                .isZero();
    }
}
