package io.tensorbridge.model.internal;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.TensorProto;

/**
 * Where the names of files come from that a graph reads and writes while it is loaded.
 *
 * <p>A name is good if the loader feeds it, or if it begins with such a name and goes on with constants that do not lead
 * out of the model's directory. Names are followed through the operations that savers are made of, and into functions.
 */
final class FileNames {

    private static final int DEEPEST = 64;
    private static final int MOST_CALLS = 100_000;
    private static final int[] NONE = {};

    /** The inputs that name files. */
    private static final Map<String, int[]> INPUTS = Map.of(
            "RestoreV2", new int[] {0},
            "SaveV2", new int[] {0},
            "MergeV2Checkpoints", new int[] {0, 1},
            "InitializeTableFromTextFile", new int[] {1},
            "InitializeTableFromTextFileV2", new int[] {1});

    private static final Set<String> CALLS = Set.of("PartitionedCall", "StatefulPartitionedCall");

    /** Operations that hand on their first input, as far as a name is concerned. */
    private static final Set<String> HAND_ON =
            Set.of("Identity", "Reshape", "ExpandDims", "Squeeze", "ShardedFilename", "StridedSlice", "GatherV2");

    /** What is known of a string. */
    enum Origin {
        /** The loader feeds it, or it begins with what the loader feeds. */
        LOADER,
        /** A constant that may follow on such a name. */
        PART,
        /** Anything else. */
        OTHER
    }

    private final ScannedGraph graph;
    private final Set<String> fed;
    private final BiConsumer<String, NodeDef> onBadName;
    private final Set<Call> calls = new HashSet<>();
    private @Nullable Variables variables;

    /**
     * Makes a search.
     *
     * @param fed tensors of the graph whose values the loader feeds, such as {@code x:0}
     * @param onBadName is handed every node that takes a name that is not good, with the function that it is in
     */
    FileNames(ScannedGraph graph, Set<String> fed, BiConsumer<String, NodeDef> onBadName) {
        this.graph = graph;
        this.fed = fed;
        this.onBadName = onBadName;
    }

    /** Checks nodes of the graph itself, and the functions that they call. */
    void check(Set<String> nodes) {
        Deque<Frame> open = new ArrayDeque<>();
        var frame = new Frame("", Map.of(), graph::node, new HashMap<>());
        for (NodeDef node : graph.graph().getNodeList()) {
            if (nodes.contains(node.getName())) {
                check(frame, node, open);
            }
        }
        while (!open.isEmpty()) {
            Frame called = open.pop();
            FunctionDef function = graph.function(called.function());
            if (function != null) {
                function.getNodeDefList().forEach(node -> check(called, node, open));
            }
        }
    }

    /** Where names are looked up: in the graph, or in a function of whose arguments this much is known. */
    private record Frame(String function, Map<String, Origin> arguments, Nodes nodes, Map<String, Origin> known) {}

    private interface Nodes {
        @Nullable
        NodeDef find(String name);
    }

    private void check(Frame frame, NodeDef node, Deque<Frame> open) {
        for (int input : INPUTS.getOrDefault(node.getOp(), NONE)) {
            if (originOfInput(frame, node, input, 0) != Origin.LOADER) {
                onBadName.accept(frame.function(), node);
                break;
            }
        }
        List<String> names = GraphNames.functionsOf(node);
        String called = calledBy(node);
        for (String name : names) {
            // one that is handed to a function gets from there what nobody knows
            boolean isCall = name.equals(called) && Collections.frequency(names, name) == 1;
            for (FunctionDef function : graph.mayBeMeantBy(name)) {
                call(frame, node, function, isCall && calls.size() < MOST_CALLS, open);
            }
        }
    }

    /** Returns the name of the one function that gets the inputs of a node as they are, if there is one. */
    private static String calledBy(NodeDef node) {
        return CALLS.contains(node.getOp())
                ? node.getAttrOrDefault("f", AttrValue.getDefaultInstance())
                        .getFunc()
                        .getName()
                : node.getOp();
    }

    private void call(Frame caller, NodeDef node, FunctionDef function, boolean isFollowed, Deque<Frame> open) {
        Map<String, Origin> arguments = new HashMap<>();
        for (int i = 0; i < function.getSignature().getInputArgCount(); i++) {
            var argument = function.getSignature().getInputArg(i);
            boolean isOne = argument.getNumberAttr().isEmpty()
                    && argument.getTypeListAttr().isEmpty();
            Origin origin = isFollowed && isOne && argument.getType() == DataType.DT_STRING
                    ? originOfInput(caller, node, i, 0)
                    : Origin.OTHER;
            arguments.put(argument.getName(), origin);
        }
        if (calls.add(new Call(ScannedGraph.nameOf(function), arguments))) {
            Map<String, NodeDef> nodes = new HashMap<>();
            function.getNodeDefList().forEach(inner -> nodes.put(inner.getName(), inner));
            open.push(new Frame(ScannedGraph.nameOf(function), arguments, nodes::get, new HashMap<>()));
        }
    }

    private record Call(String function, Map<String, Origin> arguments) {}

    private Origin originOfInput(Frame frame, NodeDef node, int input, int depth) {
        return input < node.getInputCount() ? originOf(frame, node.getInput(input), depth) : Origin.OTHER;
    }

    private Origin originOf(Frame frame, String tensor, int depth) {
        if (frame.function().isEmpty() && fed.contains(ScannedGraph.canonical(tensor))) {
            return Origin.LOADER; // this output of the operation, and no other
        }
        String operation = GraphNames.operationOf(tensor);
        Origin known = frame.known().get(operation);
        if (known == null) {
            known = depth > DEEPEST ? Origin.OTHER : find(frame, operation, depth);
            frame.known().put(operation, known);
        }
        return known;
    }

    private Origin find(Frame frame, String operation, int depth) {
        Origin argument = frame.arguments().get(operation);
        if (argument != null) {
            return argument;
        }
        NodeDef node = frame.nodes().find(operation);
        if (node == null) {
            return Origin.OTHER;
        }
        if (HAND_ON.contains(node.getOp())) {
            return originOfInput(frame, node, 0, depth + 1);
        }
        return switch (node.getOp()) {
            case "Const" -> isPart(node) ? Origin.PART : Origin.OTHER;
            case "Select", "SelectV2" -> common(frame, node, 1, node.getInputCount(), depth);
            case "Pack" -> common(frame, node, 0, node.getInputCount(), depth);
            case "ConcatV2" -> common(frame, node, 0, node.getInputCount() - 1, depth);
            case "StringJoin" -> joined(frame, node, depth);
            case "ReadVariableOp" -> frame.function().isEmpty() && variablesHoldPaths() ? Origin.LOADER : Origin.OTHER;
            default -> Origin.OTHER;
        };
    }

    /**
     * Returns whether all that is ever written to variables of strings is what the loader feeds: saved models keep the path
     * of an asset in a variable, which they assign when they are initialised.
     */
    private boolean variablesHoldPaths() {
        if (variables == null) {
            variables = Variables.SEARCHED; // a name that comes from a variable does not vouch for itself
            var frame = new Frame("", Map.of(), graph::node, new HashMap<>());
            boolean[] allFed = {true};
            graph.forEachNode((function, node) -> {
                boolean isWritten = OperationList.standard()
                                .entry(node.getOp())
                                .filter(entry -> entry.use() == OperationList.Use.WRITES)
                                .isPresent()
                        && Stream.of("dtype", "T")
                                .map(type -> node.getAttrOrDefault(type, AttrValue.getDefaultInstance()))
                                .anyMatch(type -> type.getType() == DataType.DT_STRING
                                        || !type.getPlaceholder().isEmpty()); // which the caller may make one
                if (isWritten) {
                    allFed[0] &= function.isEmpty()
                            && node.getOp().equals("AssignVariableOp")
                            && originOfInput(frame, node, 1, 0) == Origin.LOADER;
                }
            });
            variables = allFed[0] ? Variables.HOLD_PATHS : Variables.SEARCHED;
        }
        return variables == Variables.HOLD_PATHS;
    }

    private enum Variables {
        SEARCHED,
        HOLD_PATHS
    }

    private Origin common(Frame frame, NodeDef node, int from, int to, int depth) {
        if (from >= to) {
            return Origin.OTHER;
        }
        Origin first = originOfInput(frame, node, from, depth + 1);
        for (int i = from + 1; i < to; i++) {
            if (isData(node.getInput(i)) && originOfInput(frame, node, i, depth + 1) != first) {
                return Origin.OTHER;
            }
        }
        return first;
    }

    private Origin joined(Frame frame, NodeDef node, int depth) {
        var separator = node.getAttrMap().get("separator");
        if (separator != null
                && (!separator.getS().isEmpty() || !separator.getPlaceholder().isEmpty())) {
            return Origin.OTHER;
        }
        for (int i = 1; i < node.getInputCount(); i++) {
            if (isData(node.getInput(i)) && originOfInput(frame, node, i, depth + 1) != Origin.PART) {
                return Origin.OTHER;
            }
        }
        return originOfInput(frame, node, 0, depth + 1);
    }

    private static boolean isData(String input) {
        return !input.startsWith("^");
    }

    /** Returns whether all strings of a constant may follow on a path without leaving its directory. */
    private static boolean isPart(NodeDef constant) {
        TensorProto value = constant.getAttrOrDefault("value", AttrValue.getDefaultInstance())
                .getTensor();
        return value.getDtype() == DataType.DT_STRING
                && value.getTensorContent().isEmpty()
                && value.getStringValList().stream()
                        .map(bytes -> bytes.toString(StandardCharsets.UTF_8))
                        .noneMatch(part -> part.contains("..")
                                || part.contains("/.")
                                || part.endsWith("/")
                                || part.indexOf('\\') >= 0
                                || part.indexOf('\0') >= 0);
    }

    /** Returns the first string that a node takes as the name of a file, if it is a constant beside it. */
    static Optional<String> constantName(ScannedGraph graph, String function, NodeDef node) {
        for (int input : INPUTS.getOrDefault(node.getOp(), NONE)) {
            NodeDef from = function.isEmpty() && input < node.getInputCount()
                    ? graph.node(GraphNames.operationOf(node.getInput(input)))
                    : null;
            TensorProto value = from == null
                    ? TensorProto.getDefaultInstance()
                    : from.getAttrOrDefault("value", AttrValue.getDefaultInstance())
                            .getTensor();
            if (value.getStringValCount() > 0) {
                return Optional.of(value.getStringVal(0).toString(StandardCharsets.UTF_8));
            }
        }
        return Optional.empty();
    }
}
