package io.tensorbridge.train.graph;

import io.tensorbridge.model.ModelFolder;
import io.tensorbridge.tensor.GraphParts;
import io.tensorbridge.tensor.ModelLoader;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.ProgramException;
import io.tensorbridge.tensor.Shapes;
import io.tensorbridge.tensor.TensorSpec;
import io.tensorbridge.tensor.TensorValue;
import io.tensorbridge.tensor.TrainingSession;
import io.tensorbridge.train.graph.TrainedVariable.Role;
import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
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
     * <pre>{@code
     * TrainingProgram network = TrainingProgram.build(t -> {
     *     Ops tf = t.ops();
     *     var pixels = t.input("pixels", TFloat32.class, 28, 28); // [?, 28, 28]
     *     var label = t.label("label", TInt32.class, 10); // [?]
     *     var hidden = tf.nn.relu(Layers.dense(t, "hidden", Layers.flatten(t, pixels), 128));
     *     var scores = Layers.dense(t, "scores", t.dropout(hidden, 0.2), 10);
     *     t.loss(Losses.crossEntropy(tf, scores, label));
     *     t.metric("accuracy", Metrics.accuracy(tf, scores, label));
     *     t.output("digit", tf.math.argMax(scores, tf.constant(1)));
     * });
     * }</pre>
     *
     * @param body makes the graph: inputs, variables, a loss over them, and what else is wanted. It is called twice if the program
     *     in use differs from that in training
     * @throws IllegalArgumentException if what it makes cannot be trained
     */
    public static TrainingProgram build(Consumer<TrainingGraph> body) {
        TrainingSession.load();
        try (var graph = new Graph()) {
            var made = new TrainingGraph(graph);
            body.accept(made);
            Objective training = made.objective();
            if (made.differs()) {
                made.beginUse();
                body.accept(made);
            }
            Objective evaluation = made.objective();
            requireSame(training, evaluation);
            if (made.outputs().isEmpty()) {
                throw new IllegalArgumentException(
                        "Cannot build a training program: expected an output, found none. Say what the trained program gives with output(…)");
            }
            var program = new TrainingProgram(
                    graph.toGraphDef(),
                    made.inputs(),
                    made.variables().all(),
                    training,
                    evaluation,
                    new TreeMap<>(),
                    made.variables().updates(),
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

    private static void requireSame(Objective training, Objective evaluation) {
        if (!namesOf(training).equals(namesOf(evaluation))) {
            throw new IllegalArgumentException(
                    "Cannot build a training program: expected the same metrics in training and in use, found %s and %s. Add all of them with metric(…) both times"
                            .formatted(namesOf(training), namesOf(evaluation)));
        }
    }

    private static List<String> namesOf(Objective objective) {
        return objective.metrics().stream().map(Tensor::name).toList();
    }

    /** Makes the graph of a step, which finds out what is not to be trained. */
    void check() {
        UpdateRule rule = UpdateRule.of(Optimizer.sgd(), LearningRate.constant(1));
        StepGraph.of(this, rule, /* rank= */ 0, /* workers= */ 1, /* timeoutSeconds= */ 1);
    }

    /**
     * Returns this program with the variables of some names as they are: training changes the others alone.
     *
     * @param pattern a regular expression that the whole name must match, such as {@code "features/.*"}
     * @throws IllegalArgumentException if no variable has such a name, or none is left to train
     */
    public TrainingProgram frozen(String pattern) {
        Predicate<TrainedVariable> chosen = VariableChoice.matching("freeze", pattern, variables);
        return mapVariables(variable -> chosen.test(variable) ? variable.withRole(Role.FROZEN) : variable);
    }

    /**
     * Returns this program with the variables of some names trained, and all others as they are.
     *
     * @param pattern a regular expression that the whole name must match, such as {@code "head/.*"}
     * @throws IllegalArgumentException if no variable has such a name, or one that has is without a gradient
     */
    public TrainingProgram trained(String pattern) {
        Predicate<TrainedVariable> chosen = VariableChoice.matching("train", pattern, variables);
        return mapVariables(variable -> variable.withRole(chosen.test(variable) ? roleOf(variable) : Role.FROZEN));
    }

    private Role roleOf(TrainedVariable variable) {
        return updates.containsKey(variable.name()) ? Role.UPDATED : Role.TRAINED;
    }

    /**
     * Returns this program with the values of variables that it begins with: those of another program, which this one goes on
     * from. Variables without a value here begin as they are.
     *
     * @param values by the names of variables
     * @throws IllegalArgumentException if there is no variable of such a name, or it is of another type or shape; says all
     */
    public TrainingProgram startingFrom(Map<String, TensorValue> values) {
        VariableChoice.requireFit(values, variables);
        return mapVariables(variable -> {
            TensorValue value = values.get(variable.name());
            return value == null ? variable : variable.withValue(GraphParts.proto(value));
        });
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
        return namesOf(training);
    }

    /** Returns the names of the variables, in the order in which they were added. */
    public List<String> variableNames() {
        return VariableChoice.namesOf(variables);
    }

    /** Returns the ranges that the values of inputs must lie in, which are checked before training. */
    public List<ValueRange> ranges() {
        return ranges;
    }

    /** Returns the SHA-256 of the graph, the first values and all that says what is computed, in hexadecimal. */
    public String sha256() {
        return TrainingProgramProxy.sha256(this);
    }

    /** Returns inputs, variables and outputs, as messages show them. */
    @Override
    public String toString() {
        return "TrainingProgram[inputs %s, variables %s, metrics %s, outputs %s]"
                .formatted(
                        inputs,
                        variables.stream()
                                .map(variable -> "%s %s%s"
                                        .formatted(
                                                variable.role().name().toLowerCase(Locale.ROOT),
                                                variable.name(),
                                                Shapes.describe(variable.shape())))
                                .toList(),
                        metrics(),
                        outputs.stream().map(Tensor::name).toList());
    }

    private Object writeReplace() {
        return TrainingProgramProxy.of(this);
    }

    private void readObject(ObjectInputStream in) throws InvalidObjectException {
        throw new InvalidObjectException("A training program is read through its proxy");
    }
}
