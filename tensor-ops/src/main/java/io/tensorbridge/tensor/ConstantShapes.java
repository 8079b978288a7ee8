package io.tensorbridge.tensor;

import io.tensorbridge.model.internal.GraphNames;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.TensorProto;

/** The shapes that operations are told to make by constants. What data decides is not known here. */
final class ConstantShapes {

    /** Operations whose first input is the shape to make. */
    private static final Set<String> SHAPE_FIRST = Set.of(
            "Fill",
            "Empty",
            "RandomUniform",
            "RandomUniformInt",
            "RandomStandardNormal",
            "TruncatedNormal",
            "StatelessRandomUniform",
            "StatelessRandomUniformV2",
            "StatelessRandomNormal",
            "StatelessRandomNormalV2",
            "StatelessTruncatedNormal",
            "StatelessTruncatedNormalV2");

    private final Map<String, NodeDef> byName = new HashMap<>();

    private ConstantShapes(List<NodeDef> nodes) {
        nodes.forEach(node -> byName.put(node.getName(), node));
    }

    /** Returns the first of some nodes, all of one graph or function, that makes more elements than a column can hold. */
    static Optional<ProgramFacts.Operation> oversized(List<NodeDef> nodes) {
        var shapes = new ConstantShapes(nodes);
        for (NodeDef node : nodes) {
            List<Long> shape = shapes.madeBy(node);
            if (isOversized(shape)) {
                return Optional.of(new ProgramFacts.Operation(node.getName(), node.getOp(), shape.toString()));
            }
        }
        return Optional.empty();
    }

    private static boolean isOversized(List<Long> shape) {
        if (shape.stream().anyMatch(dimension -> dimension <= 0)) {
            return false; // empty, or TensorFlow's to refuse
        }
        long left = Integer.MAX_VALUE;
        for (long dimension : shape) {
            left /= dimension;
        }
        return left == 0;
    }

    /** Returns the shape that a node is told to make; nothing if that is not known, as for a scalar. */
    private List<Long> madeBy(NodeDef node) {
        int input = SHAPE_FIRST.contains(node.getOp()) ? 0 : node.getOp().equals("BroadcastTo") ? 1 : -1;
        return input < 0 || input >= node.getInputCount() ? List.of() : constant(node.getInput(input));
    }

    private List<Long> constant(String tensor) {
        NodeDef node = byName.get(GraphNames.operationOf(tensor));
        for (int steps = 0; node != null && node.getOp().equals("Identity") && steps < byName.size(); steps++) {
            node = node.getInputCount() == 0 ? null : byName.get(GraphNames.operationOf(node.getInput(0)));
        }
        return node != null && node.getOp().equals("Const")
                ? integers(node.getAttrOrThrow("value").getTensor())
                : List.of();
    }

    private static List<Long> integers(@Nullable TensorProto value) {
        List<Long> integers = new ArrayList<>();
        if (value == null || value.getTensorShape().getDimCount() != 1) {
            return integers;
        }
        boolean isLong = value.getDtype() == DataType.DT_INT64;
        if (!isLong && value.getDtype() != DataType.DT_INT32) {
            return integers;
        }
        var content = value.getTensorContent().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        while (content.remaining() >= (isLong ? Long.BYTES : Integer.BYTES)) {
            integers.add(isLong ? content.getLong() : content.getInt());
        }
        if (isLong) {
            integers.addAll(value.getInt64ValList());
        } else {
            value.getIntValList().forEach(integer -> integers.add(integer.longValue()));
        }
        long count = value.getTensorShape().getDim(0).getSize();
        while (!integers.isEmpty() && integers.size() < count && integers.size() < ColumnValues.MOST_DIMENSIONS) {
            integers.add(integers.get(integers.size() - 1)); // written once where the rest is the same
        }
        return integers;
    }
}
