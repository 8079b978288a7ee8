package io.tensorbridge.train.graph;

import io.tensorbridge.tensor.TrainingSession;
import java.util.List;
import org.tensorflow.proto.GraphDef;

/**
 * The graph that one worker runs: the program, its gradients, the sum over all workers, and the update.
 *
 * <p>All that is fed and fetched goes by tensor names {@code name:0}, all targets by names of operations.
 *
 * <p>To begin: feed {@link Feeds#random} and run {@link Targets#initialise}; then {@link Targets#meet}.
 *
 * <p>A step: feed every input with a micro-batch of at least one row, {@link Feeds#weight} with the share of this micro-batch in all rows
 * of the step over all workers (0 for a worker that has no rows left, whose rows then count for nothing, even if their loss is
 * NaN), {@code rate}, {@code count} and {@code random}. The loss and the metrics must be means over the rows. For all but the last
 * micro-batch of a step run target {@code accumulate}; for the last run {@code apply} and fetch {@code results}, which is float32
 * {@code [1 + metrics]}: the loss and the metrics of the step over all rows of all workers. Bit-equal on all workers.
 *
 * <p>An evaluation: for each batch feed inputs and {@link Feeds#weight}, its share in all rows of all workers, and run {@code evaluate};
 * then once fetch {@code total}: float32 {@code [1 + metrics]} over all workers, after which the sums are zero again.
 *
 * @param graphDef the graph; its operations stand on {@code /job:worker/task:<rank>} if there are several workers
 * @param feeds what is fed
 * @param targets what is run
 * @param results the tensor with a step's loss and metrics
 * @param total the tensor with the loss and metrics of a whole evaluation, over all workers
 * @param names the names of all variables of the program, in its order
 * @param weights the tensors that read them
 */
public record StepGraph(
        GraphDef graphDef,
        Feeds feeds,
        Targets targets,
        String results,
        String total,
        List<String> names,
        List<String> weights) {

    /**
     * Makes the graph of one worker.
     *
     * @param program what is trained
     * @param rule what a step does with the gradients
     * @param rank which worker this is, from 0
     * @param workers how many there are; with one, there is no collective and no device
     * @param timeoutSeconds how long a collective waits for the others
     * @throws IllegalArgumentException if the program cannot be trained
     */
    public static StepGraph of(TrainingProgram program, UpdateRule rule, int rank, int workers, double timeoutSeconds) {
        TrainingSession.load();
        try (var builder = new StepGraphBuilder(program, rule, rank, workers, timeoutSeconds)) {
            return builder.build();
        }
    }
}
