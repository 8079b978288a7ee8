package io.tensorbridge.tensor;

import io.tensorbridge.model.internal.GraphNames;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Graph;
import org.tensorflow.GraphOperation;
import org.tensorflow.Output;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;

/** A model's graph inside TensorFlow, on the driver: that it can be imported, and what its tensors are. */
final class ImportedGraph implements AutoCloseable {

    private final ModelSource source;
    private final Graph graph;
    private final Map<String, NodeDef> nodes = new LinkedHashMap<>();

    private ImportedGraph(ModelSource source, Graph graph, GraphDef graphDef) {
        this.source = source;
        this.graph = graph;
        graphDef.getNodeList().forEach(node -> nodes.put(node.getName(), node));
    }

    /**
     * Imports a graph.
     *
     * @return the graph, which the caller closes
     * @throws ProgramException if TensorFlow does not import it
     */
    static ImportedGraph of(ModelSource source, GraphDef graphDef) {
        GraphCheck.problemOf(graphDef).ifPresent(problem -> {
            throw source.wrong(problem);
        });
        TensorFlowRuntime.load();
        var graph = new Graph();
        try {
            graph.importGraphDef(graphDef);
            return new ImportedGraph(source, graph, graphDef);
        } catch (TensorFlowException | IllegalArgumentException e) {
            graph.close();
            throw source.wrong(GraphCheck.refused(e), e);
        }
    }

    /** Checks that a signature means tensors that are there, of the types that it says. */
    void check(SignatureDef signature) {
        signature.getInputsMap().forEach(this::check);
        signature.getOutputsMap().forEach(this::check);
    }

    private void check(String name, TensorInfo info) {
        GraphOperation operation = graph.operation(GraphNames.operationOf(info.getName()));
        int index = GraphNames.indexOf(info.getName());
        if (operation == null || index < 0 || index >= operation.numOutputs()) {
            throw source.wrong(
                    "expected tensor '%s', which its signature calls '%s', found none in its graph. Export it again"
                            .formatted(info.getName(), name));
        }
        var type = operation.output(index).dataType();
        if (type != info.getDtype()) {
            throw source.wrong(
                    "expected tensor '%s' of %s, as its signature says, found %s in its graph. Export it again"
                            .formatted(info.getName(), info.getDtype(), type));
        }
    }

    /**
     * Makes a signature of tensors that are named.
     *
     * @param inputs as {@code operation} or {@code operation:index}; each is an input of that name
     * @param outputs likewise
     */
    SignatureDef signature(List<String> inputs, List<String> outputs) {
        if (outputs.isEmpty()) {
            throw source.wrong("expected the name of an output, found none. Name one or more");
        }
        var signature = SignatureDef.newBuilder();
        inputs.forEach(input -> signature.putInputs(input, tensor("input", input)));
        outputs.forEach(output -> signature.putOutputs(output, tensor("output", output)));
        List<String> fed = tensorsOf(signature.getInputsMap().values());
        signature.getOutputsMap().forEach((output, info) -> {
            if (fed.contains(info.getName()) || isPlaceholder(info)) {
                throw source.wrong(
                        "expected output '%s' to be computed, found an input, which TensorFlow does not hand back. Name an identity of it"
                                .formatted(output));
            }
        });
        return signature.build();
    }

    private boolean isPlaceholder(TensorInfo info) {
        NodeDef node = nodes.get(GraphNames.operationOf(info.getName()));
        return node != null && node.getOp().equals("Placeholder");
    }

    private static List<String> tensorsOf(Collection<TensorInfo> infos) {
        return infos.stream().map(TensorInfo::getName).toList();
    }

    private TensorInfo tensor(String role, String name) {
        String operationName = GraphNames.operationOf(name);
        GraphOperation operation = name.startsWith("^") ? null : graph.operation(operationName);
        if (operation == null) {
            throw source.wrong("expected operation '%s' for %s '%s', found operations %s. Name one of these"
                    .formatted(operationName, role, name, ModelSource.some(nodes.keySet())));
        }
        int index = GraphNames.indexOf(name);
        if (index < 0 || index >= operation.numOutputs()) {
            throw source.wrong(
                    "expected %s '%s' to be one of %d tensors of operation '%s', found no such. Name it as %s"
                            .formatted(role, name, operation.numOutputs(), operationName, names(operation)));
        }
        Output<?> output = operation.output(index);
        NodeDef node = nodes.get(operationName);
        Shape shape = node != null && node.getOp().equals("Placeholder") ? GraphPrograms.shapeOf(node) : output.shape();
        return Signatures.info(operationName + ":" + index, new TensorSpec(name, output.dataType(), shape));
    }

    private static List<String> names(GraphOperation operation) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < operation.numOutputs(); i++) {
            names.add(operation.name() + ":" + i);
        }
        return names;
    }

    /**
     * Checks that the inputs are those that the outputs need, neither more nor fewer.
     *
     * @param closure what the outputs need, as far as the inputs
     */
    void checkInputs(SignatureDef signature, GraphClosure closure) {
        List<String> fed = tensorsOf(signature.getInputsMap().values());
        for (NodeDef node : closure.nodes()) {
            if (node.getOp().equals("Placeholder") && !fed.contains(node.getName() + ":0")) {
                throw source.wrong(
                        "expected inputs for all that outputs %s need, found '%s' not among %s. Name it as an input"
                                .formatted(
                                        signature.getOutputsMap().keySet().stream()
                                                .sorted()
                                                .toList(),
                                        node.getName(),
                                        signature.getInputsMap().keySet().stream()
                                                .sorted()
                                                .toList()));
            }
        }
        signature.getInputsMap().forEach((name, info) -> {
            if (!isUsed(info.getName(), closure)) {
                throw source.wrong("expected input '%s' to be needed by outputs %s, found that it is not. Leave it out"
                        .formatted(
                                name,
                                signature.getOutputsMap().keySet().stream()
                                        .sorted()
                                        .toList()));
            }
        });
    }

    private static boolean isUsed(String tensor, GraphClosure closure) {
        return closure.nodes().stream()
                .flatMap(node -> node.getInputList().stream())
                .anyMatch(input ->
                        !input.startsWith("^") && ProgramGraph.canonical(input).equals(tensor));
    }

    @Override
    public void close() {
        graph.close();
    }
}
