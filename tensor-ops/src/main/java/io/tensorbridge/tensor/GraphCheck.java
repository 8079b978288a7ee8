package io.tensorbridge.tensor;

import com.google.protobuf.MessageLite;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;

/** Finds what is wrong with a graph before TensorFlow imports it, or tells it in other words than TensorFlow's. */
final class GraphCheck {

    private static final Pattern UNKNOWN_OPERATION = Pattern.compile("Op type not registered '([^']+)'");

    private GraphCheck() {}

    /**
     * Checks what a graph says of itself.
     *
     * @throws IllegalArgumentException if it is empty, too large to be written down, or lacks an operation that it needs
     */
    static void check(GraphDef graph) {
        if (graph.getNodeCount() == 0) {
            throw new IllegalArgumentException(
                    "Cannot read graph: expected a GraphDef with operations, found none. Export it again");
        }
        long bytes = bytesOf(graph);
        if (bytes > Integer.MAX_VALUE) { // protobuf's own limit, which it finds by overflow
            throw new IllegalArgumentException(
                    "Cannot read graph: expected a GraphDef of at most %d bytes, found one of %d. Keep large values as variables of a saved model"
                            .formatted(Integer.MAX_VALUE, bytes));
        }
        Set<String> operations = new HashSet<>();
        graph.getNodeList().forEach(node -> operations.add(node.getName()));
        for (NodeDef node : graph.getNodeList()) {
            for (String input : node.getInputList()) {
                if (!operations.contains(GraphClosure.operationOf(input))) {
                    throw new IllegalArgumentException(
                            "Cannot read graph: expected an operation '%s', which operation '%s' takes its input from, found none. Export the whole graph"
                                    .formatted(GraphClosure.operationOf(input), node.getName()));
                }
            }
        }
    }

    /** Returns about how many bytes a graph takes when it is written; its own count of them overflows. */
    private static long bytesOf(GraphDef graph) {
        return Stream.<List<? extends MessageLite>>of(
                        graph.getNodeList(), graph.getLibrary().getFunctionList())
                .flatMap(List::stream)
                .mapToLong(MessageLite::getSerializedSize)
                .sum();
    }

    /** Returns what to say of a graph that TensorFlow does not import, for whatever reason. */
    static IllegalArgumentException refused(GraphDef graph, RuntimeException reason) {
        String words = String.valueOf(reason.getMessage());
        Matcher unknown = UNKNOWN_OPERATION.matcher(words);
        if (unknown.find()) { // what TensorFlow goes on to say names the machine, and is of no help
            return new IllegalArgumentException(
                    "Cannot read graph: expected operations that TensorFlow %s knows, found %s%s. Export the graph with that version or an older one"
                            .formatted(
                                    TensorFlowRuntime.version(),
                                    unknown.group(1),
                                    nodeOf(graph, unknown.group(1))
                                            .map(" as operation '%s'"::formatted)
                                            .orElse("")),
                    reason);
        }
        return new IllegalArgumentException(
                "Cannot read graph: expected one that TensorFlow %s imports, found it refused (%s). Mend the graph, or export it again"
                        .formatted(TensorFlowRuntime.version(), words),
                reason);
    }

    private static Optional<String> nodeOf(GraphDef graph, String op) {
        return Stream.concat(
                        graph.getNodeList().stream(),
                        graph.getLibrary().getFunctionList().stream()
                                .map(FunctionDef::getNodeDefList)
                                .flatMap(List::stream))
                .filter(node -> node.getOp().equals(op))
                .map(NodeDef::getName)
                .findFirst();
    }
}
