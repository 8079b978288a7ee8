package io.tensorbridge.train.graph;

import io.tensorbridge.tensor.TensorSpec;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;

/** Finds inputs of whole numbers that a loss takes for classes, so that rows with another number are known before training. */
final class ClassLabels {

    /** The cross entropy of scores and the numbers of classes. */
    static final String LOSS = "SparseSoftmaxCrossEntropyWithLogits";

    private static final Set<String> SAME_NUMBERS = Set.of("Cast", "Identity", "Reshape", "Squeeze", "ExpandDims");
    private static final Set<DataType> WHOLE =
            Set.of(DataType.DT_INT8, DataType.DT_UINT8, DataType.DT_INT16, DataType.DT_INT32, DataType.DT_INT64);

    private ClassLabels() {}

    /** Tells the shape of a tensor, as far as it is known. */
    interface Shapes {
        Shape of(String tensor);
    }

    /**
     * Returns the ranges of labels.
     *
     * @param part what the loss needs
     * @param inputs the inputs, whose placeholders have their names
     */
    static List<ValueRange> rangesOf(GraphDef part, List<TensorSpec> inputs, Shapes shapes) {
        Map<String, NodeDef> nodes = new HashMap<>();
        part.getNodeList().forEach(node -> nodes.put(node.getName(), node));
        Map<String, ValueRange> ranges = new TreeMap<>();
        for (NodeDef node : part.getNodeList()) {
            if (node.getOp().equals(LOSS)) {
                Shape scores = shapes.of(node.getInput(0));
                long classes =
                        scores.isUnknown() || scores.numDimensions() == 0 ? -1 : scores.get(scores.numDimensions() - 1);
                Optional<TensorSpec> label = inputOf(nodes, node.getInput(1), inputs);
                if (classes > 0 && label.isPresent()) {
                    String name = label.get().name();
                    ranges.merge(
                            name,
                            new ValueRange(name, 0, classes),
                            (one, other) -> one.bound() < other.bound() ? one : other);
                }
            }
        }
        return List.copyOf(ranges.values());
    }

    private static Optional<TensorSpec> inputOf(Map<String, NodeDef> nodes, String tensor, List<TensorSpec> inputs) {
        String name = ModelInputs.operationOf(tensor);
        for (int steps = 0; steps < nodes.size(); steps++) {
            NodeDef node = nodes.getOrDefault(name, NodeDef.getDefaultInstance());
            if (!SAME_NUMBERS.contains(node.getOp())) {
                break;
            }
            name = ModelInputs.operationOf(node.getInput(0));
        }
        String found = name;
        return inputs.stream()
                .filter(input -> input.name().equals(found) && WHOLE.contains(input.elementType()))
                .findFirst();
    }
}
