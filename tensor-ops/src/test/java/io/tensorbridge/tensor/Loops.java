package io.tensorbridge.tensor;

import io.tensorbridge.model.ModelPolicy;
import java.util.List;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.FunctionDefLibrary;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NameAttrList;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;
import org.tensorflow.proto.TensorProto;
import org.tensorflow.proto.TensorShapeProto;

/** Programs that loop as long as {@code x} is below 100, adding what they are fed as {@code step}: 0 makes it endless. */
public final class Loops {

    private static final AttrValue DOUBLE =
            AttrValue.newBuilder().setType(DataType.DT_DOUBLE).build();
    private static final AttrValue SCALAR = AttrValue.newBuilder()
            .setShape(TensorShapeProto.getDefaultInstance())
            .build();

    private Loops() {}

    /** A loop of two functions, as TensorFlow 2 makes it. */
    public static Program ofFunctions() {
        var state = AttrValue.newBuilder()
                .setList(AttrValue.ListValue.newBuilder()
                        .addType(DataType.DT_DOUBLE)
                        .addType(DataType.DT_DOUBLE))
                .build();
        return Program.fromGraphDef(
                        GraphDef.newBuilder()
                                .setLibrary(FunctionDefLibrary.newBuilder()
                                        .addFunction(condition())
                                        .addFunction(body()))
                                .addNode(placeholder("x"))
                                .addNode(placeholder("step"))
                                .addNode(node("loop", "While", "x", "step")
                                        .putAttr("T", state)
                                        .putAttr("cond", function("condition"))
                                        .putAttr("body", function("body"))
                                        .putAttr(
                                                "output_shapes",
                                                AttrValue.newBuilder()
                                                        .setList(AttrValue.ListValue.getDefaultInstance())
                                                        .build()))
                                .addNode(vector("y", "loop"))
                                .addNode(shape())
                                .build(),
                        "y")
                .named("loop");
    }

    /** A loop of switches and merges, as TensorFlow 1 makes it. */
    static Program ofSwitches() {
        return Program.fromGraphDef(
                        GraphDef.newBuilder()
                                .addNode(placeholder("x"))
                                .addNode(placeholder("step"))
                                .addNode(enter("enter", "x", false))
                                .addNode(enter("by", "step", true))
                                .addNode(typed(node("merge", "Merge", "enter", "next"))
                                        .putAttr(
                                                "N",
                                                AttrValue.newBuilder().setI(2).build()))
                                .addNode(limit("^merge"))
                                .addNode(typed(node("less", "Less", "merge", "limit")))
                                .addNode(node("cond", "LoopCond", "less"))
                                .addNode(typed(node("switch", "Switch", "merge", "cond")))
                                .addNode(typed(node("add", "AddV2", "switch:1", "by")))
                                .addNode(typed(node("next", "NextIteration", "add")))
                                .addNode(typed(node("exit", "Exit", "switch")))
                                .addNode(vector("y", "exit"))
                                .addNode(shape())
                                .build(),
                        "y")
                .named("loop");
    }

    /** A wait for a queue that nobody fills. */
    static Program ofWaiting() {
        var components = AttrValue.newBuilder()
                .setList(AttrValue.ListValue.newBuilder().addType(DataType.DT_DOUBLE))
                .build();
        return Program.fromGraphDef(
                        ModelPolicy.standard().allowOps("FIFOQueueV2", "QueueDequeueV2"),
                        GraphDef.newBuilder()
                                .addNode(node("queue", "FIFOQueueV2").putAttr("component_types", components))
                                .addNode(node("y", "QueueDequeueV2", "queue").putAttr("component_types", components))
                                .build(),
                        "y")
                .named("wait");
    }

    private static FunctionDef.Builder condition() {
        return FunctionDef.newBuilder()
                .setSignature(signature("condition")
                        .addOutputArg(OpDef.ArgDef.newBuilder().setName("more").setType(DataType.DT_BOOL)))
                .addNodeDef(limit())
                .addNodeDef(typed(node("less", "Less", "x", "limit:output:0")))
                .putRet("more", "less:z:0");
    }

    private static FunctionDef.Builder body() {
        return FunctionDef.newBuilder()
                .setSignature(signature("body").addOutputArg(arg("sum")).addOutputArg(arg("by")))
                .addNodeDef(typed(node("add", "AddV2", "x", "step")))
                .putRet("sum", "add:z:0")
                .putRet("by", "step");
    }

    private static OpDef.Builder signature(String name) {
        return OpDef.newBuilder().setName(name).addInputArg(arg("x")).addInputArg(arg("step"));
    }

    private static OpDef.ArgDef arg(String name) {
        return OpDef.ArgDef.newBuilder()
                .setName(name)
                .setType(DataType.DT_DOUBLE)
                .build();
    }

    private static AttrValue function(String name) {
        return AttrValue.newBuilder()
                .setFunc(NameAttrList.newBuilder().setName(name))
                .build();
    }

    private static NodeDef.Builder node(String name, String op, String... inputs) {
        return NodeDef.newBuilder().setName(name).setOp(op).addAllInput(List.of(inputs));
    }

    private static NodeDef.Builder typed(NodeDef.Builder node) {
        return node.putAttr("T", DOUBLE);
    }

    private static NodeDef.Builder placeholder(String name) {
        return node(name, "Placeholder").putAttr("dtype", DOUBLE).putAttr("shape", SCALAR);
    }

    private static NodeDef.Builder enter(String name, String input, boolean isConstant) {
        return typed(node(name, "Enter", input))
                .putAttr(
                        "frame_name",
                        AttrValue.newBuilder()
                                .setS(com.google.protobuf.ByteString.copyFromUtf8("loop"))
                                .build())
                .putAttr("is_constant", AttrValue.newBuilder().setB(isConstant).build());
    }

    private static NodeDef.Builder limit(String... inputs) {
        var hundred = TensorProto.newBuilder()
                .setDtype(DataType.DT_DOUBLE)
                .setTensorShape(TensorShapeProto.getDefaultInstance())
                .addDoubleVal(100);
        return node("limit", "Const", inputs)
                .putAttr("dtype", DOUBLE)
                .putAttr("value", AttrValue.newBuilder().setTensor(hundred).build());
    }

    /** A scalar as a block of one row. */
    private static NodeDef.Builder vector(String name, String input) {
        return typed(node(name, "Reshape", input, "shape"));
    }

    private static NodeDef.Builder shape() {
        var one = TensorProto.newBuilder()
                .setDtype(DataType.DT_INT32)
                .setTensorShape(TensorShapeProto.newBuilder()
                        .addDim(TensorShapeProto.Dim.newBuilder().setSize(1)))
                .addIntVal(1);
        return node("shape", "Const")
                .putAttr(
                        "dtype",
                        AttrValue.newBuilder().setType(DataType.DT_INT32).build())
                .putAttr("value", AttrValue.newBuilder().setTensor(one).build());
    }
}
