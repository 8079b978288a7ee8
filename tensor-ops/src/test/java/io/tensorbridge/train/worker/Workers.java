package io.tensorbridge.train.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.train.graph.Initialiser;
import io.tensorbridge.train.graph.TrainingGraph;
import io.tensorbridge.train.graph.TrainingProgram;
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
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** A small thing to train, and the processes that train it. */
final class Workers implements AutoCloseable {

    static final int CLASSES = 3;

    private static final int WIDTH = 4;
    private static final int VALIDATION = 1_000_000;
    static final String CLASS_PATH =
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));

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
        return perceptron(/* dropout= */ 0);
    }

    static TrainingProgram perceptron(double dropout) {
        return TrainingProgram.build(t -> {
            var tf = t.ops();
            var x = t.input("x", TFloat32.class, WIDTH);
            var label = t.label("label", TInt32.class, CLASSES);
            var hidden = dropped(
                    t,
                    tf.nn.relu(tf.math.add(
                            tf.linalg.matMul(x, t.variable("hidden/kernel", Initialiser.he(), WIDTH, 8)),
                            t.variable("hidden/bias", Initialiser.zeros(), 8))),
                    dropout);
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

    private static Operand<TFloat32> dropped(TrainingGraph t, Operand<TFloat32> values, double rate) {
        return rate == 0 ? values : t.dropout(values, rate);
    }

    /** Writes some of endless rows, which are the same ones always. */
    StoredRows rows(String name, int from, int count) throws IOException {
        ByteBuffer x = ByteBuffer.allocate(count * WIDTH * Float.BYTES).order(ByteOrder.nativeOrder());
        ByteBuffer labels = ByteBuffer.allocate(count * Integer.BYTES).order(ByteOrder.nativeOrder());
        for (int i = 0; i < count; i++) {
            var random = new Random(from + i);
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

    /** Returns what the workers are to do: each has the rows after those of the one before, and a quarter as many to validate. */
    List<WorkerTask> tasks(String run, Choices choices, @Nullable String checkpoint, int... rows) throws IOException {
        List<String> addresses = new ArrayList<>();
        if (rows.length > 1) {
            for (int ignored : rows) {
                addresses.add("127.0.0.1:" + freePort());
            }
        }
        List<Long> rowsOf = Arrays.stream(rows).asLongStream().boxed().toList();
        List<Long> validationRowsOf =
                Arrays.stream(rows).mapToObj(count -> count / 4L).toList();
        List<WorkerTask> tasks = new ArrayList<>();
        int from = 0;
        for (int rank = 0; rank < rows.length; rank++) {
            Path output = Files.createDirectory(directory.resolve(run + "-" + rank));
            tasks.add(new WorkerTask(
                    program,
                    choices.settings(),
                    rank,
                    addresses,
                    rows(run + "-rows-" + rank, from, rows[rank]),
                    rows(run + "-validation-" + rank, VALIDATION + from / 4, rows[rank] / 4),
                    rowsOf,
                    validationRowsOf,
                    checkpoint,
                    output.toString()));
            from += rows[rank];
        }
        return tasks;
    }

    /** Starts a process for each number of rows. */
    List<WorkerProcess> start(String run, Choices choices, @Nullable String checkpoint, int... rows)
            throws IOException {
        List<WorkerProcess> started = new ArrayList<>();
        for (WorkerTask task : tasks(run, choices, checkpoint, rows)) {
            started.add(start(task));
        }
        return started;
    }

    WorkerProcess start(WorkerTask task) throws IOException {
        WorkerProcess process =
                WorkerProcess.start(task, List.of(CLASS_PATH), Path.of(task.output()), /* heapMiB= */ 128);
        processes.add(process);
        return process;
    }

    /** Trains alone, in this process. */
    List<WorkerEvent> alone(String run, Choices choices, @Nullable String checkpoint, int rows) throws IOException {
        List<WorkerEvent> events = new ArrayList<>();
        Worker.run(tasks(run, choices, checkpoint, rows).get(0), events::add);
        return events;
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

    /** Returns how training failed. */
    static WorkerEvent.Failed failed(List<WorkerEvent> events) {
        WorkerEvent last = events.get(events.size() - 1);
        assertThat(last).as("%s", last).isInstanceOf(WorkerEvent.Failed.class);
        return (WorkerEvent.Failed) last;
    }

    /** Returns the events of a kind. */
    static <E extends WorkerEvent> List<E> all(List<WorkerEvent> events, Class<E> kind) {
        return events.stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    /** Returns the weights after each epoch. */
    static List<String> checksums(List<WorkerEvent> events) {
        return all(events, WorkerEvent.Epoch.class).stream()
                .map(WorkerEvent.Epoch::weights)
                .toList();
    }

    /** Returns the loss of each epoch, and that of its validation. */
    static double[] losses(WorkerEvent.Finished end) {
        return end.history().stream()
                .flatMapToDouble(epoch ->
                        DoubleStream.of(epoch.loss(), epoch.validation().getOrDefault("loss", Double.NaN)))
                .toArray();
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
