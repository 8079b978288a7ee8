package io.tensorbridge.model.internal;

import com.google.protobuf.ByteString;
import java.util.List;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.CollectionDef;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NameAttrList;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;
import org.tensorflow.proto.SaverDef;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorProto;
import org.tensorflow.proto.TensorShapeProto;

/** Graphs in their written form, as far as a scan looks at them: TensorFlow would not import most of them. */
final class Graphs {

    private Graphs() {}

    static NodeDef.Builder node(String name, String op, String... inputs) {
        return NodeDef.newBuilder().setName(name).setOp(op).addAllInput(List.of(inputs));
    }

    static NodeDef.Builder text(String name, String... values) {
        var tensor = TensorProto.newBuilder().setDtype(DataType.DT_STRING);
        List.of(values).forEach(value -> tensor.addStringVal(ByteString.copyFromUtf8(value)));
        return node(name, "Const")
                .putAttr("value", AttrValue.newBuilder().setTensor(tensor).build());
    }

    static NodeDef.Builder call(String name, String function, String... inputs) {
        return node(name, "StatefulPartitionedCall", inputs)
                .putAttr(
                        "f",
                        AttrValue.newBuilder()
                                .setFunc(NameAttrList.newBuilder().setName(function))
                                .build());
    }

    static AttrValue type(DataType type) {
        return AttrValue.newBuilder().setType(type).build();
    }

    static AttrValue constant(DataType type, long... dimensions) {
        var shape = TensorShapeProto.newBuilder();
        for (long dimension : dimensions) {
            shape.addDim(TensorShapeProto.Dim.newBuilder().setSize(dimension));
        }
        return AttrValue.newBuilder()
                .setTensor(TensorProto.newBuilder().setDtype(type).setTensorShape(shape))
                .build();
    }

    /** A function of strings. */
    static FunctionDef.Builder function(String name, List<String> arguments, NodeDef.Builder... nodes) {
        var signature = OpDef.newBuilder().setName(name);
        arguments.forEach(argument -> signature.addInputArg(
                OpDef.ArgDef.newBuilder().setName(argument).setType(DataType.DT_STRING)));
        var function = FunctionDef.newBuilder().setSignature(signature);
        List.of(nodes).forEach(function::addNodeDef);
        return function;
    }

    static GraphDef.Builder graph(NodeDef.Builder... nodes) {
        var graph = GraphDef.newBuilder();
        List.of(nodes).forEach(graph::addNode);
        return graph;
    }

    static MetaGraphDef.Builder metaGraph(GraphDef.Builder graph, String... tags) {
        var metaGraph = MetaGraphDef.newBuilder().setGraphDef(graph);
        metaGraph.getMetaInfoDefBuilder().addAllTags(List.of(tags));
        return metaGraph;
    }

    static SaverDef saver(String filename, String restore, String save) {
        return SaverDef.newBuilder()
                .setFilenameTensorName(filename)
                .setRestoreOpName(restore)
                .setSaveTensorName(save)
                .build();
    }

    static SignatureDef outputs(String... tensors) {
        var signature = SignatureDef.newBuilder();
        for (String tensor : tensors) {
            signature.putOutputs(tensor, TensorInfo.newBuilder().setName(tensor).build());
        }
        return signature.build();
    }

    static CollectionDef nodes(String... names) {
        return CollectionDef.newBuilder()
                .setNodeList(CollectionDef.NodeList.newBuilder().addAllValue(List.of(names)))
                .build();
    }
}
