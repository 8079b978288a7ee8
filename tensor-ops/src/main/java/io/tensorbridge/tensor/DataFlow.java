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
import org.tensorflow.proto.NodeDef;

/** Follows the tensors of a graph forwards, from those that give them to those that take them. */
final class DataFlow {

    private static final Set<String> INTO_LOOPS = Set.of("Enter", "RefEnter");
    private static final Set<String> OUT_OF_LOOPS = Set.of("Exit", "RefExit");
    private static final Set<String> INTO_BRANCHES = Set.of("Switch", "RefSwitch");
    private static final Set<String> OUT_OF_BRANCHES = Set.of("Merge", "RefMerge");

    private final List<NodeDef> nodes;
    private final Map<String, List<NodeDef>> takersOfTensor = new HashMap<>();
    private final Map<String, List<NodeDef>> takersOfOperation = new HashMap<>();

    DataFlow(List<NodeDef> nodes) {
        this.nodes = nodes;
        for (NodeDef node : nodes) {
            for (String input : node.getInputList()) {
                if (!input.startsWith("^")) {
                    add(takersOfTensor, ProgramGraph.canonical(input), node);
                    add(takersOfOperation, GraphNames.operationOf(input), node);
                }
            }
        }
    }

    private static void add(Map<String, List<NodeDef>> takers, String of, NodeDef taker) {
        takers.computeIfAbsent(of, any -> new ArrayList<>()).add(taker);
    }

    /** Returns the names of the operations that some tensors reach. */
    Set<String> reachedFrom(Collection<String> tensors) {
        Set<String> reached = new HashSet<>();
        Deque<NodeDef> open = new ArrayDeque<>();
        tensors.forEach(tensor -> open.addAll(takersOfTensor.getOrDefault(ProgramGraph.canonical(tensor), List.of())));
        follow(open, reached, Set.of());
        return reached;
    }

    /**
     * Returns the names of the operations that are in a loop, or that may not run since they are in a branch, where both are
     * made of operations of the graph. Their tensors cannot be fetched.
     */
    Set<String> inLoopsAndBranches() {
        Set<String> inside = new HashSet<>();
        follow(ofTypes(INTO_LOOPS), inside, OUT_OF_LOOPS);
        follow(ofTypes(INTO_BRANCHES), inside, OUT_OF_BRANCHES);
        return inside;
    }

    private Deque<NodeDef> ofTypes(Set<String> types) {
        Deque<NodeDef> found = new ArrayDeque<>();
        nodes.stream().filter(node -> types.contains(node.getOp())).forEach(found::add);
        return found;
    }

    private void follow(Deque<NodeDef> open, Set<String> reached, Set<String> ends) {
        Set<String> seen = new HashSet<>();
        while (!open.isEmpty()) {
            NodeDef node = open.pop();
            if (ends.contains(node.getOp()) || !seen.add(node.getName())) {
                continue;
            }
            reached.add(node.getName());
            open.addAll(takersOfOperation.getOrDefault(node.getName(), List.of()));
        }
    }
}
