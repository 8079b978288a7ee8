package io.tensorbridge.train.graph;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Graph;
import org.tensorflow.GraphOperation;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** The gradients of a program's loss: TensorFlow's own, or those that the program computes itself. */
final class Gradients {

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
        List<Operand<TFloat32>> gradients = new ArrayList<>();
        for (TrainedVariable variable : trained) {
            String tensor = program.gradients().get(variable.name());
            if (tensor == null) {
                throw unreached(variable.name());
            }
            gradients.add(tf.math.mul(weight, tf.<TFloat32>identity(tensor(graph, tensor))));
        }
        return gradients;
    }

    private List<Operand<TFloat32>> derived(List<TrainedVariable> trained) {
        Output<?> loss = tensor(graph, program.training().loss()).asOutput();
        // one at a time would say which, but compute what they share once for each
        Output<?>[] handles = trained.stream()
                .map(variable -> operation(variable.handle()).output(0))
                .toArray(Output<?>[]::new);
        Output<?>[] gradients;
        try {
            gradients = graph.addGradients(null, new Output<?>[] {loss}, handles, new Output<?>[] {weight.asOutput()});
        } catch (TensorFlowException | IllegalStateException | IllegalArgumentException | NullPointerException e) {
            throw refused(trained, loss, e);
        }
        List<Operand<TFloat32>> all = new ArrayList<>();
        for (Output<?> gradient : gradients) {
            @SuppressWarnings("unchecked") // of the variable's type
            var typed = (Output<TFloat32>) gradient;
            all.add(typed);
        }
        return all;
    }

    private IllegalArgumentException refused(List<TrainedVariable> trained, Output<?> loss, RuntimeException e) {
        return new IllegalArgumentException("Cannot train: " + e + trained + loss, e);
    }

    private static IllegalArgumentException unreached(String variable) {
        return new IllegalArgumentException(
                "Cannot train variable '%s': expected the loss to depend on it, found that it has no gradient. Use it in the loss, or leave it as it is with frozen(\"%s\")"
                        .formatted(variable, variable));
    }

    private GraphOperation operation(String name) {
        GraphOperation operation = graph.operation(name);
        if (operation == null) {
            throw new IllegalArgumentException("Cannot train: the graph has no operation '%s'".formatted(name));
        }
        return operation;
    }

    /** Finds a tensor {@code operation:index} of a graph. */
    @SuppressWarnings("unchecked") // whoever asks knows its type
    static <T extends org.tensorflow.types.family.TType> Operand<T> tensor(Graph graph, String name) {
        int colon = name.lastIndexOf(':');
        GraphOperation operation = graph.operation(name.substring(0, colon));
        if (operation == null) {
            throw new IllegalArgumentException("Cannot train: the graph has no tensor '%s'".formatted(name));
        }
        return (Operand<T>) operation.output(Integer.parseInt(name.substring(colon + 1)));
    }
}
