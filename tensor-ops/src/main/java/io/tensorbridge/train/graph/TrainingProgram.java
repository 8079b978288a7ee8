package io.tensorbridge.train.graph;

import io.tensorbridge.model.ModelFolder;
import io.tensorbridge.tensor.ModelLoader;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.ProgramException;
import io.tensorbridge.tensor.TensorSpec;
import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.TensorFlow;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;

/**
 * What is trained: a graph that computes a loss over variables, from rows.
 *
 * <p>An immutable value without anything native; it travels to workers. Safe for use by several threads.
 */
public final class TrainingProgram implements Serializable {

    private final transient GraphDef graph;
    private final transient List<TensorSpec> inputs;
    private final transient List<TrainedVariable> variables;
    private final transient Objective training;
    private final transient Objective evaluation;
    private final transient SortedMap<String, String> gradients;
    private final transient SortedMap<String, String> updates;
    private final transient List<Tensor> outputs;
    private final transient List<ValueRange> ranges;

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
            List<Tensor> outputs,
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
    record Objective(String loss, List<Tensor> metrics) {}

    /** A tensor of the graph, {@code operation:index}, and the name that it goes by. */
    record Tensor(String name, String tensor) {}

    /**
     * Builds a program out of TensorFlow's own operations.
     *
     * @param body makes the graph: inputs, variables, a loss over them, and what else is wanted. It is called twice if the program
     *     in use differs from that in training
     * @throws IllegalArgumentException if what it makes cannot be trained
     */
    public static TrainingProgram build(Consumer<TrainingGraph> body) {
        TensorFlow.version();
        try (var graph = new Graph()) {
            var made = new TrainingGraph(graph);
            body.accept(made);
            Objective training = made.objective();
            if (made.differs()) {
                made.beginUse();
                body.accept(made);
            }
            var program = new TrainingProgram(
                    graph.toGraphDef(),
                    made.inputs(),
                    made.variables(),
                    training,
                    made.objective(),
                    new TreeMap<>(),
                    new TreeMap<>(made.updates()),
                    made.outputs(),
                    made.ranges());
            program.check();
            return program;
        }
    }

    /**
     * Reads a program of a saved model with signatures for training, this library's or another's.
     *
     * @param model the directory that holds {@code saved_model.pb}, or a zip archive of it; it is not needed afterwards
     * @throws ProgramException as {@link #fromSavedModel(ModelLoader)} does
     */
    public static TrainingProgram fromSavedModel(Path model) {
        return fromSavedModel(Program.load(ModelFolder.of(model)));
    }

    /**
     * Reads a program of a saved model with signatures for training, this library's or another's.
     *
     * <p>There must be one of two signatures, whose inputs are any number of rows and whose outputs are {@code loss}, the mean over
     * the rows, and metrics of any names, likewise. Of {@code train}, TensorFlow derives the gradients; it can of most layers, but
     * not of all operations. {@code gradients} returns them itself, for each trained variable one that is named {@code gradient/}
     * and the variable's name; it is taken if there are both. Trained are variables that the model says are trainable, or all that
     * the loss needs if it does not say; other variables keep their values, but for those that the signature sets, such as moving
     * averages, or that signature {@code updates} gives new values of, by name.
     *
     * <p>If there is a signature {@code evaluate}, validation goes by it. The outputs are those of the loader's signature, {@code
     * serving_default} if none was named. Variables begin with the values that were saved with the model.
     *
     * @param model where the model is, and what it is held to
     * @throws ProgramException if there is no such model or signature, the model is not allowed, or it cannot be trained
     */
    public static TrainingProgram fromSavedModel(ModelLoader model) {
        return ModelReader.read(model);
    }

    /** Makes the graph of a step, which finds out what is not to be trained. */
    void check() {
        var rule = new UpdateRule(
                Optimizer.sgd(),
                LearningRate.constant(1),
                /* weightDecay= */ 0,
                Double.POSITIVE_INFINITY,
                Double.POSITIVE_INFINITY,
                /* accumulate= */ 1,
                UpdateRule.Wire.FLOAT);
        StepGraph.of(this, rule, /* rank= */ 0, /* workers= */ 1, /* timeoutSeconds= */ 1);
    }

    /**
     * Returns this program with the variables of some names as they are: training changes the others alone.
     *
     * @param pattern a regular expression that the whole name must match, such as {@code "features/.*"}
     * @throws IllegalArgumentException if no variable has such a name, or none is left to train
     */
    public TrainingProgram frozen(String pattern) {
        Pattern names = Pattern.compile(pattern);
        if (variables.stream()
                .noneMatch(variable -> names.matcher(variable.name()).matches())) {
            throw new IllegalArgumentException("Cannot freeze variables '%s': expected one of %s"
                    .formatted(
                            pattern,
                            variables.stream().map(TrainedVariable::name).toList()));
        }
        return mapVariables(variable ->
                names.matcher(variable.name()).matches() ? variable.withRole(TrainedVariable.Role.FROZEN) : variable);
    }

    /** Returns this program with other variables, if it can be trained with them. */
    TrainingProgram mapVariables(UnaryOperator<TrainedVariable> change) {
        var changed = new TrainingProgram(
                graph,
                inputs,
                variables.stream().map(change).toList(),
                training,
                evaluation,
                gradients,
                updates,
                outputs,
                ranges);
        changed.check();
        return changed;
    }

    static String nameOf(Operand<?> operand) {
        Output<?> tensor = operand.asOutput();
        return tensor.op().name() + ":" + tensor.index();
    }

    static String describe(DataType type, Shape shape) {
        return type + (shape.isUnknown() ? "[…]" : shape.toString().replace("-1", "?"));
    }

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

    List<Tensor> outputs() {
        return outputs;
    }

    /** Returns what a row is made of: inputs of shape {@code [?, …]}, each with a cell of known shape. */
    public List<TensorSpec> inputs() {
        return inputs;
    }

    /** Returns the names of the metrics, in order, without the loss. */
    public List<String> metrics() {
        return training.metrics().stream().map(Tensor::name).toList();
    }

    /** Returns the ranges that the values of inputs must lie in, which are checked before training. */
    public List<ValueRange> ranges() {
        return ranges;
    }

    /** Returns the SHA-256 of the graph, the first values and all that says what is computed, in hexadecimal. */
    public String sha256() {
        return TrainingProgramProxy.sha256(this);
    }

    private Object writeReplace() {
        return TrainingProgramProxy.of(this);
    }

    private void readObject(ObjectInputStream in) throws InvalidObjectException {
        throw new InvalidObjectException("A training program is read through its proxy");
    }
}
