package io.tensorbridge.tensor;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tensorbridge.model.ModelPolicy;
import io.tensorbridge.model.internal.GraphNames;
import io.tensorbridge.model.internal.ModelFiles;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Graph;
import org.tensorflow.GraphOperation;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SignatureDef;

/** Makes programs out of graphs: checks them by importing them, and reads types and shapes off the import. */
final class GraphPrograms {

    private GraphPrograms() {}

    static Program build(Function<Ops, Program.Outputs> body) {
        TensorFlowRuntime.load();
        try (var graph = new Graph()) {
            Ops tf = Ops.create(graph);
            Map<String, String> fetches = new LinkedHashMap<>();
            for (var output : body.apply(tf).tensors().entrySet()) {
                Operand<?> tensor = output.getValue();
                // TensorFlow refuses to fetch what it is fed
                Output<?> fetched = tensor.op().type().equals("Placeholder")
                        ? tf.identity(tensor).asOutput()
                        : tensor.asOutput();
                fetches.put(output.getKey(), fetched.op().name() + ":" + fetched.index());
            }
            GraphDef graphDef = graph.toGraphDef();
            return of(graph, graphDef, ModelFiles.ofGraph(ProtoBytes.of(graphDef)), fetches, Origin.BUILT);
        }
    }

    /**
     * Makes a program of a graph that is the driver's own.
     *
     * @param fetches tensors, each {@code operation:index} and of an operation that computes, by the names of outputs; in order
     */
    static Program ofOwn(GraphDef graphDef, Map<String, String> fetches) {
        TensorFlowRuntime.load();
        try (var graph = new Graph()) {
            graph.importGraphDef(graphDef);
            return of(graph, graphDef, ModelFiles.ofGraph(ProtoBytes.of(graphDef)), fetches, Origin.BUILT);
        }
    }

    static Program fromBytes(byte[] bytes, List<String> fetches, ModelPolicy policy) {
        try {
            return fromGraphDef(GraphDef.parseFrom(bytes), fetches, policy);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException(
                    "Cannot read graph: expected a serialised GraphDef, found %d bytes that are none (%s). Export it again, in binary form"
                            .formatted(bytes.length, e.getMessage()),
                    e);
        }
    }

    static Program fromGraphDef(GraphDef graphDef, List<String> fetches, ModelPolicy policy) {
        GraphCheck.problemOf(graphDef).ifPresent(problem -> {
            throw new IllegalArgumentException("Cannot read graph: " + problem);
        });
        if (fetches.isEmpty()) {
            throw new IllegalArgumentException(
                    "Cannot read graph: expected the name of an output, found none. Name one or more, such as fromGraphDef(graph, \"z\")");
        }
        ModelFiles files = ModelFiles.ofGraph(ProtoBytes.of(graphDef));
        ModelCheck.refusal(graphDef, fetches, Set.of(), files.digest(), policy).ifPresent(reason -> {
            throw new IllegalArgumentException("Cannot read graph: " + reason);
        });
        TensorFlowRuntime.load();
        try (var graph = new Graph()) {
            try {
                graph.importGraphDef(graphDef);
            } catch (TensorFlowException | IllegalArgumentException e) {
                throw new IllegalArgumentException("Cannot read graph: " + GraphCheck.refused(e), e);
            }
            Map<String, String> named = new LinkedHashMap<>();
            for (String fetch : fetches) {
                named.put(fetch, checkFetch(graph, fetch));
            }
            return of(
                    graph, graphDef, files, named, Origin.unpinned(String.join(",", fetches), files.digest(), policy));
        }
    }

    private static String checkFetch(Graph graph, String fetch) {
        int colon = fetch.indexOf(':');
        String operation = colon < 0 ? fetch : fetch.substring(0, colon);
        GraphOperation found = graph.operation(operation);
        if (found == null) {
            throw new IllegalArgumentException(
                    "Cannot fetch '%s': expected an operation '%s' in the graph, found %s. Mend fromGraphDef(graph, \"…\")"
                            .formatted(fetch, operation, someOperations(graph)));
        }
        int index;
        try {
            index = colon < 0 ? 0 : Integer.parseInt(fetch.substring(colon + 1));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "Cannot fetch '%s': expected operation or operation:index, found '%s'. Mend fromGraphDef(graph, \"…\")"
                            .formatted(fetch, fetch),
                    e);
        }
        if (index < 0 || index >= found.numOutputs()) {
            throw new IllegalArgumentException(
                    "Cannot fetch '%s': expected an output below %d of operation '%s', found %d. Mend fromGraphDef(graph, \"…\")"
                            .formatted(fetch, found.numOutputs(), operation, index));
        }
        if (found.type().equals("Placeholder")) {
            throw new IllegalArgumentException(
                    "Cannot fetch '%s': expected an operation that computes, found an input, which TensorFlow does not hand back. Fetch an identity of it"
                            .formatted(fetch));
        }
        return operation + ":" + index;
    }

    private static List<String> someOperations(Graph graph) {
        List<String> names = new ArrayList<>();
        graph.operations().forEachRemaining(operation -> names.add(operation.name()));
        return names.size() <= 20 ? names : names.subList(0, 20);
    }

    private static Program of(
            Graph graph, GraphDef graphDef, ModelFiles files, Map<String, String> fetches, Origin origin) {
        GraphClosure closure = GraphClosure.of(
                graphDef, fetches.values().stream().map(GraphNames::operationOf).toList());
        var signature = SignatureDef.newBuilder();
        List<TensorSpec> inputs = new ArrayList<>();
        for (NodeDef node : closure.nodes()) {
            if (node.getOp().equals("Placeholder")) {
                ProgramGraph.Port input = inputOf(node);
                inputs.add(input.spec());
                signature.putInputs(input.spec().name(), Signatures.info(input.tensor(), input.spec()));
            }
        }
        List<TensorSpec> outputs = new ArrayList<>();
        fetches.forEach((name, tensor) -> {
            int index = Integer.parseInt(tensor.substring(tensor.indexOf(':') + 1));
            Output<?> output = graph.operation(GraphNames.operationOf(tensor)).output(index);
            var spec = new TensorSpec(name, output.dataType(), output.shape());
            outputs.add(spec);
            signature.putOutputs(name, Signatures.info(tensor, spec));
        });
        return new Program(
                String.join(",", fetches.keySet()),
                Program.Form.GRAPH_DEF,
                files,
                List.of(),
                signature.build(),
                new ProgramSignature(inputs, outputs),
                AliasSafety.firstOffender(closure),
                origin);
    }

    /** Returns the input that a placeholder stands for, of its name. */
    static ProgramGraph.Port inputOf(NodeDef placeholder) {
        return new ProgramGraph.Port(
                placeholder.getName() + ":0",
                new TensorSpec(
                        placeholder.getName(),
                        placeholder.getAttrOrThrow("dtype").getType(),
                        shapeOf(placeholder)));
    }

    /** Returns the shape that a placeholder says it has; the import of an old graph takes scalars for unknown. */
    static Shape shapeOf(NodeDef placeholder) {
        @Nullable AttrValue shape = placeholder.getAttrMap().get("shape");
        return shape == null ? Shape.unknown() : Shapes.of(shape.getShape());
    }
}
