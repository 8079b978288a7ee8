package io.tensorbridge.train.graph;

import io.tensorbridge.tensor.GraphParts;
import io.tensorbridge.tensor.TensorValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;

/**
 * Puts the cross entropy of distributions in place of that of labels, of which TensorFlow derives no gradient outside of Python.
 *
 * <p>The distributions are ones and zeros, so that both are the same number. A label that is no class fails as it did: it is looked up
 * among the classes.
 */
final class DerivableLosses {

    private final Set<String> taken;
    private final List<NodeDef> nodes = new ArrayList<>();

    private DerivableLosses(GraphDef graph) {
        taken = GraphParts.names(graph);
        for (NodeDef node : graph.getNodeList()) {
            if (node.getOp().equals(ClassLabels.LOSS)) {
                replace(node);
            } else {
                nodes.add(node);
            }
        }
    }

    static GraphDef of(GraphDef graph) {
        return graph.toBuilder()
                .clearNode()
                .addAllNode(new DerivableLosses(graph).nodes)
                .build();
    }

    private void replace(NodeDef node) {
        AttrValue type = node.getAttrOrDefault("T", AttrValue.getDefaultInstance());
        AttrValue labels = node.getAttrOrDefault("Tlabels", type(DataType.DT_INT64));
        AttrValue whole = type(DataType.DT_INT32);
        String zero = constant(node, "zero", TensorValue.of(0));
        String one = constant(node, "one", TensorValue.of(1));
        String shape = put(add(node, "shape", "Shape", List.of(node.getInput(0)))
                .putAttr("T", type)
                .putAttr("out_type", whole));
        String last = constant(node, "last", TensorValue.of(Shape.of(1), 1));
        String end = constant(node, "end", TensorValue.of(Shape.of(1), 2));
        String step = constant(node, "step", TensorValue.of(Shape.of(1), 1));
        String depth = put(add(node, "classes", "StridedSlice", List.of(shape, last, end, step))
                .putAttr("T", whole)
                .putAttr("Index", whole)
                .putAttr("shrink_axis_mask", AttrValue.newBuilder().setI(1).build()));
        String classes =
                put(add(node, "range", "Range", List.of(zero, depth, one)).putAttr("Tidx", whole));
        String known = put(add(node, "known", "GatherV2", List.of(classes, node.getInput(1), zero))
                .putAttr("Tparams", whole)
                .putAttr("Tindices", labels)
                .putAttr("Taxis", whole));
        String on =
                put(add(node, "on", "Cast", List.of(one)).putAttr("SrcT", whole).putAttr("DstT", type));
        String off = put(
                add(node, "off", "Cast", List.of(zero)).putAttr("SrcT", whole).putAttr("DstT", type));
        String truth = put(add(node, "truth", "OneHot", List.of(known, depth, on, off))
                .putAttr("T", type)
                .putAttr("TI", whole)
                .putAttr("axis", AttrValue.newBuilder().setI(-1).build()));
        nodes.add(NodeDef.newBuilder()
                .setName(node.getName())
                .setOp("SoftmaxCrossEntropyWithLogits")
                .addInput(node.getInput(0))
                .addInput(truth)
                .addAllInput(node.getInputList().stream()
                        .filter(input -> input.startsWith("^"))
                        .toList())
                .putAttr("T", type)
                .build());
    }

    private NodeDef.Builder add(NodeDef node, String part, String op, List<String> inputs) {
        String name = GraphParts.freeName(taken, node.getName() + "/" + part);
        taken.add(name);
        return NodeDef.newBuilder().setName(name).setOp(op).addAllInput(inputs);
    }

    private String put(NodeDef.Builder node) {
        nodes.add(node.build());
        return node.getName();
    }

    private String constant(NodeDef node, String part, TensorValue value) {
        NodeDef constant =
                GraphParts.constant(add(node, part, "Const", List.of()).getName(), value);
        nodes.add(constant);
        return constant.getName();
    }

    private static AttrValue type(DataType type) {
        return AttrValue.newBuilder().setType(type).build();
    }
}
