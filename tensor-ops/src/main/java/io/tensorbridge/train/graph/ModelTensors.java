package io.tensorbridge.train.graph;

import io.tensorbridge.tensor.GraphParts;
import io.tensorbridge.tensor.ModelGraph;
import io.tensorbridge.tensor.Shapes;
import io.tensorbridge.train.graph.TrainingProgram.Objective;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import org.tensorflow.Graph;
import org.tensorflow.GraphOperation;
import org.tensorflow.Output;
import org.tensorflow.TensorFlow;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;

/** Checks that the tensors of a model are what training takes: what TensorFlow knows of them without running. */
final class ModelTensors implements AutoCloseable {

    private final ModelGraph model;
    private final Graph graph = new Graph();

    ModelTensors(ModelGraph model, GraphDef part) {
        this.model = model;
        try {
            graph.importGraphDef(part);
        } catch (TensorFlowException | IllegalArgumentException e) {
            graph.close();
            throw model.wrong("expected a graph that TensorFlow %s imports, found it refused (%s). Export it again"
                    .formatted(TensorFlow.version(), e.getMessage()));
        }
    }

    /** Checks that loss and metrics are numbers. */
    void number(String key, Objective objective) {
        number(key, TrainingSignatures.LOSS, objective.loss());
        objective.metrics().forEach(metric -> number(key, metric.name(), metric.tensor()));
    }

    private void number(String key, String name, String tensor) {
        Output<?> output = output(tensor);
        if (output.dataType() != DataType.DT_FLOAT || !Shapes.accepts(Shape.scalar(), output.shape())) {
            throw model.wrong(
                    "expected output '%s' of signature '%s' to be a scalar of DT_FLOAT, the mean over the rows, found %s. Take the mean: tf.reduce_mean"
                            .formatted(name, key, Shapes.describe(output.dataType(), output.shape())));
        }
    }

    /**
     * Checks that each tensor is of the type and shape of its variable.
     *
     * @param what what a tensor is, with a place for the name of the variable
     * @param tensors by the names of variables
     */
    void ofVariables(String what, List<ModelGraph.Variable> variables, SortedMap<String, String> tensors) {
        Map<String, ModelGraph.Variable> byName = new HashMap<>();
        variables.forEach(variable -> byName.put(variable.name(), variable));
        tensors.forEach((name, tensor) -> {
            ModelGraph.Variable variable = byName.get(name);
            if (variable == null) {
                throw model.wrong(
                        "expected %s to be named after a variable, found variables %s. Name it as the variable is named: v.path"
                                .formatted(
                                        what.formatted(name),
                                        byName.keySet().stream().sorted().toList()));
            }
            Output<?> output = output(tensor);
            if (output.dataType() != variable.type() || !Shapes.accepts(variable.shape(), output.shape())) {
                throw model.wrong(
                        "expected %s to be %s as the variable, found %s. Return a tensor of that type and shape"
                                .formatted(
                                        what.formatted(name),
                                        Shapes.describe(variable.type(), variable.shape()),
                                        Shapes.describe(output.dataType(), output.shape())));
            }
        });
    }

    /** Returns the shape of a tensor, as far as TensorFlow knows it; nothing is known of one that is not there. */
    Shape shapeOf(String tensor) {
        String name = GraphParts.canonical(tensor);
        return graph.operation(ModelInputs.operationOf(name)) == null
                ? Shape.unknown()
                : output(name).shape();
    }

    private Output<?> output(String tensor) {
        int colon = tensor.lastIndexOf(':');
        GraphOperation operation = graph.operation(tensor.substring(0, colon));
        return operation.output(Integer.parseInt(tensor.substring(colon + 1)));
    }

    @Override
    public void close() {
        graph.close();
    }
}
