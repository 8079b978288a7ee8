package io.tensorbridge.tensor;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;

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

    private static final String COLOCATED = "loc:@";
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
    private record Callee(FunctionDef function, Map<String, AttrValue> attrs) {}

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

    private void add(NodeDef node, List<String> calls, Set<String> functions) {
        Optional<Callee> callee = wanted.test(node.getName())
                ? calleeOf(node, operations)
                        .filter(called -> !functions.contains(
                                called.function().getSignature().getName())) // or it would go on for ever
                : Optional.empty();
        if (callee.isPresent() && calls.size() < MOST_CALLS_WITHIN_CALLS) {
            new Body(node, callee.get(), calls, functions).add();
        } else {
            put(node, calls);
        }
    }

    private void put(NodeDef node, List<String> calls) {
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

    /** The body of one function under one call. */
    private final class Body {

        private final NodeDef call;
        private final FunctionDef function;
        private final Map<String, AttrValue> attrs;
        private final List<String> calls;
        private final Set<String> functions;
        private final List<String> handed;
        private final Set<String> waitsFor = new LinkedHashSet<>();
        private final Map<String, String> arguments = new HashMap<>();
        private final Map<String, NodeDef> body = new LinkedHashMap<>();

        Body(NodeDef call, Callee callee, List<String> callsAround, Set<String> functionsAround) {
            this.call = call;
            this.function = callee.function();
            this.attrs = new HashMap<>(callee.attrs());
            function.getSignature().getAttrList().stream()
                    .filter(OpDef.AttrDef::hasDefaultValue)
                    .forEach(attr -> attrs.putIfAbsent(attr.getName(), attr.getDefaultValue()));
            this.calls = plus(new ArrayList<>(callsAround), call.getName());
            this.functions = new LinkedHashSet<>(functionsAround);
            functions.add(function.getSignature().getName());
            this.handed = call.getInputList().stream()
                    .filter(input -> !input.startsWith("^"))
                    .toList();
            call.getInputList().stream().filter(input -> input.startsWith("^")).forEach(waitsFor::add);
            if (hasControlFlow) { // what is handed nothing must do nothing
                handed.forEach(input -> waitsFor.add("^" + GraphClosure.operationOf(input)));
            }
        }

        private static List<String> plus(List<String> list, String last) {
            list.add(last);
            return List.copyOf(list);
        }

        void add() {
            List<OpDef.ArgDef> signature = function.getSignature().getInputArgList();
            if (signature.size() != handed.size()) {
                throw malformed("%d inputs".formatted(signature.size()), "%d".formatted(handed.size()));
            }
            for (int i = 0; i < signature.size(); i++) {
                arguments.put(signature.get(i).getName(), handed.get(i));
            }
            for (NodeDef node : function.getNodeDefList()) {
                body.put(node.getName(), withAttrs(node));
            }
            body.values().forEach(node -> FunctionInliner.this.add(rewired(node), calls, functions));
            put(returns(), calls.subList(0, calls.size() - 1));
        }

        /** Returns a node whose attributes are all given. */
        private NodeDef withAttrs(NodeDef node) {
            var given = node.toBuilder().removeAttr("_output_shapes"); // which may speak of attributes left open
            node.getAttrMap().forEach((name, value) -> {
                if (!name.equals("_output_shapes")) {
                    given.putAttr(name, given(value));
                }
            });
            return given.build();
        }

        private AttrValue given(AttrValue value) {
            if (!value.getPlaceholder().isEmpty()) {
                AttrValue attr = attrs.get(value.getPlaceholder());
                if (attr == null) {
                    throw malformed("attribute '%s'".formatted(value.getPlaceholder()), "none");
                }
                return attr;
            }
            if (value.hasFunc()) {
                var changed = value.toBuilder();
                value.getFunc()
                        .getAttrMap()
                        .forEach((name, inner) -> changed.getFuncBuilder().putAttr(name, given(inner)));
                return changed.build();
            }
            return value;
        }

        private NodeDef rewired(NodeDef node) {
            var moved = node.toBuilder().setName(inGraph(node.getName())).clearInput();
            node.getInputList().forEach(input -> moved.addInput(tensor(input)));
            if (node.getInputCount() == 0) {
                moved.addAllInput(waitsFor);
            }
            if (node.getDevice().isEmpty()) {
                moved.setDevice(call.getDevice());
            }
            moveColocation(node, moved);
            moveNames(node, moved);
            return moved.build();
        }

        /** What is outside of the function, as its arguments are, cannot be colocated with by name. */
        private void moveColocation(NodeDef node, NodeDef.Builder moved) {
            AttrValue colocation = node.getAttrMap().get("_class");
            if (colocation == null) {
                return;
            }
            List<String> inside = colocation.getList().getSList().stream()
                    .map(ByteString::toStringUtf8)
                    .filter(with -> with.startsWith(COLOCATED) && body.containsKey(with.substring(COLOCATED.length())))
                    .map(with -> COLOCATED + inGraph(with.substring(COLOCATED.length())))
                    .toList();
            if (inside.isEmpty()) {
                moved.removeAttr("_class");
            } else {
                moved.putAttr("_class", Attrs.texts(inside));
            }
        }

        /** Two calls of a function have two loops, but the same resources. */
        private void moveNames(NodeDef node, NodeDef.Builder moved) {
            AttrValue frame = node.getAttrMap().get("frame_name");
            if (frame != null) {
                moved.putAttr("frame_name", Attrs.text(inGraph(frame.getS().toStringUtf8())));
            }
            boolean sharesByNodeName = !node.getOp().equals("VarHandleOp")
                    && operations.definitionOf(node.getOp()).stream()
                            .flatMap(op -> op.getAttrList().stream())
                            .anyMatch(attr -> attr.getName().equals("shared_name"))
                    && node.getAttrOrDefault(
                                    "use_node_name_sharing",
                                    AttrValue.newBuilder().setB(true).build())
                            .getB()
                    && node.getAttrOrDefault("shared_name", AttrValue.getDefaultInstance())
                            .getS()
                            .isEmpty();
            if (sharesByNodeName) {
                moved.putAttr("shared_name", Attrs.text(node.getName()));
            }
        }

        /** Returns the node that takes the place of the call: it hands on all that the function returns. */
        private NodeDef returns() {
            var types = new ArrayList<DataType>();
            var node = NodeDef.newBuilder().setName(call.getName()).setDevice(call.getDevice());
            for (OpDef.ArgDef output : function.getSignature().getOutputArgList()) {
                types.add(Operations.typeOf(output, attrs));
                node.addInput(tensor(function.getRetOrDefault(output.getName(), output.getName())));
            }
            Set<String> waits = new LinkedHashSet<>(waitsFor);
            effects().forEach(effect -> waits.add("^" + inGraph(effect)));
            node.addAllInput(waits);
            return types.isEmpty()
                    ? node.setOp("NoOp").build()
                    : node.setOp("IdentityN").putAttr("T", Attrs.types(types)).build();
        }

        /** TensorFlow runs what has effects in a function whether a result needs it or not. */
        private List<String> effects() {
            if (function.getControlRetCount() > 0 || hasControlFlow) {
                return function.getControlRetMap().values().stream().sorted().toList();
            }
            return body.values().stream()
                    .filter(operations::isStateful)
                    .map(NodeDef::getName)
                    .toList();
        }

        private String inGraph(String name) {
            return call.getName() + "/" + name;
        }

        /** Returns the name in the graph of what a body calls {@code argument}, {@code node:output:0} or {@code ^node}. */
        private String tensor(String input) {
            if (input.startsWith("^")) {
                String argument = arguments.get(input.substring(1));
                return "^" + (argument == null ? inGraph(input.substring(1)) : GraphClosure.operationOf(argument));
            }
            String[] parts = input.split(":", -1);
            if (arguments.containsKey(parts[0])) {
                return arguments.getOrDefault(parts[0], "");
            }
            NodeDef node = body.get(parts[0]);
            int position = parts.length == 3 ? GraphClosure.indexOf("_:" + parts[2]) : 0;
            int index = node == null || parts.length < 2 || position < 0
                    ? -1
                    : operations.indexOf(node, parts[1], position);
            if (index < 0) {
                throw malformed("tensor '%s'".formatted(input), "none");
            }
            return inGraph(parts[0]) + ":" + index;
        }

        private ProgramException malformed(String expected, String found) {
            return new ProgramException(
                    what,
                    "expected %s in function '%s', found %s. Export it again"
                            .formatted(expected, function.getSignature().getName(), found));
        }
    }
}
