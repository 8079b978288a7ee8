package io.tensorbridge.ml;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.not;

import io.tensorbridge.Models;
import io.tensorbridge.internal.hadoop.HadoopPlace;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.TensorSpec;
import io.tensorbridge.train.EventFiles;
import io.tensorbridge.train.TrainedProgram;
import io.tensorbridge.train.Trainer;
import io.tensorbridge.train.TrainingListener;
import io.tensorbridge.train.graph.LearningRate;
import io.tensorbridge.train.graph.TrainingProgram;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.apache.hadoop.fs.Path;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.ml.util.MLWritable;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Option;

/**
 * Trains a program as an estimator of Spark ML: a {@link Trainer} with params.
 *
 * <pre>{@code
 * var network = new TensorEstimator()
 *         .setTrainingProgram(digits)
 *         .feed("pixels", "features")
 *         .setEpochs(10)
 *         .setLearningRate(0.002)
 *         .fetch("guess", "prediction");
 * TensorModel model = network.fit(pictures);
 * }</pre>
 *
 * <p>The model gives the program's outputs, with the values that training found. What a label is fed with is needed in training
 * alone.
 *
 * <p>Saved, an estimator is its params as JSON and its program as a saved model of TensorFlow's, with the values that its seed lets
 * variables begin with: loaded, it begins with these, whatever its seed. Listeners are not saved.
 *
 * <p>For use by one thread, as all of Spark ML's stages; copies are for others.
 */
public final class TensorEstimator extends TrainingParams implements MLWritable {

    private static final long serialVersionUID = 1;

    private static final Logger LOG = LoggerFactory.getLogger(TensorEstimator.class);
    private static final String TRAINING_PROGRAM = "trainingProgram";

    private transient @Nullable List<TrainingListener> listeners; // not for other processes

    /** Creates an estimator without a program. */
    public TensorEstimator() {
        this(Identifiable.randomUID("tensorEstimator"));
    }

    /**
     * Creates an estimator without a program.
     *
     * @param uid what names the stage within a pipeline
     */
    public TensorEstimator(String uid) {
        super(uid);
    }

    /** Returns what reads an estimator that was saved. */
    public static MLReader<TensorEstimator> read() {
        return new Reader();
    }

    /** Reads an estimator that was saved. */
    public static TensorEstimator load(String path) {
        return read().load(path);
    }

    @Override
    TensorEstimator self() {
        return this;
    }

    /** Adds a listener, which is told on the driver how each fit goes, that of copies too; see {@link TrainingListener}. */
    public TensorEstimator listener(TrainingListener listener) {
        List<TrainingListener> more = new ArrayList<>(listeners());
        more.add(listener);
        listeners = List.copyOf(more);
        return this;
    }

    private List<TrainingListener> listeners() {
        return listeners == null ? List.of() : listeners;
    }

    /**
     * Trains on all rows, in a job of Spark's.
     *
     * @throws io.tensorbridge.tensor.SignatureMismatchException if there is no program, or it does not fit the DataFrame; the
     *     message holds every mismatch
     * @throws IllegalArgumentException if params do not fit the program, or there are fewer slots than workers
     * @throws io.tensorbridge.train.TrainingException if training fails, by the program or the rows
     */
    @Override
    public TensorModel fit(Dataset<?> df) {
        var problems = new StageProblems(uid());
        Optional<TrainingProgram> program = program(problems);
        Optional<String> indicator = valueOf(validationIndicatorCol());
        indicator.ifPresent(column -> checkIndicator(df.schema(), column, problems));
        problems.throwIfAny();
        SparkSession spark = df.sparkSession();
        Trainer trainer = trainer(program.orElseThrow());
        Dataset<?> rows = df;
        if (indicator.isPresent()) {
            var isForValidation = col(HiddenColumns.quoted(indicator.get()));
            trainer = trainer.validation(df.filter(isForValidation));
            rows = df.filter(not(isForValidation));
        }
        String run = uid() + "-" + UUID.randomUUID();
        Optional<String> events = valueOf(eventDirectory());
        if (events.isPresent()) {
            trainer = trainer.listener(EventFiles.in(spark, new Path(events.get(), run).toString()));
        }
        Optional<String> checkpoints = valueOf(checkpointDirectory()).map(uri -> new Path(uri, run).toString());
        if (checkpoints.isPresent()) {
            trainer = trainer.checkpoints(checkpoints.get(), (int) getOrDefault(checkpointSteps()));
        }
        TrainedProgram trained = trainer.fit(rows);
        checkpoints.ifPresent(uri -> remove(spark, uri));
        return copyValues(new TensorModel(uid(), trained.program(), trained.history(spark)), new ParamMap())
                .setParent(this);
    }

    private Optional<TrainingProgram> program(StageProblems problems) {
        Optional<TrainingProgram> program = valueOf(trainingProgram());
        if (program.isEmpty()) {
            problems.add("expected a program, found none. Give it with setTrainingProgram(…)");
        }
        if (isSet(validationSplit()) && isSet(validationIndicatorCol())) {
            problems.add(
                    "expected either validationSplit or validationIndicatorCol, found both. Leave out setValidationSplit(…) or setValidationIndicatorCol(…)");
        }
        return program;
    }

    private static void checkIndicator(StructType schema, String column, StageProblems problems) {
        boolean isThere = Arrays.asList(schema.fieldNames()).contains(column);
        if (!isThere || !(schema.apply(column).dataType() instanceof BooleanType)) {
            problems.add("validationIndicatorCol '%s': expected a column of booleans, found %s"
                    .formatted(
                            column,
                            isThere
                                    ? "one of "
                                            + schema.apply(column).dataType().catalogString()
                                    : "none among " + List.of(schema.fieldNames())));
        }
    }

    private Trainer trainer(TrainingProgram program) {
        Trainer trainer = Trainer.of(program)
                .onNull(nullPolicy())
                .epochs((int) getOrDefault(epochs()))
                .batchRows((int) getOrDefault(batchRows()))
                .accumulate((int) getOrDefault(accumulate()))
                .seed((long) getOrDefault(seed()))
                .optimizer(getOrDefault(optimizer()))
                .learningRate(valueOf(schedule())
                        .orElseGet(() -> LearningRate.constant((double) getOrDefault(learningRate()))))
                .weightDecay((double) getOrDefault(weightDecay()))
                .watch(getOrDefault(watched()), betterChoice());
        for (var feed : getOrDefault(feeds()).entrySet()) {
            trainer = trainer.feed(feed.getKey(), feed.getValue());
        }
        for (var shape : getOrDefault(shapes()).entrySet()) {
            trainer = trainer.shape(shape.getKey(), TensorTransformer.dimensions(shape.getKey(), shape.getValue()));
        }
        for (TrainingListener listener : listeners()) {
            trainer = trainer.listener(listener);
        }
        trainer = with(trainer, valueOf(workers()), (to, value) -> to.workers((int) value));
        trainer = with(trainer, valueOf(clipValue()), (to, value) -> to.clipValue((double) value));
        trainer = with(trainer, valueOf(clipNorm()), (to, value) -> to.clipNorm((double) value));
        trainer = with(trainer, valueOf(validationSplit()), (to, value) -> to.validationSplit((double) value));
        trainer = with(
                trainer,
                valueOf(patience()),
                (to, value) -> to.earlyStopping((int) value, (double) getOrDefault(leastGain())));
        return switch (keepChoice()) {
            case LAST -> trainer;
            case BEST -> trainer.keepBest();
        };
    }

    /** A refinement of a trainer by a value. */
    private interface Refinement<T> {
        Trainer refine(Trainer trainer, T value);
    }

    private static <T> Trainer with(Trainer trainer, Optional<T> value, Refinement<T> refinement) {
        return value.map(present -> refinement.refine(trainer, present)).orElse(trainer);
    }

    private static void remove(SparkSession spark, String uri) {
        HadoopPlace place = HadoopPlace.at(spark, "Cannot remove checkpoints in", uri);
        try {
            place.hadoop(() -> place.fileSystem().delete(place.path(), /* recursive= */ true));
        } catch (IOException e) { // they are in nobody's way
            LOG.warn("Cannot remove the checkpoints in {}: {}", place.location(), e.getMessage());
        }
    }

    /**
     * Returns the schema that the model gives to a DataFrame of this schema. Starts no session and no job; the program is loaded
     * into TensorFlow to see what it gives.
     *
     * @throws io.tensorbridge.tensor.SignatureMismatchException if there is no program, or it does not fit such a DataFrame; the
     *     message holds every mismatch
     * @throws IllegalStateException if no Spark session is there, whose settings decide how names are compared
     */
    @Override
    public StructType transformSchema(StructType schema) {
        var problems = new StageProblems(uid());
        Optional<TrainingProgram> program = program(problems);
        valueOf(validationIndicatorCol()).ifPresent(column -> checkIndicator(schema, column, problems));
        problems.throwIfAny();
        Option<SparkSession> session = SparkSession.getActiveSession().orElse(SparkSession::getDefaultSession);
        if (session.isEmpty()) {
            throw new IllegalStateException(
                    "Cannot transform a schema with stage '%s': expected a Spark session, found none. Start one with SparkSession.builder()"
                            .formatted(uid()));
        }
        Dataset<Row> empty = session.get().createDataFrame(List.<Row>of(), schema);
        checkInputs(program.orElseThrow(), empty, problems);
        problems.throwIfAny();
        Program first = FirstProgram.of(program.orElseThrow(), (long) getOrDefault(seed()));
        return copyValues(new TensorModel(uid(), first, empty), new ParamMap())
                .transform(empty)
                .schema();
    }

    private void checkInputs(TrainingProgram program, Dataset<Row> df, StageProblems problems) {
        for (TensorSpec input : program.inputs()) {
            String column = getOrDefault(feeds()).getOrDefault(input.name(), input.name());
            if (Arrays.stream(df.columns()).noneMatch(name -> HiddenColumns.isSame(df, name, column))) {
                problems.add("input '%s': expected column '%s', found none among %s. Name one with feed(\"%s\", \"…\")"
                        .formatted(input.name(), column, List.of(df.columns()), input.name()));
            }
        }
    }

    @Override
    public TensorEstimator copy(ParamMap extra) {
        TensorEstimator copied = defaultCopy(extra);
        copied.listeners = listeners;
        return copied;
    }

    /** Returns what writes the estimator: its params as JSON, and its program as a saved model of TensorFlow's. */
    @Override
    public MLWriter write() {
        return new Writer(this);
    }

    private static final class Writer extends MLWriter {

        private final TensorEstimator stage;

        Writer(TensorEstimator stage) {
            this.stage = stage;
        }

        @Override
        public void save(String path) throws IOException {
            requireProgram(); // before what is there is overwritten
            super.save(path);
        }

        private TrainingProgram requireProgram() {
            return stage.valueOf(stage.trainingProgram())
                    .orElseThrow(() -> new IllegalStateException(
                            "Cannot save stage '%s': expected a program, found none. Give it with setTrainingProgram(…)"
                                    .formatted(stage.uid())));
        }

        @Override
        public void saveImpl(String path) {
            TrainingProgram program = requireProgram();
            StageMetadata.write(stage, path, sparkSession(), Map.of());
            String place = new Path(path, TRAINING_PROGRAM).toString();
            FirstProgram.save(
                    program,
                    (long) stage.getOrDefault(stage.seed()),
                    new HadoopTarget(HadoopPlace.at(sparkSession(), "Cannot save a training program to", place)));
        }
    }

    private static final class Reader extends MLReader<TensorEstimator> {

        @Override
        public TensorEstimator load(String path) {
            StageMetadata metadata = StageMetadata.read(TensorEstimator.class, path, sparkSession());
            var stage = new TensorEstimator(metadata.uid());
            metadata.setParams(stage, stage.trainingProgram());
            String place = new Path(path, TRAINING_PROGRAM).toString();
            return stage.setTrainingProgram(TrainingProgram.fromSavedModel(Models.at(sparkSession(), place)));
        }
    }
}
