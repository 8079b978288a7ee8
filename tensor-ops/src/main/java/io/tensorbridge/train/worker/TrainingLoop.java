package io.tensorbridge.train.worker;

import com.google.protobuf.ByteString;
import io.tensorbridge.tensor.TensorSpec;
import io.tensorbridge.tensor.TrainingSession;
import io.tensorbridge.tensor.TrainingSession.Fed;
import io.tensorbridge.train.graph.StepGraph;
import io.tensorbridge.train.worker.TrainingSettings.Better;
import io.tensorbridge.train.worker.TrainingSettings.Keep;
import io.tensorbridge.train.worker.WorkerEvent.Finished.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.DataType;

/** Takes the steps of one worker, epoch after epoch. Belongs to one thread. */
final class TrainingLoop {

    private static final long PROGRESS_NANOS = 200_000_000;

    private final WorkerTask task;
    private final TrainingSettings settings;
    private final StepGraph graph;
    private final TrainingSession session;
    private final Consumer<WorkerEvent> events;
    private final Steps steps;
    private final Steps validationSteps;
    private final MappedRows rows;
    private final Batches batches;
    private final Batches validationBatches;
    private final MappedRows validationRows;
    private final TrainingSession.Run accumulate;
    private final TrainingSession.Run apply;
    private final TrainingSession.Run evaluate;
    private final TrainingSession.Run total;
    private final List<String> numbers = new ArrayList<>();

    private TrainingState state;
    private long checkpointNanos = System.nanoTime();
    private long progressNanos;
    private long rowsSeen;

    TrainingLoop(WorkerTask task, StepGraph graph, TrainingSession session, Consumer<WorkerEvent> events)
            throws IOException {
        this.task = task;
        this.settings = task.settings();
        this.graph = graph;
        this.session = session;
        this.events = events;
        numbers.add("loss");
        numbers.addAll(task.program().metrics());
        state = TrainingState.begin(numbers.size());
        steps = Steps.of(
                task.rowsOf(), (long) settings.batchRows() * settings.rule().accumulate());
        validationSteps = Steps.of(task.validationRowsOf(), settings.batchRows());
        List<TensorSpec> inputs = task.program().inputs();
        rows = MappedRows.of(task.rows());
        validationRows = MappedRows.of(task.validation());
        batches = new Batches(inputs, rows);
        validationBatches = new Batches(inputs, validationRows);
        List<Fed> feeds = new ArrayList<>(Batches.feeds(inputs, graph.feeds().inputs()));
        feeds.add(new Fed(graph.feeds().weight(), DataType.DT_FLOAT));
        feeds.add(new Fed(graph.feeds().rate(), DataType.DT_FLOAT));
        feeds.add(new Fed(graph.feeds().count(), DataType.DT_INT64));
        feeds.add(new Fed(graph.feeds().random(), DataType.DT_INT64));
        accumulate = session.prepare(feeds, /* fetch= */ null, graph.targets().accumulate());
        apply = session.prepare(feeds, graph.results(), graph.targets().apply());
        evaluate = session.prepare(feeds, /* fetch= */ null, graph.targets().evaluate());
        total = session.prepare(List.of(), graph.total(), /* target= */ null);
    }

    /** Gives variables their first values, or those of a checkpoint. */
    void begin(@Nullable Checkpoint checkpoint) {
        TrainingSession.Run initialise = session.prepare(
                List.of(new Fed(graph.feeds().random(), DataType.DT_INT64)),
                /* fetch= */ null,
                graph.targets().initialise());
        longs(initialise, 0, settings.seed(), 0);
        initialise.run();
        if (checkpoint != null) {
            file(graph.targets().saving().restore(), checkpoint.directory().resolve(Checkpoint.ALL));
            state = checkpoint.state();
            if (settings.keep() == Keep.BEST && !Double.isNaN(state.best())) {
                file(graph.targets().best().restore(), checkpoint.directory().resolve(Checkpoint.BEST));
            }
        }
        events.accept(new WorkerEvent.Ready());
    }

    /** Trains until the last epoch, or until nothing gets better. */
    WorkerEvent.Finished run() throws IOException {
        Reason reason = Reason.ALL_EPOCHS;
        while (state.epoch() <= settings.epochs()) {
            if (settings.patience() > 0 && state.epochsWithoutBetter() >= settings.patience()) {
                reason = Reason.NO_BETTER;
                break;
            }
            epoch();
        }
        if (settings.keep() == Keep.BEST && !Double.isNaN(state.best())) {
            session.run(graph.targets().best().take());
        }
        String result = "";
        if (task.rank() == 0) {
            Path directory = Files.createDirectory(Path.of(task.output()).resolve("result"));
            file(graph.targets().saving().saveWeights(), directory.resolve("variables"));
            result = directory.toString();
        }
        return new WorkerEvent.Finished(reason, state.history(), result);
    }

    long step() {
        return state.step();
    }

    private void epoch() throws IOException {
        RowOrder order = RowOrder.shuffled(rows.count(), settings.seed(), state.epoch(), task.rank());
        while (state.stepOfEpoch() < steps.count()) {
            long start = System.nanoTime();
            float[] results = step(order);
            long of = state.stepOfEpoch();
            long rowsOfStep = steps.rowsIn(of);
            rowsSeen += rowsOfStep;
            state = state.after(results, rowsOfStep, (System.nanoTime() - start) / 1e9);
            if (!Float.isFinite(results[0])) {
                throw new NotFiniteException(state.step(), results[0]);
            }
            progress(results);
            if (state.stepOfEpoch() < steps.count()) {
                checkpointIfDue();
            }
        }
        long start = System.nanoTime();
        Map<String, Double> validation = validate();
        end(validation, (System.nanoTime() - start) / 1e9);
        checkpointIfDue();
    }

    private float[] step(RowOrder order) {
        long of = state.stepOfEpoch();
        long from = steps.from(task.rank(), of);
        long until = steps.from(task.rank(), of + 1);
        long rowsOfStep = steps.rowsIn(of);
        int micro = settings.rule().accumulate();
        for (int i = 0; i < micro - 1; i++) {
            feed(
                    accumulate,
                    order,
                    from + (until - from) * i / micro,
                    from + (until - from) * (i + 1) / micro,
                    rowsOfStep);
            accumulate.run();
        }
        feed(apply, order, from + (until - from) * (micro - 1) / micro, until, rowsOfStep);
        return apply.run();
    }

    private void feed(TrainingSession.Run run, RowOrder order, long from, long until, long rowsOfStep) {
        batches.feed(run, order, from, until);
        numbers(run, (float) ((double) (until - from) / rowsOfStep));
    }

    private void numbers(TrainingSession.Run run, float weight) {
        int next = task.program().inputs().size();
        floats(run, next, weight);
        floats(run, next + 1, (float) settings.rule().rate().at(state.step()));
        longs(run, next + 2, state.step());
        longs(run, next + 3, Seeds.mix(settings.seed(), task.rank() + 1L), state.step() + 1);
    }

    private static void floats(TrainingSession.Run run, int feed, float value) {
        run.feed(feed, Float.BYTES).putFloat(0, value);
    }

    private static void longs(TrainingSession.Run run, int feed, long... values) {
        ByteBuffer to = values.length == 1
                ? run.feed(feed, Long.BYTES)
                : run.feed(feed, (long) values.length * Long.BYTES, values.length);
        for (int i = 0; i < values.length; i++) {
            to.putLong(i * Long.BYTES, values[i]);
        }
    }

    private void file(String target, Path prefix) {
        TrainingSession.Run run =
                session.prepare(List.of(new Fed(graph.feeds().file(), DataType.DT_STRING)), /* fetch= */ null, target);
        run.feed(0, prefix.toString());
        run.run();
    }

    private Map<String, Double> validate() {
        long all = validationSteps.rows();
        if (all == 0) {
            return Map.of();
        }
        RowOrder order = RowOrder.asTheyLie(validationRows.count());
        for (long i = 0; i < validationSteps.count(); i++) {
            long from = validationSteps.from(task.rank(), i);
            long until = validationSteps.from(task.rank(), i + 1);
            if (until > from) {
                validationBatches.feed(evaluate, order, from, until);
                numbers(evaluate, (float) ((double) (until - from) / all));
                evaluate.run();
            }
        }
        float[] results = total.run();
        Map<String, Double> named = new LinkedHashMap<>();
        for (int i = 0; i < results.length; i++) {
            named.put(numbers.get(i), (double) results[i]);
        }
        return named;
    }

    private void end(Map<String, Double> validation, double validationSeconds) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        double loss = state.sums().get(0) / steps.rows();
        for (int i = 1; i < numbers.size(); i++) {
            metrics.put(numbers.get(i), state.sums().get(i) / steps.rows());
        }
        var result = new EpochResult(
                state.epoch(),
                state.step(),
                loss,
                metrics,
                validation,
                settings.rule().rate().at(state.step() - 1),
                state.seconds() + validationSeconds,
                steps.rows());
        double watched = watched(result);
        boolean better = Double.isNaN(state.best()) || gain(watched) > settings.leastGain();
        if (better && settings.keep() == Keep.BEST) {
            session.run(graph.targets().best().keep());
        }
        state = state.after(result, better ? watched : state.best(), better ? 0 : state.epochsWithoutBetter() + 1);
        events.accept(new WorkerEvent.Epoch(result, checksum(), ByteString.EMPTY));
    }

    private double watched(EpochResult result) {
        if (!result.validation().isEmpty()) {
            return result.validation().getOrDefault(settings.watched(), Double.NaN);
        }
        return settings.watched().equals("loss")
                ? result.loss()
                : result.metrics().getOrDefault(settings.watched(), Double.NaN);
    }

    private double gain(double value) {
        return settings.better() == Better.LOWER ? state.best() - value : value - state.best();
    }

    /** Returns a checksum of all variables, by which it is seen that they are the same on every worker. */
    private String checksum() {
        var crc = new CRC32C();
        for (String weights : graph.weights()) {
            session.read(weights, crc::update);
        }
        return Long.toHexString(crc.getValue());
    }

    private void progress(float[] results) {
        long now = System.nanoTime();
        if (now - progressNanos < PROGRESS_NANOS) {
            return;
        }
        progressNanos = now;
        List<Double> metrics = new ArrayList<>();
        for (int i = 1; i < results.length; i++) {
            metrics.add((double) results[i]);
        }
        events.accept(new WorkerEvent.Progress(
                state.epoch(),
                state.step(),
                steps.count() * settings.epochs(),
                results[0],
                metrics,
                settings.rule().rate().at(state.step() - 1),
                rowsSeen));
    }

    private void checkpointIfDue() throws IOException {
        boolean byStep = settings.checkpointSteps() > 0 && state.step() % settings.checkpointSteps() == 0;
        boolean byTime = settings.checkpointSeconds() > 0
                && (System.nanoTime() - checkpointNanos) / 1e9 >= settings.checkpointSeconds();
        boolean due = byStep || byTime;
        if (!due || task.rank() != 0) {
            return;
        }
        Path directory = Files.createDirectory(Path.of(task.output()).resolve("checkpoint-" + state.step()));
        file(graph.targets().saving().save(), directory.resolve(Checkpoint.ALL));
        if (settings.keep() == Keep.BEST && !Double.isNaN(state.best())) {
            file(graph.targets().best().save(), directory.resolve(Checkpoint.BEST));
        }
        Checkpoint.write(directory, state, task);
        checkpointNanos = System.nanoTime();
        events.accept(new WorkerEvent.Checkpoint(state.step(), directory.toString()));
    }

    /** The loss is no number any more. */
    static final class NotFiniteException extends RuntimeException {

        NotFiniteException(long step, float loss) {
            super(
                    "Cannot train on: expected a finite loss, found %s after step %d. Lower the learningRate(…), set a clipNorm(…), or look for what the program divides by or takes the logarithm of"
                            .formatted(loss, step));
        }
    }
}
