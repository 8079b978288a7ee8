package io.tensorbridge.train.graph;

import io.tensorbridge.tensor.TensorSpec;
import java.util.List;
import java.util.SortedMap;
import org.tensorflow.proto.GraphDef;

/**
 * What is trained: a graph that computes a loss over variables, from rows.
 *
 * <p>An immutable value without anything native; it travels to workers. Safe for use by several threads.
 */
public final class TrainingProgram {

    private final GraphDef graph;
    private final List<TensorSpec> inputs;
    private final List<TrainedVariable> variables;
    private final Objective training;
    private final Objective evaluation;
    private final SortedMap<String, String> gradients;
    private final SortedMap<String, String> updates;
    private final List<Output> outputs;
    private final List<ValueRange> ranges;

    /**
     * @param graph holds the program twice if it differs between training and use (dropout), sharing inputs and variables
     * @param inputs the placeholders, of their names
     * @param training loss and metrics as they are trained on
     * @param evaluation loss and metrics as they are validated
     * @param gradients tensors with the gradients by names of variables, if the graph computes them itself; else empty
     * @param updates tensors with the new values of variables of {@link TrainedVariable.Role#UPDATED}
     * @param outputs what the trained program gives when it is used
     * @param ranges of inputs, which are checked before training
     */
    TrainingProgram(
            GraphDef graph,
            List<TensorSpec> inputs,
            List<TrainedVariable> variables,
            Objective training,
            Objective evaluation,
            SortedMap<String, String> gradients,
            SortedMap<String, String> updates,
            List<Output> outputs,
            List<ValueRange> ranges) {
        this.graph = graph;
        this.inputs = List.copyOf(inputs);
        this.variables = List.copyOf(variables);
        this.training = training;
        this.evaluation = evaluation;
        this.gradients = gradients;
        this.updates = updates;
        this.outputs = List.copyOf(outputs);
        this.ranges = List.copyOf(ranges);
    }

    /**
     * What is made small, and what is watched; scalars of float32, means over the rows.
     *
     * @param loss the tensor with the loss
     * @param metrics the tensors with the metrics, in order
     */
    record Objective(String loss, List<Output> metrics) {}

    /** A tensor of the graph, {@code operation:index}, and the name that it goes by. */
    record Output(String name, String tensor) {}

    GraphDef graph() {
        return graph;
    }

    List<TrainedVariable> variables() {
        return variables;
    }

    Objective training() {
        return training;
    }

    Objective evaluation() {
        return evaluation;
    }

    SortedMap<String, String> gradients() {
        return gradients;
    }

    SortedMap<String, String> updates() {
        return updates;
    }

    List<Output> outputs() {
        return outputs;
    }

    /** Returns what a row is made of: inputs of shape {@code [?, …]}, each with a cell of known shape. */
    public List<TensorSpec> inputs() {
        return inputs;
    }

    /** Returns the names of the metrics, in order, without the loss. */
    public List<String> metrics() {
        return training.metrics().stream().map(Output::name).toList();
    }

    /** Returns the ranges that the values of inputs must lie in, which are checked before training. */
    public List<ValueRange> ranges() {
        return ranges;
    }
}
