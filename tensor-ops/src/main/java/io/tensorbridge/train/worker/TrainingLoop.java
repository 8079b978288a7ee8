package io.tensorbridge.train.worker;

import io.tensorbridge.tensor.TrainingSession;
import io.tensorbridge.tensor.TrainingSession.Fed;
import io.tensorbridge.train.graph.StepGraph;
import io.tensorbridge.train.worker.TrainingSettings.Better;
import io.tensorbridge.train.worker.TrainingSettings.Keep;
import io.tensorbridge.train.worker.WorkerEvent.Finished.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.DataType;

/** Takes the steps of one worker, epoch after epoch. Belongs to one thread. */
final class TrainingLoop {

    private static final long PROGRESS_NANOS = 200_000_000;

    private final WorkerTask task;
    private final TrainingSettings settings;
    private final StepGraph graph;
    private final TrainingSession session;
    private final Voice voice;
    private final Steps steps;
    private final RowOrder order;
    private final Batches batches;
    private final StepFeeds feeds;
    private final TrainingSession.Run accumulate;
    private final TrainingSession.Run apply;
    private final Validation validation;
    private final Weights weights;
    private final VariableFiles files;
    private final CheckpointWriter checkpoints;
    private final List<String> numbers = new ArrayList<>();

    private TrainingState state;
    private long progressNanos;
    private long rowsSeen;

    TrainingLoop(WorkerTask task, StepGraph graph, TrainingSession session, Consumer<WorkerEvent> events)
            throws IOException {
        this.task = task;
        this.settings = task.settings();
        this.graph = graph;
        this.session = session;
        voice = new Voice(events);
        numbers.add("loss");
        numbers.addAll(task.program().metrics());
        state = TrainingState.begin(numbers.size());
        steps = Steps.of(
                task.rowsOf(), (long) settings.batchRows() * settings.rule().accumulate());
        order = RowOrder.of(task.rows().rows());
        batches = new Batches(task.program().inputs(), MappedRows.of(task.rows()));
        feeds = new StepFeeds(task, graph.feeds());
        accumulate =
                session.prepare(feeds.all(), /* fetch= */ null, graph.targets().accumulate());
        apply = session.prepare(feeds.all(), graph.results(), graph.targets().apply());
        validation = new Validation(task, graph, session, feeds, numbers, voice);
        weights = new Weights(session, graph);
        files = new VariableFiles(session, graph.feeds().file());
        checkpoints = new CheckpointWriter(task, graph.targets(), files, weights, voice);
    }

    /** Gives variables their first values, or those of a checkpoint. */
    void begin(@Nullable Checkpoint checkpoint) {
        TrainingSession.Run initialise = session.prepare(
                List.of(new Fed(graph.feeds().random(), DataType.DT_INT64)),
                /* fetch= */ null,
                graph.targets().initialise());
        StepFeeds.random(initialise, 0, settings.seed(), 0);
        initialise.run();
        if (checkpoint != null) {
            files.run(graph.targets().saving().restore(), checkpoint.directory().resolve(Checkpoint.ALL));
            state = checkpoint.state();
            checkpoints.goOnFrom(checkpoint);
            if (settings.keep() == Keep.BEST && state.hasBest()) {
                files.run(
                        graph.targets().best().restore(), checkpoint.directory().resolve(Checkpoint.BEST));
            }
        }
        session.run(graph.targets().meet());
        voice.say(new WorkerEvent.Ready());
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
        if (settings.keep() == Keep.BEST && state.hasBest()) {
            session.run(graph.targets().best().take());
        }
        String result = "";
        if (task.rank() == 0) {
            Path directory = Files.createDirectory(Path.of(task.output()).resolve("result"));
            files.run(graph.targets().saving().saveWeights(), directory.resolve("variables"));
            result = directory.toString();
        }
        return new WorkerEvent.Finished(reason, state.history(), result);
    }

    long step() {
        return state.step();
    }

    private void epoch() throws IOException {
        order.shuffle(settings.seed(), state.epoch(), task.rank());
        while (state.stepOfEpoch() < steps.count()) {
            long start = System.nanoTime();
            float[] results = takeStep();
            long rowsOfStep = steps.rowsIn(state.stepOfEpoch());
            rowsSeen += rowsOfStep;
            state = state.after(results, rowsOfStep, (System.nanoTime() - start) / 1e9);
            if (!Float.isFinite(results[0])) {
                throw NotFiniteException.ofLoss(results[0], state.step(), checkpoints.last());
            }
            progress(results);
            if (state.stepOfEpoch() < steps.count()) {
                checkpoints.writeIfDue(state);
            }
        }
        long start = System.nanoTime();
        Map<String, Double> validated = validation.run(state.step());
        end(validated, (System.nanoTime() - start) / 1e9);
        checkpoints.writeIfDue(state);
    }

    private float[] takeStep() {
        long of = state.stepOfEpoch();
        long from = steps.from(task.rank(), of);
        long count = steps.from(task.rank(), of + 1) - from;
        double rowsOfStep = steps.rowsIn(of);
        int micro = settings.rule().accumulate();
        for (int i = 0; i < micro; i++) {
            TrainingSession.Run run = i + 1 < micro ? accumulate : apply;
            long first = from + count * i / micro;
            long last = from + count * (i + 1) / micro;
            batches.feed(run, order, first, last);
            feeds.feed(run, (last - first) / rowsOfStep, state.step(), i);
            if (i + 1 < micro) {
                run.run();
                voice.alive();
            }
        }
        return apply.run();
    }

    private void end(Map<String, Double> validated, double validationSeconds) {
        Weights.Found found = weights.look(task.rank() == 0 ? Weights.Wanted.HISTOGRAMS : Weights.Wanted.CHECKSUM);
        checkpoints.requireFinite(found, state.step());
        Map<String, Double> metrics = new LinkedHashMap<>();
        for (int i = 1; i < numbers.size(); i++) {
            metrics.put(numbers.get(i), state.sums().get(i) / steps.rows());
        }
        var result = new EpochResult(
                state.epoch(),
                state.step(),
                state.sums().get(0) / steps.rows(),
                metrics,
                validated,
                settings.rule().rate().at(state.step() - 1),
                state.seconds() + validationSeconds,
                steps.rows());
        double watched = watched(result);
        boolean better =
                !Double.isNaN(watched) && (!state.hasBest() || gain(watched, state.best()) > settings.leastGain());
        if (better && settings.keep() == Keep.BEST) {
            session.run(graph.targets().best().keep());
        }
        state = state.after(result, better ? watched : state.best(), better ? 0 : state.epochsWithoutBetter() + 1);
        voice.say(new WorkerEvent.Epoch(result, found.checksum(), found.histograms()));
    }

    private double watched(EpochResult result) {
        if (!result.validation().isEmpty()) {
            return result.validation().getOrDefault(settings.watched(), Double.NaN);
        }
        return settings.watched().equals("loss")
                ? result.loss()
                : result.metrics().getOrDefault(settings.watched(), Double.NaN);
    }

    private double gain(double value, double over) {
        return settings.better() == Better.LOWER ? over - value : value - over;
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
        voice.say(new WorkerEvent.Progress(
                state.epoch(),
                state.step(),
                steps.count() * settings.epochs(),
                results[0],
                metrics,
                settings.rule().rate().at(state.step() - 1),
                rowsSeen));
    }
}
