package io.tensorbridge.model.internal;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;

/**
 * A graph and its functions, by name, and what of them some tensors need.
 *
 * <p>A function that is called counts as needed as a whole, and so do those that TensorFlow may put in its place, which
 * are marked to implement the same.
 */
final class ScannedGraph {

    /** The attribute by which functions say that one may stand for the other. */
    private static final String IMPLEMENTS = "api_implements";

    private final GraphDef graph;
    private final Map<String, NodeDef> nodes = new HashMap<>();
    private final Map<String, FunctionDef> functions = new HashMap<>();
    private final Map<String, List<FunctionDef>> implementations = new HashMap<>();

    ScannedGraph(GraphDef graph) {
        this.graph = graph;
        graph.getNodeList().forEach(node -> nodes.put(node.getName(), node));
        for (FunctionDef function : graph.getLibrary().getFunctionList()) {
            functions.put(nameOf(function), function);
            implementations
                    .computeIfAbsent(interfaceOf(function), any -> new ArrayList<>())
                    .add(function);
        }
    }

    /**
     * What some tensors need.
     *
     * @param nodes names of nodes of the graph itself
     * @param functions names of functions
     */
    record Reached(Set<String> nodes, Set<String> functions) {}

    GraphDef graph() {
        return graph;
    }

    @Nullable
    NodeDef node(String name) {
        return nodes.get(name);
    }

    @Nullable
    FunctionDef function(String name) {
        return functions.get(name);
    }

    /** Hands on every node, with the function that it is in; that of the graph itself is named by the empty string. */
    void forEachNode(BiConsumer<String, NodeDef> action) {
        graph.getNodeList().forEach(node -> action.accept("", node));
        for (FunctionDef function : graph.getLibrary().getFunctionList()) {
            function.getNodeDefList().forEach(node -> action.accept(nameOf(function), node));
        }
    }

    /** Hands on every node of what was reached, likewise. */
    void forEachNode(Reached reached, BiConsumer<String, NodeDef> action) {
        forEachNode((function, node) -> {
            boolean isReached = function.isEmpty()
                    ? reached.nodes().contains(node.getName())
                    : reached.functions().contains(function);
            if (isReached) {
                action.accept(function, node);
            }
        });
    }

    /**
     * Follows the graph backwards, through data and control edges and into functions.
     *
     * @param tensors names of tensors or of operations
     * @param fed tensors that are fed, {@code x:0}; what is before them is not followed
     */
    Reached reach(Collection<String> tensors, Set<String> fed) {
        Set<String> reachedNodes = new HashSet<>();
        Set<String> reachedFunctions = new HashSet<>();
        Deque<NodeDef> calls = new ArrayDeque<>();
        Deque<String> open = new ArrayDeque<>(tensors);
        while (!open.isEmpty()) {
            String tensor = open.pop();
            NodeDef node = fed.contains(canonical(tensor)) ? null : nodes.get(GraphNames.operationOf(tensor));
            if (node != null && reachedNodes.add(node.getName())) {
                calls.add(node);
                open.addAll(node.getInputList());
            }
        }
        while (!calls.isEmpty()) {
            for (String name : GraphNames.functionsOf(calls.pop())) {
                for (FunctionDef function : mayBeMeantBy(name)) {
                    if (reachedFunctions.add(nameOf(function))) {
                        calls.addAll(function.getNodeDefList());
                    }
                }
            }
        }
        return new Reached(reachedNodes, reachedFunctions);
    }

    /** Returns the function of a name, and those that TensorFlow may put in its place; none if there is no such function. */
    List<FunctionDef> mayBeMeantBy(String name) {
        FunctionDef function = functions.get(name);
        if (function == null) {
            return List.of();
        }
        String implemented = interfaceOf(function);
        return implemented.isEmpty() ? List.of(function) : implementations.getOrDefault(implemented, List.of(function));
    }

    private static String interfaceOf(FunctionDef function) {
        AttrValue value = function.getAttrMap().get(IMPLEMENTS);
        return value == null ? "" : value.getS().toStringUtf8();
    }

    static String nameOf(FunctionDef function) {
        return function.getSignature().getName();
    }

    /** Returns the one name of a tensor that goes by {@code x} and by {@code x:0}. */
    static String canonical(String tensor) {
        return tensor.startsWith("^") || tensor.indexOf(':') >= 0 ? tensor : tensor + ":0";
    }
}
