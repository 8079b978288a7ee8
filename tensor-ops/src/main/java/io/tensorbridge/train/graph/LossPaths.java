package io.tensorbridge.train.graph;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;

/** The operations that lie between variables and a loss: what gradients go through. */
final class LossPaths {

    private final List<NodeDef> nodes;

    private LossPaths(List<NodeDef> nodes) {
        this.nodes = nodes;
    }

    static LossPaths to(GraphDef graph, String loss) {
        Map<String, NodeDef> byName = new HashMap<>();
        graph.getNodeList().forEach(node -> byName.put(node.getName(), node));
        Set<String> behind = new HashSet<>(); // variables, and what is computed of them
        Deque<NodeDef> left = new ArrayDeque<>(graph.getNodeList());
        for (boolean more = true; more; ) {
            more = left.removeIf(node -> {
                boolean of = node.getOp().equals("VarHandleOp")
                        || node.getInputList().stream()
                                .filter(LossPaths::isData)
                                .anyMatch(input -> behind.contains(operationOf(input)));
                return of && behind.add(node.getName());
            });
        }
        Set<String> before = new HashSet<>(Set.of(loss));
        Deque<String> next = new ArrayDeque<>(before);
        while (!next.isEmpty()) {
            NodeDef node = byName.get(next.remove());
            if (node != null && !node.getOp().equals("StopGradient")) {
                node.getInputList().stream()
                        .filter(LossPaths::isData)
                        .map(LossPaths::operationOf)
                        .filter(before::add)
                        .forEach(next::add);
            }
        }
        return new LossPaths(graph.getNodeList().stream()
                .filter(node -> behind.contains(node.getName()) && before.contains(node.getName()))
                .toList());
    }

    private static boolean isData(String input) {
        return !input.startsWith("^");
    }

    private static String operationOf(String input) {
        int colon = input.indexOf(':');
        return colon < 0 ? input : input.substring(0, colon);
    }

    /** Returns the names of the operations of a type. */
    List<String> ofType(String type) {
        return nodes.stream()
                .filter(node -> node.getOp().equals(type))
                .map(NodeDef::getName)
                .toList();
    }
}
