package io.tensorbridge.ml;

import static java.util.Objects.requireNonNull;

import io.tensorbridge.arrow.NullPolicy;
import io.tensorbridge.ml.TensorTransformer.OnNull;
import io.tensorbridge.train.graph.LearningRate;
import io.tensorbridge.train.graph.Optimizer;
import io.tensorbridge.train.graph.TrainingProgram;
import io.tensorbridge.train.worker.TrainingSettings.Better;
import io.tensorbridge.train.worker.TrainingSettings.Keep;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;

/** What a {@link TensorEstimator} can be told: the refinements of a {@link io.tensorbridge.train.Trainer}, as params. */
public abstract sealed class TrainingParams extends Estimator<TensorModel> permits TensorEstimator {

    private static final long serialVersionUID = 1;

    private final String uid;
    private final TrainingProgramParam trainingProgram;
    private final SealedParam<Optimizer> optimizer;
    private final SealedParam<LearningRate> schedule;
    private final MapParam feeds;
    private final MapParam fetches;
    private final MapParam shapes;
    private final ChoiceParam<OnNull> onNull;
    private final DoubleParam fillValue;
    private final TextParam watched;
    private final ChoiceParam<Better> better;
    private final ChoiceParam<Keep> keep;
    private final TextParam checkpointDirectory;
    private final IntParam checkpointSteps;
    private final TextParam eventDirectory;
    private final IntParam epochs;
    private final IntParam batchRows;
    private final IntParam workers;
    private final IntParam accumulate;
    private final LongParam seed;
    private final DoubleParam learningRate;
    private final DoubleParam weightDecay;
    private final DoubleParam clipValue;
    private final DoubleParam clipNorm;
    private final DoubleParam validationSplit;
    private final Param<String> validationIndicatorCol;
    private final IntParam patience;
    private final DoubleParam leastGain;

    TrainingParams(String uid) {
        this.uid = requireNonNull(uid, "uid");
        trainingProgram = new TrainingProgramParam(this, "trainingProgram", "what is trained");
        optimizer = new SealedParam<>(this, "optimizer", "how variables follow their gradients", Optimizer.class);
        schedule = new SealedParam<>(this, "schedule", "the rate of each step, for learningRate", LearningRate.class);
        feeds = new MapParam(this, "feeds", "columns by the inputs that they feed; other inputs are fed by name");
        fetches = new MapParam(
                this, "fetches", "new columns by the outputs that they hold; none for all outputs by their names");
        shapes = new MapParam(this, "shapes", "shapes of cells by column, such as 28,28,1");
        onNull = new ChoiceParam<>(this, "onNull", "what becomes of nulls that are fed", OnNull.class);
        fillValue = new DoubleParam(this, "fillValue", "the number that the program sees for a null");
        watched = new TextParam(this, "watched", "the metric that tells which weights are better");
        better = new ChoiceParam<>(this, "better", "which values of the watched metric are better", Better.class);
        keep = new ChoiceParam<>(this, "keep", "which weights are the result", Keep.class);
        checkpointDirectory = new TextParam(this, "checkpointDirectory", "where checkpoints are while it trains");
        checkpointSteps = new CountParam(this, "checkpointSteps", "steps from one checkpoint to the next");
        eventDirectory = new TextParam(this, "eventDirectory", "where event files for TensorBoard are");
        epochs = new CountParam(this, "epochs", "how often every row is seen, at most");
        batchRows = new CountParam(this, "batchRows", "rows of each worker in a step, at most");
        workers = new CountParam(this, "workers", "workers; without it as many as there are slots");
        accumulate = new CountParam(this, "accumulate", "batches in a step");
        seed = new LongParam(this, "seed", "what all that is random comes of");
        learningRate = new DoubleParam(this, "learningRate", "the rate of every step, if there is no schedule");
        weightDecay =
                new DoubleParam(this, "weightDecay", "what variables lose of themselves in a step, times the rate");
        clipValue = new DoubleParam(this, "clipValue", "the largest value of a gradient, either way");
        clipNorm = new DoubleParam(this, "clipNorm", "the largest norm of all gradients together");
        validationSplit =
                new DoubleParam(this, "validationSplit", "which share of the rows is held back for the validation");
        validationIndicatorCol = new TextParam(
                this, "validationIndicatorCol", "the column of booleans that are true for rows to validate on");
        patience =
                new CountParam(this, "patience", "epochs that may pass without a better value before training stops");
        leastGain = new DoubleParam(this, "leastGain", "by how much a value must be better to count");
        setDefault(optimizer, Optimizer.adam());
        setDefault(feeds, Map.of());
        setDefault(fetches, Map.of());
        setDefault(shapes, Map.of());
        setDefault(onNull, ChoiceParam.nameOf(OnNull.FAIL));
        setDefault(fillValue, 0.0);
        setDefault(watched, "loss");
        setDefault(better, ChoiceParam.nameOf(Better.LOWER));
        setDefault(keep, ChoiceParam.nameOf(Keep.LAST));
        setDefault(checkpointSteps, 1000);
        setDefault(epochs, 1);
        setDefault(batchRows, 32);
        setDefault(accumulate, 1);
        setDefault(seed, 1L);
        setDefault(learningRate, 0.001);
        setDefault(weightDecay, 0.0);
        setDefault(leastGain, 0.0);
    }

    @Override
    public final String uid() {
        return uid;
    }

    /** Returns the param of {@link #setTrainingProgram}. */
    public Param<TrainingProgram> trainingProgram() {
        return trainingProgram;
    }

    /** Sets what is trained. */
    public TensorEstimator setTrainingProgram(TrainingProgram value) {
        return setting(trainingProgram, value);
    }

    /** Returns the param of {@link #setOptimizer}. */
    public Param<Optimizer> optimizer() {
        return optimizer;
    }

    /** Sets how variables follow their gradients; without it by Adam. */
    public TensorEstimator setOptimizer(Optimizer value) {
        return setting(optimizer, value);
    }

    /** Returns the param of {@link #setSchedule}. */
    public Param<LearningRate> schedule() {
        return schedule;
    }

    /** Sets the rate of each step, in place of {@link #setLearningRate}. */
    public TensorEstimator setSchedule(LearningRate value) {
        return setting(schedule, value);
    }

    /** Returns the param for columns by input. */
    public Param<Map<String, String>> feeds() {
        return feeds;
    }

    /** Feeds an input with a column, in training and in use. An input that is not mentioned is fed with the column of its name. */
    public TensorEstimator feed(String input, String column) {
        return setting(feeds, MapParam.with(getOrDefault(feeds), input, column));
    }

    /** Returns the param for columns by output. */
    public Param<Map<String, String>> fetches() {
        return fetches;
    }

    /** Has the model give an output as a column. Without any, it gives all outputs under their own names. */
    public TensorEstimator fetch(String output, String column) {
        return setting(fetches, MapParam.with(getOrDefault(fetches), output, column));
    }

    /** Returns the param for shapes of cells. */
    public Param<Map<String, String>> shapes() {
        return shapes;
    }

    /** Says what shape the cells of a column have that is fed; see {@link io.tensorbridge.MapBlocks#shape}. */
    public TensorEstimator shape(String column, long... dimensions) {
        return setting(shapes, MapParam.with(getOrDefault(shapes), column, TensorTransformer.shapeOf(dimensions)));
    }

    /** Returns the param for what becomes of nulls. */
    public Param<String> onNull() {
        return onNull;
    }

    /** Sets what becomes of nulls in the columns that are fed, in training and in use; without it they are errors. */
    public TensorEstimator setOnNull(OnNull policy) {
        return setting(onNull, ChoiceParam.nameOf(policy));
    }

    /** Returns the param for the number in place of nulls. */
    public DoubleParam fillValue() {
        return fillValue;
    }

    /** Has the program see this number for nulls. */
    public TensorEstimator setFillValue(double value) {
        return setting(fillValue, value).setOnNull(OnNull.FILL);
    }

    /** Returns the param for the watched metric. */
    public Param<String> watched() {
        return watched;
    }

    /** Returns the param for which values are better. */
    public Param<String> better() {
        return better;
    }

    /** Says which metric tells which weights are better; see {@link io.tensorbridge.train.Trainer#watch}. */
    public TensorEstimator watch(String metric, Better which) {
        setting(watched, metric);
        return setting(better, ChoiceParam.nameOf(which));
    }

    /** Returns the param for which weights are the result. */
    public Param<String> keep() {
        return keep;
    }

    /** Sets which weights are the result: those of the last epoch, or the best by the watched metric. */
    public TensorEstimator setKeep(Keep which) {
        return setting(keep, ChoiceParam.nameOf(which));
    }

    /** Returns the param of {@link #setCheckpointDirectory}. */
    public Param<String> checkpointDirectory() {
        return checkpointDirectory;
    }

    /**
     * Sets where checkpoints are while it trains, from which it goes on when a worker was lost. Each fit has a directory of its own
     * there, which goes when it has ended well.
     */
    public TensorEstimator setCheckpointDirectory(String uri) {
        return setting(checkpointDirectory, uri);
    }

    /** Returns the param of {@link #setCheckpointSteps}. */
    public IntParam checkpointSteps() {
        return checkpointSteps;
    }

    /** Sets how many steps there are from one checkpoint to the next. */
    public TensorEstimator setCheckpointSteps(int steps) {
        return setting(checkpointSteps, steps);
    }

    /** Returns the param of {@link #setEventDirectory}. */
    public Param<String> eventDirectory() {
        return eventDirectory;
    }

    /** Sets where event files for TensorBoard are; each fit has a directory of its own there. */
    public TensorEstimator setEventDirectory(String uri) {
        return setting(eventDirectory, uri);
    }

    /** Returns the param of {@link #setEpochs}. */
    public IntParam epochs() {
        return epochs;
    }

    /** Sets how often every row is seen, at most. */
    public TensorEstimator setEpochs(int value) {
        return setting(epochs, value);
    }

    /** Returns the param of {@link #setBatchRows}. */
    public IntParam batchRows() {
        return batchRows;
    }

    /** Sets how many rows of each worker a step has, at most. */
    public TensorEstimator setBatchRows(int value) {
        return setting(batchRows, value);
    }

    /** Returns the param of {@link #setWorkers}. */
    public IntParam workers() {
        return workers;
    }

    /** Sets how many workers there are; without it as many as Spark has slots. */
    public TensorEstimator setWorkers(int value) {
        return setting(workers, value);
    }

    /** Returns the param of {@link #setAccumulate}. */
    public IntParam accumulate() {
        return accumulate;
    }

    /** Takes a step after so many batches, with the mean of their gradients. */
    public TensorEstimator setAccumulate(int value) {
        return setting(accumulate, value);
    }

    /** Returns the param of {@link #setSeed}. */
    public LongParam seed() {
        return seed;
    }

    /** Sets what the order of rows, first values and all else that is random come of. */
    public TensorEstimator setSeed(long value) {
        return setting(seed, value);
    }

    /** Returns the param of {@link #setLearningRate}. */
    public DoubleParam learningRate() {
        return learningRate;
    }

    /** Sets the rate of every step, if there is no schedule. */
    public TensorEstimator setLearningRate(double value) {
        return setting(learningRate, value);
    }

    /** Returns the param of {@link #setWeightDecay}. */
    public DoubleParam weightDecay() {
        return weightDecay;
    }

    /** Lets variables lose a share of themselves in each step, this times the rate. */
    public TensorEstimator setWeightDecay(double value) {
        return setting(weightDecay, value);
    }

    /** Returns the param of {@link #setClipValue}. */
    public DoubleParam clipValue() {
        return clipValue;
    }

    /** Clips every value of a gradient to this, either way. */
    public TensorEstimator setClipValue(double value) {
        return setting(clipValue, value);
    }

    /** Returns the param of {@link #setClipNorm}. */
    public DoubleParam clipNorm() {
        return clipNorm;
    }

    /** Scales all gradients so that their norm together is this at most. */
    public TensorEstimator setClipNorm(double value) {
        return setting(clipNorm, value);
    }

    /** Returns the param of {@link #setValidationSplit}. */
    public DoubleParam validationSplit() {
        return validationSplit;
    }

    /** Holds back a share of the rows for a validation after each epoch. */
    public TensorEstimator setValidationSplit(double value) {
        return setting(validationSplit, value);
    }

    /** Returns the param of {@link #setValidationIndicatorCol}. */
    public Param<String> validationIndicatorCol() {
        return validationIndicatorCol;
    }

    /** Sets the column of booleans that are true for the rows to validate on, which are not trained on. */
    public TensorEstimator setValidationIndicatorCol(String value) {
        return setting(validationIndicatorCol, value);
    }

    /** Returns the param of {@link #setPatience}. */
    public IntParam patience() {
        return patience;
    }

    /** Stops when so many epochs have passed without a better value of the watched metric. */
    public TensorEstimator setPatience(int value) {
        return setting(patience, value);
    }

    /** Returns the param of {@link #setLeastGain}. */
    public DoubleParam leastGain() {
        return leastGain;
    }

    /** Sets by how much a value of the watched metric must be better to count. */
    public TensorEstimator setLeastGain(double value) {
        return setting(leastGain, value);
    }

    abstract TensorEstimator self();

    private <T> TensorEstimator setting(Param<T> param, T value) {
        set(param, requireNonNull(value, param.name()));
        return self();
    }

    final <T> Optional<T> valueOf(Param<T> param) {
        return isDefined(param) ? Optional.of(getOrDefault(param)) : Optional.empty();
    }

    final NullPolicy nullPolicy() {
        return TensorTransformer.nullPolicy(onNull.choice(getOrDefault(onNull)), (Number) getOrDefault(fillValue));
    }

    final Better betterChoice() {
        return better.choice(getOrDefault(better));
    }

    final Keep keepChoice() {
        return keep.choice(getOrDefault(keep));
    }
}
