package io.tensorbridge.tensor;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;

/**
 * State that a function is handed, since it would be another variable or table if it were made inside.
 *
 * @param node makes the state; it has no inputs
 * @param type what the function is handed: a handle, or the value of a variable that has none
 * @param hasHandle whether the state goes by a handle; what does not is a variable of TensorFlow 1
 */
record Capture(NodeDef node, DataType type, boolean hasHandle) {

    /** Returns the node as a capture, or nothing if it belongs into the function. */
    static Optional<Capture> of(NodeDef node) {
        boolean isSource = node.getInputList().stream().allMatch(input -> input.startsWith("^"));
        if (!isSource || node.getOp().equals("Const") || node.getOp().equals("Placeholder")) {
            return Optional.empty();
        }
        return NativeFunctions.definitionOf(node.getOp())
                .filter(op -> op.getInputArgCount() == 0 && op.getOutputArgCount() == 1)
                .map(op -> op.getOutputArg(0))
                .filter(output -> output.getIsRef() || output.getType() == DataType.DT_RESOURCE)
                .map(output -> new Capture(node, typeOf(output, node), !output.getIsRef()));
    }

    private static DataType typeOf(OpDef.ArgDef output, NodeDef node) {
        return output.getTypeAttr().isEmpty()
                ? output.getType()
                : node.getAttrOrThrow(output.getTypeAttr()).getType();
    }

    String tensor() {
        return node.getName() + ":0";
    }

    /** Adds what makes the state to a graph, and returns what to hand to the function. */
    String addTo(GraphEdits edits) {
        edits.addAsIs(node.toBuilder().clearInput().removeAttr("_class").build());
        return hasHandle
                ? tensor()
                : edits.add(node.getName() + "/value", "Identity", List.of(tensor()), Map.of("T", Attrs.type(type)));
    }
}
