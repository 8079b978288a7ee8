package io.tensorbridge.tensor;

import io.tensorbridge.model.internal.GraphNames;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;

/**
 * The part of a graph between some tensors and others, made into a function.
 *
 * @param definition the function; its arguments are those it was made with, then one for each capture
 * @param captures what it is to be handed besides
 */
record FunctionBody(FunctionDef definition, List<Capture> captures) {

    /**
     * An argument of a function.
     *
     * @param tensor the tensor whose place it takes, or nothing if it is of no use
     */
    record Argument(Optional<String> tensor, DataType type, Shape shape) {}

    /**
     * Makes a function.
     *
     * @param what the beginning of messages
     * @param functionName a name that the graph's library does not have
     * @param returns the tensors that it returns
     * @throws ProgramException if there is no such function
     */
    static FunctionBody of(
            String what, String functionName, GraphDef graph, List<Argument> arguments, List<String> returns) {
        var cut = new Cut(graph, arguments, returns);
        cut.checkInputs(what);
        cut.checkWrites(what);
        var body = new GraphEdits(
                GraphDef.newBuilder().setVersions(graph.getVersions()).setLibrary(graph.getLibrary()));
        Map<String, String> replaced = new HashMap<>();
        List<String> fed = new ArrayList<>();
        cut.nodes.keySet().forEach(body::reserve);
        for (Argument argument : arguments) {
            String tensor = body.placeholder("argument", argument.type(), argument.shape());
            argument.tensor().ifPresent(from -> replaced.put(from, tensor));
            fed.add(tensor);
        }
        for (Capture capture : cut.captures.values()) {
            String tensor = body.placeholder("captured", capture.type(), Shape.unknown());
            replaced.put(capture.tensor(), tensor);
            fed.add(tensor);
        }
        for (NodeDef node : cut.nodes.values()) {
            body.addReserved(cut.rewired(node, replaced));
        }
        List<String> returned = returns.stream()
                .map(tensor -> replaced.getOrDefault(tensor, tensor))
                .toList();
        return new FunctionBody(
                NativeFunctions.functionOf(what, functionName, body.build(), fed, returned),
                List.copyOf(cut.captures.values()));
    }

    /** What of a graph is reached from the returns without passing through an argument or a capture. */
    private static final class Cut {

        private final Map<String, NodeDef> nodes = new LinkedHashMap<>();
        private final Map<String, Capture> captures = new LinkedHashMap<>();

        Cut(GraphDef graph, List<Argument> arguments, List<String> returns) {
            Map<String, NodeDef> byName = new HashMap<>();
            graph.getNodeList().forEach(node -> byName.put(node.getName(), node));
            Set<String> seen = new LinkedHashSet<>();
            arguments.forEach(argument -> argument.tensor().ifPresent(seen::add));
            Deque<String> open = new ArrayDeque<>(returns);
            while (!open.isEmpty()) {
                String input = open.pop();
                NodeDef node = byName.get(GraphNames.operationOf(input));
                boolean isNew = input.startsWith("^") || seen.add(ProgramGraph.canonical(input));
                if (!isNew
                        || node == null
                        || nodes.containsKey(node.getName())
                        || captures.containsKey(node.getName())) {
                    continue;
                }
                Optional<Capture> capture = Capture.of(node);
                if (capture.isPresent()) {
                    captures.put(node.getName(), capture.get());
                } else if (!input.startsWith("^") || !isArgument(node, arguments)) {
                    nodes.put(node.getName(), node);
                    open.addAll(node.getInputList());
                }
            }
        }

        private static boolean isArgument(NodeDef node, List<Argument> arguments) {
            return arguments.stream()
                    .flatMap(argument -> argument.tensor().stream())
                    .anyMatch(tensor -> GraphNames.operationOf(tensor).equals(node.getName()));
        }

        /** A placeholder inside a function cannot be fed. */
        void checkInputs(String what) {
            for (NodeDef node : nodes.values()) {
                if (node.getOp().equals("Placeholder")) {
                    throw new ProgramException(
                            what,
                            "its outputs need placeholder '%s', which is none of its inputs. Export it with a signature that names it"
                                    .formatted(node.getName()));
                }
            }
        }

        /** The value of a variable without a handle is handed over, and its value cannot be written to. */
        void checkWrites(String what) {
            if (captures.values().stream().allMatch(Capture::hasHandle)) {
                return;
            }
            for (NodeDef node : nodes.values()) {
                boolean writes = NativeFunctions.definitionOf(node.getOp()).stream()
                        .flatMap(op -> op.getInputArgList().stream())
                        .anyMatch(OpDef.ArgDef::getIsRef);
                if (writes) {
                    throw new ProgramException(
                            what,
                            "operation '%s' writes to a variable that has no handle. Use a resource variable"
                                    .formatted(node.getName()));
                }
            }
        }

        /** Returns a node whose inputs are in the function; without its colocation, which may name a node outside. */
        NodeDef rewired(NodeDef node, Map<String, String> replaced) {
            Stream<String> inputs = node.getInputList().stream()
                    .filter(input -> !input.startsWith("^") || nodes.containsKey(GraphNames.operationOf(input)))
                    .map(input -> input.startsWith("^")
                            ? input
                            : replaced.getOrDefault(ProgramGraph.canonical(input), input));
            return node.toBuilder()
                    .clearInput()
                    .addAllInput(inputs.toList())
                    .removeAttr("_class")
                    .build();
        }
    }
}
