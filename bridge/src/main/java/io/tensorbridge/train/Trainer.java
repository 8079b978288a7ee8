package io.tensorbridge.train;

import static java.util.Objects.requireNonNull;

import io.tensorbridge.MapBlocks;
import io.tensorbridge.TensorFrames;
import io.tensorbridge.arrow.NullPolicy;
import io.tensorbridge.train.graph.LearningRate;
import io.tensorbridge.train.graph.Optimizer;
import io.tensorbridge.train.graph.TrainingProgram;
import io.tensorbridge.train.graph.UpdateRule;
import io.tensorbridge.train.worker.TrainingSettings.Better;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;

/**
 * Trains a program on the rows of a DataFrame: by several workers at once, each with a share of the rows, which after every step
 * have the same weights.
 *
 * <p>Immutable: each refinement returns another trainer. Rows are brought to the workers once, and stay on their disks, from where
 * they are mapped into memory, until the last epoch; in each epoch every row is seen once, in another order. What comes of it
 * depends on the seed, the number of workers and the order of the rows, and on nothing else.
 */
public final class Trainer {

    private final TrainingProgram program;
    private final Packing packing;
    private final MapBlocks binding;
    private final TrainerOptions options;

    private Trainer(TrainingProgram program, Packing packing, MapBlocks binding, TrainerOptions options) {
        this.program = program;
        this.packing = packing;
        this.binding = binding;
        this.options = options;
    }

    /**
     * Returns a trainer of a program, by Adam at a rate of 0.001, for one epoch, with 32 rows of each worker in a step.
     */
    public static Trainer of(TrainingProgram program) {
        Packing packing = Packing.of(program);
        return new Trainer(
                program, packing, TensorFrames.mapBlocks(packing.program()).trim(), new TrainerOptions());
    }

    private Trainer bound(MapBlocks newBinding) {
        return new Trainer(program, packing, newBinding, options);
    }

    private Trainer with(Consumer<TrainerOptions> change) {
        TrainerOptions changed = options.copy();
        change.accept(changed);
        return new Trainer(program, packing, binding, changed);
    }

    /** Feeds an input with a column. An input that is not mentioned is fed with the column of its own name. */
    public Trainer feed(String input, String column) {
        return bound(binding.feed(input, column)).with(changed -> changed.feed(input, column));
    }

    /** Says what shape the cells of a column have, as for {@link MapBlocks#shape}. */
    public Trainer shape(String column, long... dimensions) {
        return bound(binding.shape(column, dimensions)).with(changed -> changed.shaped(column));
    }

    /** Says what becomes of nulls in the columns that are fed; without it they are errors. */
    public Trainer onNull(NullPolicy policy) {
        return bound(binding.onNull(policy));
    }

    /** Says what becomes of nulls in one column, whatever holds for the others. */
    public Trainer onNull(String column, NullPolicy policy) {
        return bound(binding.onNull(column, policy));
    }

    /**
     * Sets how many workers there are, each of which takes a slot of Spark's. Without it there are as many as there are slots when
     * {@link #fit} is called.
     */
    public Trainer workers(int workers) {
        TrainerOptions.requirePositive("workers", workers);
        return with(changed -> changed.workers = OptionalInt.of(workers));
    }

    /** Sets how often every row is seen. */
    public Trainer epochs(int epochs) {
        TrainerOptions.requirePositive("epochs", epochs);
        return with(changed -> changed.epochs = epochs);
    }

    /** Sets how many rows of each worker a step has, at most. */
    public Trainer batchRows(int rows) {
        TrainerOptions.requirePositive("batchRows", rows);
        return with(changed -> changed.batchRows = rows);
    }

    /** Sets how variables follow their gradients. */
    public Trainer optimizer(Optimizer optimizer) {
        return with(changed -> changed.optimizer = optimizer);
    }

    /** Sets the rate of every step. */
    public Trainer learningRate(double rate) {
        return learningRate(LearningRate.constant(rate));
    }

    /** Sets the rate of each step. */
    public Trainer learningRate(LearningRate rate) {
        return with(changed -> changed.rate = rate);
    }

    /** Lets variables lose a share of themselves in each step, this times the rate, as AdamW does. */
    public Trainer weightDecay(double decay) {
        TrainerOptions.requireNumber("weightDecay", decay, 0);
        return with(changed -> changed.weightDecay = decay);
    }

    /** Clips every value of a gradient to this, either way. */
    public Trainer clipValue(double most) {
        TrainerOptions.requireNumber("clipValue", most, Double.MIN_VALUE);
        return with(changed -> changed.clipValue = most);
    }

    /** Scales all gradients so that their norm together is this at most. */
    public Trainer clipNorm(double most) {
        TrainerOptions.requireNumber("clipNorm", most, Double.MIN_VALUE);
        return with(changed -> changed.clipNorm = most);
    }

    /** Takes a step after so many batches, with the mean of their gradients. */
    public Trainer accumulate(int batches) {
        TrainerOptions.requirePositive("accumulate", batches);
        return with(changed -> changed.accumulate = batches);
    }

    /** Sends gradients as halves, which takes half the time where the network is what takes it. */
    public Trainer halfOnWire() {
        return with(changed -> changed.wire = UpdateRule.Wire.HALF);
    }

    /** Sets what the order of rows, first values and all else that is random come of; 1 without this. */
    public Trainer seed(long seed) {
        return with(changed -> changed.seed = seed);
    }

    /**
     * Holds back a share of the rows for a validation after each epoch. Which ones depends on the seed.
     *
     * @param share above 0 and below 1
     */
    public Trainer validationSplit(double share) {
        if (!(share > 0 && share < 1)) {
            throw new IllegalArgumentException(
                    "Invalid validationSplit: must be above 0 and below 1, found %s".formatted(share));
        }
        return with(changed -> {
            changed.validationSplit = share;
            changed.validation = Optional.empty();
        });
    }

    /** Validates on other rows after each epoch; their columns must be those of the rows that are trained on. */
    public Trainer validation(Dataset<?> rows) {
        return with(changed -> {
            changed.validation = Optional.of(rows);
            changed.validationSplit = 0;
        });
    }

    /**
     * Says which metric tells which weights are better: of the validation if there is one, else of the training. Without this it is
     * the loss.
     *
     * @param metric {@code loss} or a metric of the program
     */
    public Trainer watch(String metric, Better better) {
        return with(changed -> {
            changed.watched = metric;
            changed.better = better;
        });
    }

    /** Stops when so many epochs have passed without a better value of the watched metric. */
    public Trainer earlyStopping(int patience) {
        return earlyStopping(patience, /* leastGain= */ 0);
    }

    /** Stops when so many epochs have passed without a value of the watched metric that is better by so much. */
    public Trainer earlyStopping(int patience, double leastGain) {
        TrainerOptions.requirePositive("earlyStopping", patience);
        TrainerOptions.requireNumber("earlyStopping", leastGain, 0);
        return with(changed -> {
            changed.patience = patience;
            changed.leastGain = leastGain;
        });
    }

    /** Gives the weights of the epoch with the best value of the watched metric, in place of the last ones. */
    public Trainer keepBest() {
        return with(changed -> changed.keepBest());
    }

    /** Sets how long a step may take on all workers together; 60 seconds without this. */
    public Trainer stepTimeout(Duration timeout) {
        TrainerOptions.requirePositive("stepTimeout", timeout.toMillis());
        return with(changed -> changed.stepTimeout = timeout);
    }

    /** Sets how large the Java heap of a worker's process may grow, in MiB; 256 without this. Rows and tensors are not on it. */
    public Trainer workerHeap(int mebibytes) {
        TrainerOptions.requirePositive("workerHeap", mebibytes);
        return with(changed -> changed.heapMiB = mebibytes);
    }

    /**
     * Writes a checkpoint after every so many steps, and goes on from the newest one that is there: after a worker was lost, and if
     * {@link #fit} is called again. The curve is that of a training without a break. The last two are kept.
     *
     * @param uri a directory of this training's own, in any file system of Hadoop's that the executors have too
     */
    public Trainer checkpoints(String uri, long everySteps) {
        TrainerOptions.requirePositive("checkpoints", everySteps);
        return with(changed -> {
            changed.checkpoints = requireNonNull(uri, "uri");
            changed.checkpointSteps = everySteps;
        });
    }

    /** Writes a checkpoint whenever so much time has passed; see {@link #checkpoints(String, long)}. */
    public Trainer checkpoints(String uri, Duration every) {
        TrainerOptions.requirePositive("checkpoints", every.toMillis());
        return with(changed -> {
            changed.checkpoints = requireNonNull(uri, "uri");
            changed.checkpointSeconds = every.toMillis() / 1000.0;
        });
    }

    /** Adds a listener, which is told on the driver how training goes: {@link ProgressLine}, {@link EventFiles} or another. */
    public Trainer listener(TrainingListener listener) {
        return with(changed -> changed.listeners =
                Stream.concat(changed.listeners.stream(), Stream.of(listener)).toList());
    }

    /**
     * Trains, in a job of Spark's; returns when it has ended.
     *
     * @param df the rows
     * @throws io.tensorbridge.tensor.SignatureMismatchException if program and DataFrame do not fit; the message holds every
     *     mismatch
     * @throws IllegalArgumentException if the settings do not fit the program, or there are fewer slots than workers
     * @throws TrainingException if training fails, by the program or the rows
     */
    public TrainedProgram fit(Dataset<?> df) {
        return new TrainingJob(program, packing, binding, options, df).run();
    }
}
