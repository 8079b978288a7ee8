package io.tensorbridge.model.internal;

import static io.tensorbridge.model.internal.Graphs.call;
import static io.tensorbridge.model.internal.Graphs.function;
import static io.tensorbridge.model.internal.Graphs.graph;
import static io.tensorbridge.model.internal.Graphs.metaGraph;
import static io.tensorbridge.model.internal.Graphs.node;
import static io.tensorbridge.model.internal.Graphs.nodes;
import static io.tensorbridge.model.internal.Graphs.outputs;
import static io.tensorbridge.model.internal.Graphs.saver;
import static io.tensorbridge.model.internal.Graphs.text;
import static io.tensorbridge.model.internal.Graphs.type;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import io.tensorbridge.model.ModelPolicy;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.proto.AssetFileDef;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.CollectionDef;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NameAttrList;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.TensorInfo;

/** Whose files a model may read and write while it is loaded. */
class FileNamesTest {

    private static List<String> scan(MetaGraphDef.Builder metaGraph) {
        var model = SavedModel.newBuilder().addMetaGraphs(metaGraph).build();
        return ModelScan.of(model, ModelPolicy.standard()).findings().stream()
                .map(Finding::toString)
                .toList();
    }

    private static String elsewhere(String where, String op) {
        return "%s: expected %s to name a file of the model, found a name that comes from elsewhere. Export the file as an asset of the model"
                .formatted(where, op);
    }

    private static AssetFileDef asset(String tensor, String file) {
        return AssetFileDef.newBuilder()
                .setTensorInfo(TensorInfo.newBuilder().setName(tensor))
                .setFilename(file)
                .build();
    }

    /** A saver as TensorFlow 1 makes it: sharded, under a temporary name. */
    private static GraphDef.Builder withASaver() {
        return graph(
                text("save/filename/input", "model"),
                node("save/filename", "PlaceholderWithDefault", "save/filename/input"),
                node("save/Const", "PlaceholderWithDefault", "save/filename"),
                text("save/Const_1", "_temp_e8ac/part"),
                node("save/StringJoin", "StringJoin", "save/Const", "save/Const_1"),
                node("save/ShardedFilename", "ShardedFilename", "save/StringJoin"),
                node("save/SaveV2", "SaveV2", "save/ShardedFilename", "names", "slices", "v"),
                node("save/pack", "Pack", "save/ShardedFilename", "^save/SaveV2"),
                node("save/Merge", "MergeV2Checkpoints", "save/pack", "save/Const"),
                node("save/Identity", "Identity", "save/Const", "^save/Merge"),
                node("v", "VariableV2"),
                node("save/RestoreV2", "RestoreV2", "save/Const", "names", "slices"),
                node("save/Assign", "Assign", "v", "save/RestoreV2"),
                node("save/restore_all", "NoOp", "^save/Assign"));
    }

    @Test
    void letsASaverUseItsFile() {
        assertThat(scan(metaGraph(withASaver(), "serve")
                        .setSaverDef(saver("save/Const:0", "save/restore_all", "save/Identity:0"))))
                .isEmpty();
    }

    @Test
    void refusesASaverThatUsesAnotherFile() {
        var graph = withASaver();
        graph.setNode(11, node("save/RestoreV2", "RestoreV2", "save/filename/input", "names", "slices"));
        graph.setNode(3, text("save/Const_1", "/../../part"));
        assertThat(scan(metaGraph(graph, "serve")
                        .setSaverDef(saver("save/Const:0", "save/restore_all", "save/Identity:0"))))
                .containsExactly(
                        elsewhere("operation 'save/SaveV2'", "SaveV2"),
                        elsewhere("operation 'save/Merge'", "MergeV2Checkpoints"),
                        "operation 'save/RestoreV2': expected RestoreV2 to name a file of the model, found 'model'. Export the file as an asset of the model");
    }

    @Test
    void letsASaverBeThatNothingRuns() {
        assertThat(scan(metaGraph(withASaver(), "serve"))).isEmpty();
    }

    /** As TensorFlow 2 writes it. */
    @Test
    void followsNamesIntoFunctions() {
        var graph = graph(
                node("saver_filename", "Placeholder"),
                node("v", "VarHandleOp"),
                call("save", "traced_save", "saver_filename"),
                call("restore", "traced_restore", "saver_filename"));
        graph.getLibraryBuilder()
                .addFunction(function(
                        "traced_save",
                        List.of("file_prefix"),
                        node("StaticRegexFullMatch", "StaticRegexFullMatch", "file_prefix"),
                        text("Const", ".part"),
                        text("Const_1", "_temp/part"),
                        node("Select", "Select", "StaticRegexFullMatch:output:0", "Const:output:0", "Const_1:output:0"),
                        node("StringJoin", "StringJoin", "file_prefix", "Select:output:0"),
                        node("ShardedFilename", "ShardedFilename", "StringJoin:output:0"),
                        node("SaveV2", "SaveV2", "ShardedFilename:filename:0"),
                        node("prefixes", "Pack", "ShardedFilename:filename:0", "^SaveV2"),
                        node("Merge", "MergeV2Checkpoints", "prefixes:output:0", "file_prefix")))
                .addFunction(function(
                        "traced_restore",
                        List.of("file_prefix"),
                        node("RestoreV2", "RestoreV2", "file_prefix"),
                        node("Assign", "AssignVariableOp", "v", "RestoreV2:tensors:0")));
        var metaGraph = metaGraph(graph, "serve").setSaverDef(saver("saver_filename:0", "restore", "save:0"));
        assertThat(scan(metaGraph)).isEmpty();

        graph.setNode(3, call("restore", "traced_restore", "elsewhere"));
        assertThat(scan(metaGraph.setGraphDef(graph)))
                .containsExactly(elsewhere("operation 'RestoreV2' of function 'traced_restore'", "RestoreV2"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"../part", "/./part", "part/", "a\\b", "a\0b", "x/.."})
    void refusesNamesThatLeadOutOfTheModel(String part) {
        var graph = graph(
                node("file", "Placeholder"),
                text("part", part),
                node("join", "StringJoin", "file", "part"),
                node("restore", "RestoreV2", "join"));
        assertThat(scan(metaGraph(graph, "serve").setSaverDef(saver("file:0", "restore", ""))))
                .containsExactly(elsewhere("operation 'restore'", "RestoreV2"));
    }

    @Test
    void letsATableReadAnAsset() {
        var graph = graph(
                node("asset", "Placeholder"),
                node("path", "VarHandleOp"),
                node("path/Assign", "AssignVariableOp", "path", "asset").putAttr("dtype", type(DataType.DT_STRING)),
                node("path/Read", "ReadVariableOp", "path", "^path/Assign"),
                node("table", "HashTableV2"),
                call("init", "initializer", "path/Read", "table"),
                node("NoOp", "NoOp", "^init"));
        graph.getLibraryBuilder()
                .addFunction(function(
                        "initializer",
                        List.of("file", "table"),
                        node("fill", "InitializeTableFromTextFileV2", "table", "file")));
        var metaGraph = metaGraph(graph, "serve")
                .addAssetFileDef(asset("asset:0", "vocabulary.txt"))
                .putSignatureDef("__saved_model_init_op", outputs("NoOp"));
        assertThat(scan(metaGraph)).isEmpty();

        // another name in the variable by the time that it is read
        graph.addNode(text("secret", "/etc/passwd"))
                .addNode(
                        node("again", "AssignVariableOp", "path", "secret").putAttr("dtype", type(DataType.DT_STRING)));
        assertThat(scan(metaGraph.setGraphDef(graph)))
                .containsExactly(
                        elsewhere("operation 'fill' of function 'initializer'", "InitializeTableFromTextFileV2"));
    }

    @Test
    void knowsAssetsOfOlderModels() {
        var graph = graph(
                text("asset", "/home/somebody/vocabulary.txt"),
                node("table", "HashTableV2"),
                node("fill", "InitializeTableFromTextFileV2", "table", "asset"));
        var metaGraph = metaGraph(graph, "serve").putCollectionDef("legacy_init_op", nodes("fill"));
        assertThat(scan(metaGraph))
                .containsExactly(
                        "operation 'fill': expected InitializeTableFromTextFileV2 to name a file of the model, found '/home/somebody/vocabulary.txt'. Export the file as an asset of the model");
        var assets = CollectionDef.AnyList.newBuilder()
                .addValue(Any.newBuilder()
                        .setValue(asset("asset:0", "vocabulary.txt").toByteString()));
        assertThat(scan(metaGraph.putCollectionDef(
                        "saved_model_assets",
                        CollectionDef.newBuilder().setAnyList(assets).build())))
                .isEmpty();
    }

    @Test
    void refusesAnAssetOutsideOfTheModel() {
        assertThat(scan(metaGraph(graph(node("a", "Placeholder")), "serve")
                        .addAssetFileDef(asset("a:0", "../../../etc/passwd"))))
                .containsExactly(
                        "asset 'a:0': expected the name of a file below assets, found '../../../etc/passwd'. Export the model again");
    }

    @Test
    void letsNoSignatureReadOrWriteFiles() {
        var graph = graph(node("file", "Placeholder"), node("s", "SaveV2", "file"), node("r", "RestoreV2", "file"));
        assertThat(scan(metaGraph(graph, "serve")
                        .setSaverDef(saver("file:0", "r", "s:0"))
                        .putSignatureDef("serving_default", outputs("r:0"))))
                .containsExactly(
                        "operation 'r': expected outputs that do not need it, found RestoreV2, which reads or writes the files of a model. Export a signature without it, or allow it: ModelPolicy.standard().allowOps(\"RestoreV2\")");
    }

    @Test
    void takesNoOtherOutputOfAnOperationForTheOneThatIsFed() {
        var graph = graph(
                text("secret", "/etc/passwd", "x"),
                node("asset", "Unpack", "secret"),
                node("table", "HashTableV2"),
                node("fill", "InitializeTableFromTextFileV2", "table", "asset"));
        var metaGraph = metaGraph(graph, "serve").putCollectionDef("saved_model_main_op", nodes("fill"));
        assertThat(scan(metaGraph.addAssetFileDef(asset("asset:1", "vocabulary.txt"))))
                .containsExactly(elsewhere("operation 'fill'", "InitializeTableFromTextFileV2"));
        assertThat(scan(metaGraph.addAssetFileDef(asset("asset:0", "vocabulary.txt"))))
                .isEmpty();
    }

    @Test
    void looksIntoFunctionsThatImplementTheSame() {
        var graph = graph(node("asset", "Placeholder"), call("init", "harmless", "asset"));
        var same = AttrValue.newBuilder().setS(ByteString.copyFromUtf8("fill")).build();
        graph.getLibraryBuilder()
                .addFunction(
                        function("harmless", List.of("file"), node("a", "NoOp")).putAttr("api_implements", same))
                .addFunction(function(
                                "harmful",
                                List.of("file"),
                                text("secret", "/etc/passwd"),
                                node("fill", "InitializeTableFromTextFileV2", "table", "secret:output:0"))
                        .putAttr("api_implements", same));
        assertThat(scan(metaGraph(graph, "serve").putCollectionDef("saved_model_main_op", nodes("init"))))
                .containsExactly(elsewhere("operation 'fill' of function 'harmful'", "InitializeTableFromTextFileV2"));
    }

    /** It gets its arguments from the function that calls it, and not from the call that hands it on. */
    @Test
    void doesNotKnowTheArgumentsOfAFunctionThatIsHandedToAnother() {
        var open = AttrValue.newBuilder().setPlaceholder("g").build();
        var fill = AttrValue.newBuilder()
                .setFunc(NameAttrList.newBuilder().setName("fill"))
                .build();
        var apply = AttrValue.newBuilder()
                .setFunc(NameAttrList.newBuilder().setName("apply").putAttr("g", fill))
                .build();
        var graph = graph(
                node("asset", "Placeholder"),
                node("init", "StatefulPartitionedCall", "asset").putAttr("f", apply));
        graph.getLibraryBuilder()
                .addFunction(function(
                        "apply",
                        List.of("file"),
                        text("secret", "/etc/passwd"),
                        node("call", "StatefulPartitionedCall", "secret:output:0")
                                .putAttr("f", open)))
                .addFunction(function(
                        "fill", List.of("file"), node("table", "InitializeTableFromTextFileV2", "handle", "file")));
        assertThat(scan(metaGraph(graph, "serve")
                        .addAssetFileDef(asset("asset:0", "vocabulary.txt"))
                        .putCollectionDef("saved_model_main_op", nodes("init"))))
                .containsExactly(elsewhere("operation 'table' of function 'fill'", "InitializeTableFromTextFileV2"));
    }

    @Test
    void doesNotTrustAttributesThatACallGives() {
        var open = AttrValue.newBuilder().setPlaceholder("given").build();
        var graph = graph(
                node("file", "Placeholder"),
                node("path", "VarHandleOp"),
                node("path/Assign", "AssignVariableOp", "path", "file").putAttr("dtype", type(DataType.DT_STRING)),
                call("again", "assign", "path"),
                node("path/Read", "ReadVariableOp", "path", "^path/Assign", "^again"),
                node("read", "RestoreV2", "path/Read"),
                call("join", "joined", "file"),
                node("restore", "NoOp", "^read", "^join"));
        graph.getLibraryBuilder()
                .addFunction(function(
                        "assign",
                        List.of("path"),
                        node("assign", "AssignVariableOp", "path", "secret").putAttr("dtype", open)))
                .addFunction(function(
                        "joined",
                        List.of("file"),
                        text("part", "part"),
                        node("join", "StringJoin", "file", "part:output:0").putAttr("separator", open),
                        node("restore", "RestoreV2", "join:output:0")));
        assertThat(scan(metaGraph(graph, "serve").setSaverDef(saver("file:0", "restore", ""))))
                .containsExactly(
                        elsewhere("operation 'read'", "RestoreV2"),
                        elsewhere("operation 'restore' of function 'joined'", "RestoreV2"));
    }

    /** What restores is fed the name of the checkpoint, what initialises is not. */
    @Test
    void doesNotTakeTheNameOfTheCheckpointWhereItIsNotFed() {
        var graph = graph(text("file", "/etc/passwd"), node("r", "RestoreV2", "file"));
        assertThat(scan(metaGraph(graph, "serve")
                        .setSaverDef(saver("file:0", "r", ""))
                        .putCollectionDef("saved_model_main_op", nodes("r"))))
                .containsExactly(
                        "operation 'r': expected RestoreV2 to name a file of the model, found '/etc/passwd'. Export the file as an asset of the model");
    }
}
