package io.tensorbridge.train.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.train.graph.Initialiser;
import io.tensorbridge.train.graph.LearningRate;
import io.tensorbridge.train.graph.Optimizer;
import io.tensorbridge.train.graph.TrainingProgram;
import io.tensorbridge.train.graph.UpdateRule;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** A small thing to train, and the processes that train it. */
final class Workers implements AutoCloseable {

    static final int CLASSES = 3;

    private static final int WIDTH = 4;
    private static final long SEED = 20_26;

    private final Path directory;
    private final TrainingProgram program;
    private final List<WorkerProcess> processes = new ArrayList<>();

    Workers(Path directory) {
        this(directory, perceptron());
    }

    Workers(Path directory, TrainingProgram program) {
        this.directory = directory;
        this.program = program;
    }

    /** Tells which of three the largest is of the first three of four numbers. */
    static TrainingProgram perceptron() {
        return TrainingProgram.build(t -> {
            var tf = t.ops();
            var x = t.input("x", TFloat32.class, WIDTH);
            var label = t.label("label", TInt32.class, CLASSES);
            var hidden = tf.nn.relu(tf.math.add(
                    tf.linalg.matMul(x, t.variable("hidden/kernel", Initialiser.he(), WIDTH, 8)),
                    t.variable("hidden/bias", Initialiser.zeros(), 8)));
            var scores = tf.math.add(
                    tf.linalg.matMul(hidden, t.variable("out/kernel", Initialiser.glorot(), 8, CLASSES)),
                    t.variable("out/bias", Initialiser.zeros(), CLASSES));
            var oneHot = tf.oneHot(label, tf.constant(CLASSES), tf.constant(1f), tf.constant(0f));
            t.loss(tf.math.mean(
                    tf.nn.softmaxCrossEntropyWithLogits(scores, oneHot).loss(), tf.constant(0)));
            var guess = tf.math.argMax(scores, tf.constant(1), TInt32.class);
            t.metric(
                    "accuracy",
                    tf.math.mean(tf.dtypes.cast(tf.math.equal(guess, label), TFloat32.class), tf.constant(0)));
            t.output("guess", guess);
        });
    }

    static TrainingSettings settings(int epochs) {
        return new TrainingSettings(
                new UpdateRule(
                        Optimizer.adam(),
                        LearningRate.constant(0.02),
                        0,
                        Double.POSITIVE_INFINITY,
                        Double.POSITIVE_INFINITY,
                        1,
                        UpdateRule.Wire.FLOAT),
                epochs,
                /* batchRows= */ 16,
                SEED,
                "loss",
                TrainingSettings.Better.LOWER,
                /* patience= */ 0,
                /* leastGain= */ 0,
                TrainingSettings.Keep.LAST,
                /* checkpointSteps= */ 0,
                /* checkpointSeconds= */ 0,
                /* stepSeconds= */ 10,
                /* threads= */ 1);
    }

    /** Writes rows, others for each seed. */
    StoredRows rows(String name, int count, long seed) throws IOException {
        var random = new Random(seed);
        ByteBuffer x = ByteBuffer.allocate(count * WIDTH * Float.BYTES).order(ByteOrder.nativeOrder());
        ByteBuffer labels = ByteBuffer.allocate(count * Integer.BYTES).order(ByteOrder.nativeOrder());
        for (int i = 0; i < count; i++) {
            float[] row = new float[WIDTH];
            int largest = 0;
            for (int j = 0; j < WIDTH; j++) {
                row[j] = (float) random.nextGaussian();
                x.putFloat(row[j]);
                largest = j < CLASSES && row[j] > row[largest] ? j : largest;
            }
            labels.putInt(largest);
        }
        try (RowFiles files = RowFiles.create(directory.resolve(name), List.of(WIDTH * Float.BYTES, Integer.BYTES))) {
            files.append(List.of(x.flip(), labels.flip()), count);
            return files.rows();
        }
    }

    /** Starts a process for each number of rows. */
    List<WorkerProcess> start(String run, TrainingSettings settings, @Nullable String checkpoint, int... rows)
            throws IOException {
        List<String> addresses = new ArrayList<>();
        if (rows.length > 1) {
            for (int ignored : rows) {
                addresses.add("127.0.0.1:" + freePort());
            }
        }
        List<Long> rowsOf = Arrays.stream(rows).asLongStream().boxed().toList();
        List<Long> validationRowsOf =
                Arrays.stream(rows).mapToObj(count -> count / 4L).toList();
        List<WorkerProcess> started = new ArrayList<>();
        for (int rank = 0; rank < rows.length; rank++) {
            Path output = Files.createDirectory(directory.resolve(run + "-" + rank));
            var task = new WorkerTask(
                    program,
                    settings,
                    rank,
                    addresses,
                    rows(run + "-rows-" + rank, rows[rank], rank),
                    rows(run + "-validation-" + rank, rows[rank] / 4, 100 + rank),
                    rowsOf,
                    validationRowsOf,
                    checkpoint,
                    output.toString());
            WorkerProcess process = WorkerProcess.start(
                    task,
                    List.of(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))),
                    output,
                    /* heapMiB= */ 128);
            processes.add(process);
            started.add(process);
        }
        return started;
    }

    /** Returns all that a worker says until it has ended. */
    static List<WorkerEvent> eventsOf(WorkerProcess process) throws InterruptedException {
        List<WorkerEvent> events = new ArrayList<>();
        while (events.isEmpty() || !isEnd(events.get(events.size() - 1))) {
            events.add(process.next(Duration.ofSeconds(60))
                    .orElseThrow(() -> new IllegalStateException("The worker is silent, after " + events)));
        }
        return events;
    }

    /** Returns how training ended, if it was not by a failure. */
    static WorkerEvent.Finished finished(List<WorkerEvent> events) {
        WorkerEvent last = events.get(events.size() - 1);
        assertThat(last).as("%s", last).isInstanceOf(WorkerEvent.Finished.class);
        return (WorkerEvent.Finished) last;
    }

    static boolean isEnd(WorkerEvent event) {
        return event instanceof WorkerEvent.Finished || event instanceof WorkerEvent.Failed;
    }

    /** Returns the end that all workers came to. */
    static List<WorkerEvent> endsOf(List<WorkerProcess> processes) throws InterruptedException {
        List<WorkerEvent> ends = new ArrayList<>();
        for (WorkerProcess process : processes) {
            List<WorkerEvent> events = eventsOf(process);
            ends.add(events.get(events.size() - 1));
        }
        return ends;
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    @Override
    public void close() {
        processes.forEach(WorkerProcess::close);
    }
}
