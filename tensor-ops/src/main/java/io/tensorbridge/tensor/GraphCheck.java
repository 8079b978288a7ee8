package io.tensorbridge.tensor;

import com.google.protobuf.MessageLite;
import io.tensorbridge.model.internal.GraphNames;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;

/** Finds what is wrong with a graph before TensorFlow imports it, or tells it in other words than TensorFlow's. */
final class GraphCheck {

    private GraphCheck() {}

    /** Returns what is wrong with a graph by what it says of itself: it is empty, too large, lacks an operation or has two of one name. */
    static Optional<String> problemOf(GraphDef graph) {
        if (graph.getNodeCount() == 0) {
            return Optional.of("expected a GraphDef with operations, found none. Export it again");
        }
        long bytes = bytesOf(graph);
        if (bytes > Integer.MAX_VALUE) { // protobuf's own limit, which it finds by overflow
            return Optional.of(
                    "expected a GraphDef of at most %d bytes, found one of %d. Keep large values as variables of a saved model"
                            .formatted(Integer.MAX_VALUE, bytes));
        }
        Set<String> operations = new HashSet<>();
        graph.getNodeList().forEach(node -> operations.add(node.getName()));
        for (NodeDef node : graph.getNodeList()) {
            for (String input : node.getInputList()) {
                if (!operations.contains(GraphNames.operationOf(input))) {
                    return Optional.of(
                            "expected an operation '%s', which operation '%s' takes its input from, found none. Export the whole graph"
                                    .formatted(GraphNames.operationOf(input), node.getName()));
                }
            }
        }
        return CallNames.problemOf(graph);
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
    static String refused(RuntimeException reason) {
        return "expected one that TensorFlow %s imports, found it refused (%s). Mend the graph, or export it again"
                .formatted(TensorFlowRuntime.version(), NativeSession.clamped(String.valueOf(reason.getMessage())));
    }
}
