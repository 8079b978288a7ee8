package io.tensorbridge.tensor;

import io.tensorbridge.model.internal.GraphNames;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;

/**
 * The part of a graph that some tensors need: nodes, and the bodies of the functions that those call.
 *
 * @param nodes the nodes of the graph itself, in the graph's order
 * @param functionNodes the nodes of every function body that can be reached
 */
record GraphClosure(List<NodeDef> nodes, List<NodeDef> functionNodes) {

    /**
     * Follows a graph backwards from the tensors to fetch, through data and control edges.
     *
     * @param fetches names of tensors, or of operations
     */
    static GraphClosure of(GraphDef graph, Collection<String> fetches) {
        return of(graph, fetches, Set.of());
    }

    /**
     * Follows a graph backwards from the tensors to fetch as far as those that are fed; what is before these is not needed.
     *
     * @param fetches names of tensors
     * @param feeds names of tensors, each with its number, as {@code x:0}
     */
    static GraphClosure of(GraphDef graph, Collection<String> fetches, Collection<String> feeds) {
        return of(graph, fetches, feeds, new HashSet<>());
    }

    /**
     * Follows a graph, as {@link #of(GraphDef, Collection, Collection)} does.
     *
     * @param used where those of the fed tensors are put that something takes
     */
    static GraphClosure of(
            GraphDef graph, Collection<String> fetches, Collection<String> feeds, Collection<String> used) {
        Map<String, NodeDef> byName = new HashMap<>();
        graph.getNodeList().forEach(node -> byName.put(node.getName(), node));
        Set<String> fed = Set.copyOf(feeds);
        Set<String> reached = new HashSet<>();
        Deque<String> open = new ArrayDeque<>(fetches);
        while (!open.isEmpty()) {
            String input = open.pop();
            NodeDef node = byName.get(GraphNames.operationOf(input));
            if (!input.startsWith("^") && fed.contains(ProgramGraph.canonical(input))) {
                used.add(ProgramGraph.canonical(input));
            } else if (node != null && !isFedPlaceholder(input, node, fed) && reached.add(node.getName())) {
                node.getInputList().forEach(open::push);
            }
        }
        List<NodeDef> nodes = graph.getNodeList().stream()
                .filter(node -> reached.contains(node.getName()))
                .toList();
        return new GraphClosure(nodes, functionNodes(graph, nodes));
    }

    /** To wait for an operation is to run it, though its tensor is fed; but TensorFlow runs no placeholder that is. */
    private static boolean isFedPlaceholder(String input, NodeDef node, Set<String> fed) {
        return input.startsWith("^")
                && node.getOp().startsWith("Placeholder")
                && fed.contains(ProgramGraph.canonical(input));
    }

    private static List<NodeDef> functionNodes(GraphDef graph, List<NodeDef> from) {
        Map<String, FunctionDef> library = new HashMap<>();
        graph.getLibrary()
                .getFunctionList()
                .forEach(f -> library.put(f.getSignature().getName(), f));
        Set<String> seen = new TreeSet<>();
        Deque<NodeDef> open = new ArrayDeque<>(from);
        List<NodeDef> bodies = new ArrayList<>();
        while (!open.isEmpty()) {
            for (String name : GraphNames.functionsOf(open.pop())) {
                FunctionDef function = library.get(name);
                if (function != null && seen.add(name)) {
                    bodies.addAll(function.getNodeDefList());
                    open.addAll(function.getNodeDefList());
                }
            }
        }
        return bodies;
    }
}
