package io.tensorbridge.tensor;

import io.tensorbridge.model.ModelPolicy;
import java.util.List;
import org.tensorflow.Graph;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.types.TFloat64;

/** Programs for tests. */
public final class Programs {

    private Programs() {}

    /** {@code z = x + 3}, over doubles. */
    public static Program plusThree() {
        return Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1));
            return Program.outputs("z", tf.math.add(x, tf.constant(3.0)));
        });
    }

    /** {@code y = x}, for any type and shape: its output is its input's memory. */
    public static Program identity(ElementType type, Shape block) {
        return ofNodes(
                ModelPolicy.standard(),
                placeholder(type, block),
                NodeDef.newBuilder()
                        .setName("y")
                        .setOp("Identity")
                        .addInput("x")
                        .putAttr("T", attr(type))
                        .build());
    }

    /** {@code y = x} by way of a variable, which keeps its input's memory beyond the run. */
    static Program kept(ElementType type, Shape block) {
        var variable = NodeDef.newBuilder()
                .setName("variable")
                .setOp("VarHandleOp")
                .putAttr("dtype", attr(type))
                .putAttr("shape", attr(block));
        var assign = NodeDef.newBuilder()
                .setName("assign")
                .setOp("AssignVariableOp")
                .addInput("variable")
                .addInput("x")
                .putAttr("dtype", attr(type));
        var read = NodeDef.newBuilder()
                .setName("y")
                .setOp("ReadVariableOp")
                .addInput("variable")
                .addInput("^assign")
                .putAttr("dtype", attr(type));
        return ofNodes(
                ModelPolicy.standard().allowOps("AssignVariableOp"),
                placeholder(type, block),
                variable.build(),
                assign.build(),
                read.build());
    }

    private static NodeDef placeholder(ElementType type, Shape block) {
        return NodeDef.newBuilder()
                .setName("x")
                .setOp("Placeholder")
                .putAttr("dtype", attr(type))
                .putAttr("shape", attr(block))
                .build();
    }

    // TensorFlow Java has no class for some of the types, so Ops cannot make these
    private static Program ofNodes(ModelPolicy policy, NodeDef... nodes) {
        try (var graph = new Graph()) {
            return Program.fromGraphDef(
                    policy,
                    GraphDef.newBuilder()
                            .setVersions(graph.toGraphDef().getVersions())
                            .addAllNode(List.of(nodes))
                            .build(),
                    "y");
        }
    }

    private static AttrValue attr(ElementType type) {
        return AttrValue.newBuilder().setType(type.dataType()).build();
    }

    private static AttrValue attr(Shape shape) {
        return AttrValue.newBuilder().setShape(Shapes.toProto(shape)).build();
    }
}
