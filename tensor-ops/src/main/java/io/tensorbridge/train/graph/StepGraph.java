package io.tensorbridge.train.graph;

import java.util.List;
import org.tensorflow.proto.GraphDef;

/**
 * The graph that one worker runs: the program, its gradients, the sum over all workers, and the update.
 *
 * <p>All that is fed and fetched goes by tensor names {@code name:0}, all targets by names of operations.
 *
 * <p>A step: feed every input with a micro-batch of at least one row, {@code weight} with the share of this micro-batch in all rows
 * of the step over all workers (0 for a worker that has no rows left, whose rows then count for nothing, even if their loss is
 * NaN), and {@code rate}, {@code count}. The loss and the metrics must be means over the rows. For all but the last micro-batch of
 * a step run target {@code accumulate}; for the last run {@code apply} and fetch {@code results}, which is float32
 * {@code [1 + metrics]}: the loss and the metrics of the step over all rows of all workers. Bit-equal on all workers.
 *
 * <p>An evaluation: feed inputs and {@code weight}, run {@code evaluate} and fetch {@code evaluation}: float32
 * {@code [1 + metrics]} of the whole pass so far on this worker, weighted; then once {@code total}: the sum over the workers, after
 * which the local sums are zero again.
 *
 * @param graphDef the graph; its operations stand on {@code /job:worker/task:<rank>} if there are several workers
 * @param inputs the placeholders of the inputs, in the program's order
 * @param weight the placeholder of a micro-batch's share: float32, a scalar
 * @param rate the placeholder of the rate: float32, a scalar
 * @param count the placeholder of how many steps have been taken: int64, a scalar; seeds what is random, and corrects Adam's bias
 * @param initialise targets that give variables and slots their first values, in the order in which they must run
 * @param accumulate the target that adds a micro-batch's gradients
 * @param apply the target that ends a step
 * @param results the tensor with a step's loss and metrics
 * @param evaluate the target that adds a batch to the evaluation
 * @param total the tensor with the loss and metrics of a whole evaluation, over all workers
 * @param saveFile the placeholder of the file prefix that is saved to and restored from: a string, a scalar
 * @param save the target that saves variables, slots and the best weights, as a checkpoint of TensorFlow's V2 form
 * @param restore the target that restores them
 * @param keepBest the target that keeps the weights as the best ones
 * @param takeBest the target that goes back to the best ones
 * @param weights the tensors that read all variables of the program, in its order
 */
public record StepGraph(
        GraphDef graphDef,
        List<String> inputs,
        String weight,
        String rate,
        String count,
        List<String> initialise,
        String accumulate,
        String apply,
        String results,
        String evaluate,
        String total,
        String saveFile,
        String save,
        String restore,
        String keepBest,
        String takeBest,
        List<String> weights) {

    /**
     * Makes the graph of one worker.
     *
     * @param program what is trained
     * @param rule what a step does with the gradients
     * @param seed seeds what is random in the program, with the count of steps and the rank
     * @param rank which worker this is, from 0
     * @param workers how many there are; with one, there is no collective and no device
     * @param timeoutSeconds how long a collective waits for the others
     */
    @SuppressWarnings("DoNotCallSuggester") // under construction
    public static StepGraph of(
            TrainingProgram program, UpdateRule rule, long seed, int rank, int workers, double timeoutSeconds) {
        throw new UnsupportedOperationException();
    }
}
