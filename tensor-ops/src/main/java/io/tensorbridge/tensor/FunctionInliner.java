package io.tensorbridge.tensor;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;

/**
 * Puts the bodies of functions where they are called, so that what they compute can be fetched.
 *
 * <p>A node {@code dense/Relu} of a function that {@code call} runs becomes {@code call/dense/Relu}. The call itself stays, as
 * a node that hands on what the function returns, under its name: whoever takes from it or waits for it does so as before.
 *
 * <p>What a call is handed reaches the body's nodes directly. Nodes without inputs wait for what the call waits for, and
 * whoever waits for the call waits for the operations with effects that the function names as such.
 */
final class FunctionInliner {

    /** Operations that give nothing on one of their outputs, or run more than once; a call among them does likewise. */
    private static final Set<String> CONTROL_FLOW = Set.of("Switch", "RefSwitch", "Enter", "RefEnter");

    private static final int MOST_NODES = 1_000_000;
    private static final int MOST_CALLS_WITHIN_CALLS = 200;

    private final String what;
    private final Operations operations;
    private final Predicate<String> wanted;
    private final boolean hasControlFlow;
    private final Map<String, NodeDef> nodes = new LinkedHashMap<>();
    private final Map<String, List<String>> callsAround = new HashMap<>();

    private FunctionInliner(String what, GraphDef graph, Predicate<String> wanted) {
        this.what = what;
        this.operations = new Operations(graph);
        this.wanted = wanted;
        this.hasControlFlow = graph.getNodeList().stream().anyMatch(FunctionInliner::isControlFlow)
                || graph.getLibrary().getFunctionList().stream()
                        .flatMap(function -> function.getNodeDefList().stream())
                        .anyMatch(FunctionInliner::isControlFlow);
    }

    /**
     * A graph whose calls were replaced.
     *
     * @param graph the graph, with all functions of the one that it was made of
     * @param callsAround for each node that was in a function, the calls that it was under, outermost first
     */
    record Inlined(GraphDef graph, Map<String, List<String>> callsAround) {}

    /**
     * Replaces calls.
     *
     * @param what the beginning of messages
     * @param wanted whether to replace the call of this name; the name is that in the graph that comes out
     * @throws ProgramException if a function is not as TensorFlow writes them
     */
    static Inlined inline(String what, GraphDef graph, Predicate<String> wanted) {
        var inliner = new FunctionInliner(what, graph, wanted);
        for (NodeDef node : graph.getNodeList()) {
            inliner.add(node, List.of(), Set.of());
        }
        return new Inlined(
                graph.toBuilder().clearNode().addAllNode(inliner.nodes.values()).build(), inliner.callsAround);
    }

    /**
     * What a node calls.
     *
     * @param attrs what the attributes are that the function leaves open
     */
    record Callee(FunctionDef function, Map<String, AttrValue> attrs) {}

    /**
     * Returns the function that a node calls and does nothing else with, or nothing: a loop runs its functions as often as it
     * pleases, and a function that is to be compiled is one to its compiler.
     */
    private static Optional<Callee> calleeOf(NodeDef node, Operations operations) {
        boolean isCall = node.getOp().equals("PartitionedCall") || node.getOp().equals("StatefulPartitionedCall");
        AttrValue f = node.getAttrMap().get("f");
        Optional<Callee> callee = isCall && f != null
                ? operations
                        .function(f.getFunc().getName())
                        .map(function -> new Callee(function, f.getFunc().getAttrMap()))
                : operations.function(node.getOp()).map(function -> new Callee(function, node.getAttrMap()));
        return callee.filter(called -> called.function().getSignature().getInputArgList().stream()
                        .noneMatch(Operations::isList)
                && called.function().getSignature().getOutputArgList().stream().noneMatch(Operations::isList)
                && !isCompiled(called.function().getAttrMap())
                && !isCompiled(node.getAttrMap()));
    }

    /** Returns whether a node is one that this can replace. */
    static boolean isCall(NodeDef node, Operations operations) {
        return calleeOf(node, operations).isPresent();
    }

    private static boolean isCompiled(Map<String, AttrValue> attrs) {
        AttrValue compiled = attrs.get("_XlaMustCompile");
        return compiled != null && compiled.getB();
    }

    private static boolean isControlFlow(NodeDef node) {
        return CONTROL_FLOW.contains(node.getOp());
    }

    String what() {
        return what;
    }

    Operations operations() {
        return operations;
    }

    boolean hasControlFlow() {
        return hasControlFlow;
    }

    /**
     * Adds a node, or what it calls in its place.
     *
     * @param calls the calls that it is under, outermost first
     * @param functions the functions that these call
     */
    void add(NodeDef node, List<String> calls, Set<String> functions) {
        Optional<Callee> callee = wanted.test(node.getName())
                ? calleeOf(node, operations)
                        .filter(called -> !functions.contains(
                                called.function().getSignature().getName())) // or it would go on for ever
                : Optional.empty();
        if (callee.isPresent() && calls.size() < MOST_CALLS_WITHIN_CALLS) {
            new InlinedBody(this, node, callee.get(), calls, functions).add();
        } else {
            put(node, calls);
        }
    }

    /** Adds a node as it is. */
    void put(NodeDef node, List<String> calls) {
        if (nodes.putIfAbsent(node.getName(), node) != null) {
            throw new ProgramException(
                    what, "two operations would be named '%s' once functions are resolved".formatted(node.getName()));
        }
        if (nodes.size() > MOST_NODES) {
            throw new ProgramException(
                    what,
                    "expected at most %d operations once functions are resolved, found more".formatted(MOST_NODES));
        }
        if (!calls.isEmpty()) {
            callsAround.put(node.getName(), calls);
        }
    }
}
