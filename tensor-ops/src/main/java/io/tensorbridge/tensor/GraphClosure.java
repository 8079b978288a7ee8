package io.tensorbridge.tensor;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NameAttrList;
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
     * @param fetches names of operations, without an output's index
     */
    static GraphClosure of(GraphDef graph, Collection<String> fetches) {
        return of(graph, fetches, Set.of());
    }

    /**
     * Follows a graph backwards from the tensors to fetch as far as those that are fed; what is before these is not needed.
     *
     * @param fetches names of operations, without an output's index
     * @param feeds names of tensors, with an output's index
     */
    static GraphClosure of(GraphDef graph, Collection<String> fetches, Set<String> feeds) {
        Map<String, NodeDef> byName = new HashMap<>();
        graph.getNodeList().forEach(node -> byName.put(node.getName(), node));
        Set<String> reached = new LinkedHashSet<>();
        Deque<String> open = new ArrayDeque<>(fetches);
        while (!open.isEmpty()) {
            String name = open.pop();
            NodeDef node = byName.get(name);
            if (node != null && reached.add(name)) {
                node.getInputList().stream()
                        .filter(input -> input.startsWith("^") || !feeds.contains(ProgramGraph.canonical(input)))
                        .forEach(input -> open.push(operationOf(input)));
            }
        }
        List<NodeDef> nodes = graph.getNodeList().stream()
                .filter(node -> reached.contains(node.getName()))
                .toList();
        return new GraphClosure(nodes, functionNodes(graph, nodes));
    }

    /**
     * Follows a graph backwards from some tensors, and no further than to others that are fed.
     *
     * @param fetched names of tensors
     * @param fed names of tensors, each with its number, as {@code x:0}
     * @param used where those of the fed tensors are put that something takes
     */
    static GraphClosure between(
            GraphDef graph, Collection<String> fetched, Collection<String> fed, Collection<String> used) {
        Map<String, NodeDef> byName = new HashMap<>();
        graph.getNodeList().forEach(node -> byName.put(node.getName(), node));
        Set<String> fedTensors = Set.copyOf(fed);
        Set<String> fedOperations = fed.stream().map(GraphClosure::operationOf).collect(Collectors.toSet());
        Set<String> reached = new HashSet<>();
        Deque<String> open = new ArrayDeque<>(fetched);
        while (!open.isEmpty()) {
            String input = open.pop();
            boolean isControl = input.startsWith("^");
            if (isControl ? fedOperations.contains(operationOf(input)) : fedTensors.contains(tensorOf(input))) {
                if (!isControl) {
                    used.add(tensorOf(input));
                }
                continue;
            }
            NodeDef node = byName.get(operationOf(input));
            if (node != null && reached.add(node.getName())) {
                node.getInputList().forEach(open::push);
            }
        }
        List<NodeDef> nodes = graph.getNodeList().stream()
                .filter(node -> reached.contains(node.getName()))
                .toList();
        return new GraphClosure(nodes, functionNodes(graph, nodes));
    }

    private static String tensorOf(String input) {
        return operationOf(input) + ":" + indexOf(input);
    }

    /** Returns the operation that an input of a node names: {@code x} for {@code x}, {@code x:1} and {@code ^x}. */
    static String operationOf(String input) {
        String name = input.startsWith("^") ? input.substring(1) : input;
        int colon = name.indexOf(':');
        return colon < 0 ? name : name.substring(0, colon);
    }

    /** Returns which output of an operation a tensor's name means, or -1 if what stands there is no number. */
    static int indexOf(String tensor) {
        int colon = tensor.indexOf(':');
        try {
            return colon < 0 ? 0 : Integer.parseInt(tensor.substring(colon + 1));
        } catch (NumberFormatException e) {
            return -1;
        }
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
            for (String name : functionsOf(open.pop())) {
                FunctionDef function = library.get(name);
                if (function != null && seen.add(name)) {
                    bodies.addAll(function.getNodeDefList());
                    open.addAll(function.getNodeDefList());
                }
            }
        }
        return bodies;
    }

    /** Returns the functions that a node names, those that it hands to these, and its type, which may be one. */
    static List<String> functionsOf(NodeDef node) {
        List<String> names = new ArrayList<>();
        names.add(node.getOp()); // a function may be called by its own name
        Deque<AttrValue> open = new ArrayDeque<>(node.getAttrMap().values());
        while (!open.isEmpty()) {
            AttrValue value = open.pop();
            List<NameAttrList> functions =
                    value.hasFunc() ? List.of(value.getFunc()) : value.getList().getFuncList();
            for (NameAttrList function : functions) {
                names.add(function.getName());
                open.addAll(function.getAttrMap().values());
            }
        }
        return names;
    }
}
