package io.tensorbridge.train.graph;

import io.tensorbridge.tensor.GraphParts;
import io.tensorbridge.tensor.ModelGraph;
import io.tensorbridge.tensor.Shapes;
import io.tensorbridge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;

/** Gives the signatures of a model inputs in common: one placeholder for those of one name, which is its own. */
final class ModelInputs {

    private final ModelGraph model;
    private final Map<String, NodeDef> nodes = new LinkedHashMap<>();
    private final Map<String, String> signatureOf = new HashMap<>(); // by input, the first that has it
    private final Map<String, TensorSpec> inputs = new TreeMap<>();
    private final Map<String, String> renamed = new HashMap<>();

    ModelInputs(ModelGraph model) {
        this.model = model;
        model.graph().getNodeList().forEach(node -> nodes.put(node.getName(), node));
    }

    /** Takes the inputs of a signature; the first one says of which type and shape an input is. */
    void add(String key, SignatureDef signature) {
        new TreeMap<>(signature.getInputsMap()).forEach((name, info) -> add(key, name, info));
    }

    private void add(String key, String name, TensorInfo info) {
        String operation = operationOf(info.getName());
        NodeDef node = nodes.get(operation);
        if (node == null || !node.getOp().equals("Placeholder")) {
            throw model.wrong(
                    "expected input '%s' of signature '%s' to be a placeholder, found operation '%s' of type %s. Export it again"
                            .formatted(name, key, operation, node == null ? "none" : node.getOp()));
        }
        TensorSpec found =
                new TensorSpec(name, info.getDtype(), GraphParts.specOf(node).shape());
        TensorSpec there = inputs.putIfAbsent(name, found);
        signatureOf.putIfAbsent(name, key);
        if (there != null
                && (there.elementType() != found.elementType() || !Shapes.accepts(there.shape(), found.shape()))) {
            throw model.wrong(
                    "expected input '%s' of %s, as signature '%s' has it, found %s in signature '%s'. Give inputs of one name one type and shape"
                            .formatted(
                                    name,
                                    Shapes.describe(there.elementType(), there.shape()),
                                    signatureOf.get(name),
                                    Shapes.describe(found.elementType(), found.shape()),
                                    key));
        }
        String other = renamed.putIfAbsent(operation, name);
        if (other != null && !other.equals(name)) {
            throw model.wrong(
                    "expected inputs that are fed apart, found '%s' and '%s' to be one placeholder. Export it again"
                            .formatted(other, name));
        }
    }

    /** Returns what a row is made of, as a signature has it: inputs with cells of a known shape. */
    List<TensorSpec> rows(String key, SignatureDef signature) {
        List<TensorSpec> rows = new ArrayList<>();
        for (String name : signature.getInputsMap().keySet().stream().sorted().toList()) {
            TensorSpec input = inputs.getOrDefault(name, new TensorSpec(name, DataType.DT_INVALID, Shape.unknown()));
            boolean isRows = !input.shape().isUnknown()
                    && input.shape().numDimensions() > 0
                    && input.shape().get(0) < 0
                    && Shapes.elements(input.shape().tail()) > 0
                    && input.elementType() != DataType.DT_STRING;
            if (!isRows) {
                throw model.wrong(
                        "expected input '%s' of signature '%s' to be any number of rows of one known shape, found %s. Give the function such a TensorSpec: [None, 28, 28]"
                                .formatted(name, key, Shapes.describe(input.elementType(), input.shape())));
            }
            rows.add(input);
        }
        if (rows.isEmpty()) {
            throw model.wrong("expected inputs of signature '%s', found none. Give the function the rows to train on"
                    .formatted(key));
        }
        return rows;
    }

    /** Returns the graph with its placeholders as they are to be called; what was called so before is called otherwise. */
    GraphDef graph() {
        Set<String> taken = GraphParts.names(model.graph());
        taken.addAll(inputs.keySet());
        for (String name : inputs.keySet()) {
            if (nodes.containsKey(name) && !name.equals(renamed.get(name))) {
                String free = GraphParts.freeName(taken, name + "_1");
                taken.add(free);
                renamed.putIfAbsent(name, free);
            }
        }
        GraphDef.Builder graph = model.graph().toBuilder().clearNode();
        Set<String> made = new HashSet<>();
        for (NodeDef node : nodes.values()) {
            String name = renamed.getOrDefault(node.getName(), node.getName());
            TensorSpec input = inputs.get(name);
            if (input != null && !made.add(name)) {
                continue;
            }
            var changed = node.toBuilder().setName(name).clearInput();
            node.getInputList().forEach(from -> changed.addInput(tensor(from)));
            graph.addNode(changed);
        }
        return graph.build();
    }

    /** Returns what a tensor of the model is called in the graph. */
    String tensor(String tensor) {
        String operation = operationOf(tensor);
        String name = renamed.get(operation);
        if (name == null) {
            return tensor;
        }
        int colon = tensor.lastIndexOf(':');
        return (tensor.startsWith("^") ? "^" : "") + name + (colon < 0 ? "" : tensor.substring(colon));
    }

    static String operationOf(String tensor) {
        String name = tensor.startsWith("^") ? tensor.substring(1) : tensor;
        int colon = name.lastIndexOf(':');
        return colon < 0 ? name : name.substring(0, colon);
    }
}
