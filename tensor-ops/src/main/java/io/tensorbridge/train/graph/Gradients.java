package io.tensorbridge.train.graph;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.tensorflow.Graph;
import org.tensorflow.GraphOperation;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TType;

/** The gradients of a program's loss: TensorFlow's own, or those that the program computes itself. */
final class Gradients {

    private static final Pattern NO_GRADIENT = Pattern.compile("No gradient defined for op: (\\w+)");

    private final Graph graph;
    private final Ops tf;
    private final TrainingProgram program;
    private final Operand<TFloat32> weight;

    Gradients(Graph graph, Ops tf, TrainingProgram program, Operand<TFloat32> weight) {
        this.graph = graph;
        this.tf = tf;
        this.program = program;
        this.weight = weight;
    }

    /**
     * Returns the gradient of each variable, times the weight of the batch.
     *
     * @throws IllegalArgumentException if a variable has none
     */
    List<Operand<TFloat32>> of(List<TrainedVariable> trained) {
        return program.gradients().isEmpty() ? derived(trained) : given(trained);
    }

    private List<Operand<TFloat32>> given(List<TrainedVariable> trained) {
        List<String> without = trained.stream()
                .map(TrainedVariable::name)
                .filter(name -> !program.gradients().containsKey(name))
                .toList();
        if (!without.isEmpty()) {
            throw new IllegalArgumentException(
                    "Cannot train on gradients of this program's own: expected one for every variable, found none for %s. Leave them as they are with frozen(…)"
                            .formatted(quoted(without)));
        }
        List<Operand<TFloat32>> gradients = new ArrayList<>();
        for (TrainedVariable variable : trained) {
            Operand<TFloat32> gradient = tensor(graph, program.gradients().getOrDefault(variable.name(), ""));
            gradients.add(tf.math.mul(weight, gradient));
        }
        return gradients;
    }

    private List<Operand<TFloat32>> derived(List<TrainedVariable> trained) {
        Output<?> loss = tensor(graph, program.training().loss()).asOutput();
        // all at once, for what they share is then computed once
        Output<?>[] handles = trained.stream()
                .map(variable -> tensor(graph, variable.handle() + ":0").asOutput())
                .toArray(Output<?>[]::new);
        List<Operand<TFloat32>> all = new ArrayList<>();
        try {
            for (Output<?> gradient :
                    graph.addGradients(null, new Output<?>[] {loss}, handles, new Output<?>[] {weight.asOutput()})) {
                gradient.op().name(); // fails if there is none, as addGradients may already
                @SuppressWarnings("unchecked") // of the variable's type
                var typed = (Output<TFloat32>) gradient;
                all.add(typed);
            }
        } catch (TensorFlowException | IllegalArgumentException | IllegalStateException e) {
            throw refused(trained, loss, e);
        }
        return all;
    }

    private IllegalArgumentException refused(List<TrainedVariable> trained, Output<?> loss, RuntimeException cause) {
        Matcher matcher = NO_GRADIENT.matcher(String.valueOf(cause.getMessage()));
        if (matcher.find()) {
            String type = matcher.group(1);
            List<String> found =
                    LossPaths.to(graph.toGraphDef(), loss.op().name()).ofType(type);
            return new IllegalArgumentException(
                    "Cannot train: expected operations that TensorFlow's C++ library has a gradient for between the variables and the loss, found %s %s. %s"
                            .formatted(type, quoted(found), cure(type)),
                    cause);
        }
        List<String> without = trained.stream()
                .filter(variable -> !hasGradient(loss, variable))
                .map(TrainedVariable::name)
                .toList();
        if (without.isEmpty()) {
            return new IllegalArgumentException(
                    "Cannot train: TensorFlow finds no gradients: " + cause.getMessage(), cause);
        }
        return new IllegalArgumentException(
                "Cannot train on this loss: expected a gradient for every variable, found none for %s. Use them in the loss, or leave them as they are with frozen(…)"
                        .formatted(quoted(without)),
                cause);
    }

    /** Asks TensorFlow for one alone, in a graph that has failed already. */
    private boolean hasGradient(Output<?> loss, TrainedVariable variable) {
        try {
            Output<?> handle = tensor(graph, variable.handle() + ":0").asOutput();
            graph.addGradients(loss, new Output<?>[] {handle})[0].op().name();
            return true;
        } catch (TensorFlowException | IllegalArgumentException | IllegalStateException e) {
            return false;
        }
    }

    private static String cure(String type) {
        return switch (type) {
            case "SparseSoftmaxCrossEntropyWithLogits" -> "Use Losses.crossEntropy(…), which has one";
            case "ResourceGather" -> "Read the variable, and take its rows with tf.gather(…)";
            default -> "Compute it by others, or end the gradient there with tf.stopGradient(…)";
        };
    }

    private static String quoted(List<String> names) {
        return names.stream().map("'%s'"::formatted).collect(Collectors.joining(", "));
    }

    /** Finds a tensor {@code operation:index} of a graph. */
    @SuppressWarnings("unchecked") // whoever asks knows its type
    static <T extends TType> Operand<T> tensor(Graph graph, String name) {
        int colon = name.lastIndexOf(':');
        GraphOperation operation = colon < 0 ? null : graph.operation(name.substring(0, colon));
        if (operation == null) {
            throw new IllegalArgumentException("Cannot train: the graph has no tensor '%s'".formatted(name));
        }
        return (Operand<T>) operation.output(Integer.parseInt(name.substring(colon + 1)));
    }
}
