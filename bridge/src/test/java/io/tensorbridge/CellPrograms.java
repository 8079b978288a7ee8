package io.tensorbridge;

import io.tensorbridge.tensor.ElementType;
import io.tensorbridge.tensor.Program;
import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Graph;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.TensorShapeProto;

/** Programs over inputs of any type and shape. TensorFlow Java has no class for some types, so they are made of nodes. */
final class CellPrograms {

    private CellPrograms() {}

    /** Makes of each input {@code x0}, {@code x1}, … three outputs of its shape; see {@link CellKind}. */
    static Program of(ElementType type, List<Shape> inputs) {
        List<NodeDef> nodes = new ArrayList<>();
        List<String> outputs = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
            String x = "x" + i;
            nodes.add(NodeDef.newBuilder()
                    .setName(x)
                    .setOp("Placeholder")
                    .putAttr("dtype", attr(type.dataType()))
                    .putAttr("shape", attr(inputs.get(i)))
                    .build());
            nodes.add(node("same" + i, "Identity", type, x));
            nodes.add(
                    type == ElementType.BOOL
                            ? NodeDef.newBuilder()
                                    .setName("twice" + i)
                                    .setOp("LogicalNot")
                                    .addInput(x)
                                    .build()
                            : node("twice" + i, "Add", type, x, x));
            nodes.add(node("equal" + i, "Equal", type, x, "twice" + i));
            outputs.addAll(List.of("same" + i, "twice" + i, "equal" + i));
        }
        try (var graph = new Graph()) {
            var def = GraphDef.newBuilder()
                    .setVersions(graph.toGraphDef().getVersions())
                    .addAllNode(nodes)
                    .build();
            return Program.fromGraphDef(def, outputs.toArray(String[]::new)).named("cells");
        }
    }

    private static NodeDef node(String name, String op, ElementType type, String... inputs) {
        return NodeDef.newBuilder()
                .setName(name)
                .setOp(op)
                .addAllInput(List.of(inputs))
                .putAttr("T", attr(type.dataType()))
                .build();
    }

    private static AttrValue attr(DataType type) {
        return AttrValue.newBuilder().setType(type).build();
    }

    private static AttrValue attr(Shape shape) {
        var proto = TensorShapeProto.newBuilder();
        for (long dimension : shape.asArray()) {
            proto.addDim(TensorShapeProto.Dim.newBuilder().setSize(dimension));
        }
        return AttrValue.newBuilder().setShape(proto).build();
    }
}
