package io.tensorbridge.tensor;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;

/**
 * Finds names that would be there twice once TensorFlow has put functions where they are called, which it does before a run.
 *
 * <p>What {@code call} runs as {@code x} becomes {@code call/x} there, and TensorFlow ends the process if there is an
 * operation {@code call/x} already.
 */
final class CallNames {

    private final Operations operations;
    private final Map<String, Map<String, NodeDef>> bodies = new HashMap<>();

    private CallNames(GraphDef graph) {
        this.operations = new Operations(graph);
    }

    /** Returns what is wrong with a graph, to be said after "Cannot read graph: " or the like; nothing if all is well. */
    static Optional<String> problemOf(GraphDef graph) {
        var names = new CallNames(graph);
        return Stream.concat(
                        Stream.of(graph.getNodeList()),
                        graph.getLibrary().getFunctionList().stream().map(FunctionDef::getNodeDefList))
                .flatMap(scope -> names.clashing(scope).stream())
                .findFirst()
                .map(
                        "expected operations of different names once functions are resolved, found '%s' twice. Rename one, and export the model again"
                                ::formatted);
    }

    private Optional<String> clashing(List<NodeDef> scope) {
        Map<String, NodeDef> byName = byName(scope);
        return byName.keySet().stream()
                .filter(name -> isUnderCall(name, byName))
                .findFirst();
    }

    private static Map<String, NodeDef> byName(List<NodeDef> scope) {
        Map<String, NodeDef> byName = new HashMap<>();
        scope.forEach(node -> byName.put(node.getName(), node));
        return byName;
    }

    /** Returns whether a call of a scope has an operation that would get this name. */
    private boolean isUnderCall(String name, Map<String, NodeDef> scope) {
        for (int slash = name.indexOf('/'); slash >= 0; slash = name.indexOf('/', slash + 1)) {
            NodeDef node = scope.get(name.substring(0, slash));
            Map<String, NodeDef> body = node == null ? Map.of() : bodyOf(node);
            String rest = name.substring(slash + 1);
            if (body.containsKey(rest) || (!body.isEmpty() && isUnderCall(rest, body))) {
                return true;
            }
        }
        return false;
    }

    private Map<String, NodeDef> bodyOf(NodeDef node) {
        AttrValue called = node.getAttrMap().get("f");
        boolean isCall = node.getOp().equals("PartitionedCall") || node.getOp().equals("StatefulPartitionedCall");
        String function = isCall && called != null ? called.getFunc().getName() : node.getOp();
        return operations
                .function(function)
                .map(f -> bodies.computeIfAbsent(function, any -> byName(f.getNodeDefList())))
                .orElse(Map.of());
    }
}
