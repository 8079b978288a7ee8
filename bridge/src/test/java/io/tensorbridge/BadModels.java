package io.tensorbridge;

import static io.tensorbridge.BadInput.driver;

import com.google.protobuf.ByteString;
import io.tensorbridge.tensor.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorProto;

/** Models that want to do more than to compute. */
final class BadModels {

    private static final String WRITE_FILE =
            "operation 'w'%s: expected an operation that a model may have, found WriteFile, which reads or writes files that it names itself. Export the model without it, or allow it: ModelPolicy.standard().allowOps(\"WriteFile\")";

    private BadModels() {}

    static List<BadInput> cases() {
        List<BadInput> cases = new ArrayList<>();
        cases.add(
                driver(
                        42,
                        "an operation named as one of a function will be once that is resolved",
                        spark -> Program.fromGraphDef(
                                graph(call("z", "f"), node("z/w", "Identity", "x")).toBuilder()
                                        .setLibrary(graphOfFunction("f").getLibrary())
                                        .build(),
                                "z"),
                        "Cannot read graph: expected operations of different names once functions are resolved, found 'z/w' twice. Rename one, and export the model again"));
        cases.add(
                graph(
                        51,
                        "an operation that writes into its input",
                        graph(node("z", "InplaceAdd", "x", "x", "x")),
                        "operation 'z': expected an operation that a model may have, found InplaceAdd, which writes into its input, or is for what does. Export the model without it, or allow it: ModelPolicy.standard().allowOps(\"InplaceAdd\")"));
        cases.add(graph(
                52,
                "an operation that writes a file, in a graph",
                graph(node("w", "WriteFile", "x", "x"), node("z", "Identity", "x", "^w")),
                WRITE_FILE.formatted("")));
        cases.add(model(
                52,
                "an operation that writes a file, in a model",
                List.of(metaGraph(graph(node("w", "WriteFile", "x", "x"), node("z", "Identity", "x", "^w")), "serve")),
                WRITE_FILE.formatted("")));
        cases.add(model(
                52,
                "the same, in a function",
                List.of(metaGraph(
                        graph(call("z", "f")).toBuilder()
                                .setLibrary(graphOfFunction("f").getLibrary())
                                .build(),
                        "serve")),
                WRITE_FILE.formatted(" of function 'f'")));
        cases.add(model(
                52,
                "the same, in a function that nothing calls",
                List.of(metaGraph(
                        graph(node("z", "Identity", "x")).toBuilder()
                                .setLibrary(graphOfFunction("unused").getLibrary())
                                .build(),
                        "serve")),
                WRITE_FILE.formatted(" of function 'unused'")));
        cases.add(model(
                52,
                "the same, in another metagraph",
                List.of(
                        metaGraph(graph(node("z", "Identity", "x")), "serve"),
                        metaGraph(graph(node("w", "WriteFile", "x", "x")), "train")),
                WRITE_FILE.formatted(" of metagraph [train]")));
        cases.add(model(
                52,
                "the same, in what initialises the model",
                List.of(metaGraph(
                                graph(
                                        text("file", "written-by-a-model"),
                                        node("w", "WriteFile", "file", "file"),
                                        node("z", "Identity", "x")),
                                "serve")
                        .putCollectionDef(
                                "saved_model_main_op",
                                CollectionDef.newBuilder()
                                        .setNodeList(CollectionDef.NodeList.newBuilder()
                                                .addValue("w"))
                                        .build())),
                WRITE_FILE.formatted("")));
        cases.add(
                graph(
                        53,
                        "an operation that ends the process",
                        graph(node("stop", "Abort"), node("z", "Identity", "x", "^stop")),
                        "operation 'stop': expected an operation that a model may have, found Abort, which ends the process. Export the model without it, or allow it: ModelPolicy.standard().allowOps(\"Abort\")"));
        return cases;
    }

    private static BadInput graph(int number, String what, GraphDef graph, String line) {
        return driver(
                number,
                what,
                spark -> Program.fromGraphDef(graph, "z"),
                "Cannot read graph: expected what its policy allows, found more:\n  - " + line);
    }

    private static BadInput model(int number, String what, List<MetaGraphDef.Builder> metaGraphs, String line) {
        return driver(
                number,
                what,
                spark -> Program.fromSavedModel(write(metaGraphs)),
                "Cannot load model 'bad': expected what its policy allows, found more:\n  - " + line);
    }

    private static Path write(List<MetaGraphDef.Builder> metaGraphs) {
        var model = SavedModel.newBuilder().setSavedModelSchemaVersion(1);
        metaGraphs.forEach(model::addMetaGraphs);
        try {
            Path folder = Files.createTempDirectory("models");
            folder.toFile().deleteOnExit();
            Path directory = Files.createDirectory(folder.resolve("bad"));
            directory.toFile().deleteOnExit();
            Path file = Files.write(
                    directory.resolve("saved_model.pb"), model.build().toByteArray());
            file.toFile().deleteOnExit();
            return directory;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static MetaGraphDef.Builder metaGraph(GraphDef graph, String tag) {
        var metaGraph = MetaGraphDef.newBuilder().setGraphDef(graph);
        metaGraph.getMetaInfoDefBuilder().addTags(tag);
        return metaGraph.putSignatureDef(
                "serving_default",
                SignatureDef.newBuilder()
                        .putInputs("x", info("x:0"))
                        .putOutputs("z", info("z:0"))
                        .build());
    }

    private static TensorInfo info(String tensor) {
        return TensorInfo.newBuilder()
                .setName(tensor)
                .setDtype(DataType.DT_STRING)
                .build();
    }

    private static GraphDef graph(NodeDef.Builder... nodes) {
        var graph = GraphDef.newBuilder()
                .addNode(node("x", "Placeholder")
                        .putAttr(
                                "dtype",
                                AttrValue.newBuilder()
                                        .setType(DataType.DT_STRING)
                                        .build()));
        List.of(nodes).forEach(graph::addNode);
        return graph.build();
    }

    private static GraphDef graphOfFunction(String name) {
        var graph = GraphDef.newBuilder();
        graph.getLibraryBuilder()
                .addFunction(FunctionDef.newBuilder()
                        .setSignature(OpDef.newBuilder()
                                .setName(name)
                                .addInputArg(
                                        OpDef.ArgDef.newBuilder().setName("x").setType(DataType.DT_STRING)))
                        .addNodeDef(node("w", "WriteFile", "x", "x")));
        return graph.build();
    }

    private static NodeDef.Builder text(String name, String value) {
        return node(name, "Const")
                .putAttr(
                        "value",
                        AttrValue.newBuilder()
                                .setTensor(TensorProto.newBuilder()
                                        .setDtype(DataType.DT_STRING)
                                        .addStringVal(ByteString.copyFromUtf8(value)))
                                .build());
    }

    private static NodeDef.Builder call(String name, String function) {
        return node(name, "PartitionedCall", "x")
                .putAttr(
                        "f",
                        AttrValue.newBuilder()
                                .setFunc(NameAttrList.newBuilder().setName(function))
                                .build());
    }

    private static NodeDef.Builder node(String name, String op, String... inputs) {
        return NodeDef.newBuilder().setName(name).setOp(op).addAllInput(List.of(inputs));
    }
}
