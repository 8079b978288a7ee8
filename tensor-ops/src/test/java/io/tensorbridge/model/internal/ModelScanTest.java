package io.tensorbridge.model.internal;

import static io.tensorbridge.model.internal.Graphs.call;
import static io.tensorbridge.model.internal.Graphs.constant;
import static io.tensorbridge.model.internal.Graphs.function;
import static io.tensorbridge.model.internal.Graphs.graph;
import static io.tensorbridge.model.internal.Graphs.metaGraph;
import static io.tensorbridge.model.internal.Graphs.node;
import static io.tensorbridge.model.internal.Graphs.nodes;
import static io.tensorbridge.model.internal.Graphs.outputs;
import static io.tensorbridge.model.internal.Graphs.text;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.tensorbridge.model.ModelPolicy;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NameAttrList;
import org.tensorflow.proto.SavedModel;

class ModelScanTest {

    private static final String WRITE_FILE =
            "%s: expected an operation that a model may have, found WriteFile, which reads or writes files that it names itself. Export the model without it, or allow it: ModelPolicy.standard().allowOps(\"WriteFile\")";

    private static List<String> scan(MetaGraphDef.Builder... metaGraphs) {
        var model = SavedModel.newBuilder();
        List.of(metaGraphs).forEach(model::addMetaGraphs);
        return lines(ModelScan.of(model.build(), ModelPolicy.standard()));
    }

    private static List<String> scan(GraphDef.Builder graph) {
        return lines(ModelScan.of(graph.build(), ModelPolicy.standard()));
    }

    private static List<String> lines(ModelScan scan) {
        return scan.findings().stream().map(Finding::toString).toList();
    }

    @Test
    void letsComputationPass() {
        assertThat(scan(graph(node("x", "Placeholder"), node("z", "AddV2", "x", "x"))))
                .isEmpty();
    }

    @Test
    void findsAnOperationOfTheGraphItself() {
        assertThat(scan(graph(node("w", "WriteFile")))).containsExactly(WRITE_FILE.formatted("operation 'w'"));
    }

    @Test
    void findsAnOperationOfAFunction() {
        var graph = graph(call("z", "f"));
        graph.getLibraryBuilder().addFunction(function("f", List.of(), node("w", "WriteFile")));
        assertThat(scan(graph)).containsExactly(WRITE_FILE.formatted("operation 'w' of function 'f'"));
    }

    @Test
    void findsAnOperationOfAFunctionThatNothingCalls() {
        var graph = graph(node("z", "NoOp"));
        graph.getLibraryBuilder().addFunction(function("unused", List.of(), node("w", "WriteFile")));
        assertThat(scan(graph)).containsExactly(WRITE_FILE.formatted("operation 'w' of function 'unused'"));
    }

    @Test
    void findsAnOperationOfAnotherMetaGraph() {
        assertThat(scan(
                        metaGraph(graph(node("z", "NoOp")), "serve"),
                        metaGraph(graph(node("w", "WriteFile")), "train", "gpu")))
                .containsExactly(WRITE_FILE.formatted("operation 'w' of metagraph [train, gpu]"));
    }

    @Test
    void findsAnOperationThatInitialisesTheModel() {
        assertThat(scan(metaGraph(graph(text("p", "/tmp/x"), node("w", "WriteFile", "p", "p")), "serve")
                        .putCollectionDef("saved_model_main_op", nodes("w"))))
                .containsExactly(WRITE_FILE.formatted("operation 'w'"));
    }

    @Test
    void findsEverythingAtOnce() {
        assertThat(scan(graph(node("a", "Abort"), node("b", "PyFunc"), node("c", "_Send"), node("d", "MyOwnOp"))))
                .containsExactly(
                        "operation 'a': expected an operation that a model may have, found Abort, which ends the process. Export the model without it, or allow it: ModelPolicy.standard().allowOps(\"Abort\")",
                        "operation 'b': expected an operation that a model may have, found PyFunc, which calls Python. Export the model without it, or allow it: ModelPolicy.standard().allowOps(\"PyFunc\")",
                        "operation 'c': expected an operation that a model may have, found _Send, which belongs to TensorFlow itself: its runtime makes such operations, no model has them. Export the model without it, or allow it: ModelPolicy.standard().allowOps(\"_Send\")",
                        "operation 'd': expected an operation of TensorFlow 2.18.0, found MyOwnOp. Export the model with that version or an older one, and without operations of others");
    }

    @Test
    void takesTheNameOfAFunctionForACall() {
        var graph = graph(node("z", "_my_function"));
        graph.getLibraryBuilder().addFunction(function("_my_function", List.of(), node("y", "NoOp")));
        assertThat(scan(graph)).isEmpty();
    }

    @Test
    void refusesAFunctionThatIsNamedLikeAnOperation() {
        var graph = graph(node("z", "Neg"));
        graph.getLibraryBuilder().addFunction(function("Neg", List.of(), node("y", "NoOp")));
        assertThat(scan(graph))
                .containsExactly(
                        "function 'Neg': expected a name of its own, found that of an operation. Export the model again");
    }

    @Test
    void allowsWhatThePolicyNamesAndSaysWhereItIs() {
        var graph = graph(call("z", "f"), node("r", "ReadFile"));
        graph.getLibraryBuilder().addFunction(function("f", List.of(), node("w", "WriteFile")));
        ModelScan scan = ModelScan.of(graph.build(), ModelPolicy.standard().allowOps("WriteFile"));
        assertThat(scan.allowances())
                .containsExactly(new ModelScan.Allowance("operation 'w' of function 'f'", "WriteFile"));
        assertThat(scan.findings()).extracting(Finding::where).containsExactly("operation 'r'");
    }

    @Test
    void refusesConstantsThatNoProcessCanHold() {
        assertThat(scan(graph(
                        node("a", "Const").putAttr("value", constant(DataType.DT_FLOAT, 100_000, 100_000)),
                        node("b", "Const").putAttr("value", constant(DataType.DT_FLOAT, 3, -1)),
                        node("c", "Const").putAttr("value", constant(DataType.DT_RESOURCE, 1)),
                        node("d", "Const").putAttr("value", constant(DataType.DT_FLOAT, 0, 1L << 40, 1L << 40)),
                        node("e", "Cast")
                                .putAttr(
                                        "DstT",
                                        AttrValue.newBuilder()
                                                .setTypeValue(3333)
                                                .build()))))
                .containsExactly(
                        "operation 'a': expected a constant of at most 2147483647 values, found shape [100000, 100000]. Make it smaller in the model",
                        "operation 'b': expected a constant of a known shape, found shape [3, -1]. Export the model again",
                        "operation 'c': expected a constant of values, found one of DT_RESOURCE. Export the model again",
                        "operation 'e': expected 'DstT' to be a type of TensorFlow 2.18.0, found another. Export the model again");
    }

    @Test
    void refusesSuchConstantsWhereAFunctionIsHandedThem() {
        var handed = NameAttrList.newBuilder().setName("f").putAttr("v", constant(DataType.DT_FLOAT, 3, -1));
        var graph = graph(node("z", "PartitionedCall")
                .putAttr("f", AttrValue.newBuilder().setFunc(handed).build()));
        graph.getLibraryBuilder().addFunction(function("f", List.of(), node("y", "NoOp")));
        assertThat(scan(graph))
                .containsExactly(
                        "operation 'z': expected a constant of a known shape, found shape [3, -1]. Export the model again");
    }

    @Test
    void refusesFunctionsThatAreCalledByDefault() {
        var byDefault = AttrValue.newBuilder()
                .setFunc(NameAttrList.newBuilder().setName("count"))
                .build();
        var apply = function("apply", List.of(), node("a", "NoOp"));
        apply.getSignatureBuilder()
                .addAttrBuilder()
                .setName("g")
                .setType("func")
                .setDefaultValue(byDefault);
        var graph = graph(node("z", "apply"));
        graph.getLibraryBuilder()
                .addFunction(apply)
                .addFunction(function("count", List.of(), node("b", "AssignAddVariableOp")));
        assertThat(scan(graph))
                .containsExactly(
                        "function 'apply': expected attributes that each call gives, found a function or a tensor for calls that give none. Export the model again");
    }

    @Test
    void doesNotLookAtMoreThanItCanAfford() {
        var graph = graph(node("z", "WriteFile"));
        for (int i = 0; i <= 10_000; i++) {
            graph.getLibraryBuilder().addFunction(function("f" + i, List.of()));
        }
        assertThat(scan(graph))
                .containsExactly("number of functions: expected at most 10000, found 10001. Export the model in parts");
    }

    @Test
    void letsTheOutputsWriteNoVariable() {
        var graph = graph(
                        node("v", "VarHandleOp"),
                        node("x", "Placeholder"),
                        call("z", "f", "x", "v"),
                        node("y", "Neg", "x"),
                        node("mean", "AssignSubVariableOp", "v", "x"))
                .build();
        var library = graph.toBuilder();
        library.getLibraryBuilder()
                .addFunction(function("f", List.of("x", "v"), node("count", "AssignAddVariableOp", "v", "x")));
        assertThat(lines(ModelScan.ofOutputs(library.build(), List.of("z:0"), Set.of(), ModelPolicy.standard())))
                .containsExactly(
                        "operation 'count' of function 'f': expected outputs that do not need it, found AssignAddVariableOp, which writes a variable. Export a signature without it, or allow it: ModelPolicy.standard().allowOps(\"AssignAddVariableOp\")");
        assertThat(lines(ModelScan.ofOutputs(library.build(), List.of("y:0"), Set.of(), ModelPolicy.standard())))
                .isEmpty();
        assertThat(lines(ModelScan.ofOutputs(
                        library.build(),
                        List.of("z:0"),
                        Set.of(),
                        ModelPolicy.standard().allowOps("AssignAddVariableOp"))))
                .isEmpty();
        // for training, and for the sake of no output: inert
        assertThat(scan(metaGraph(library, "serve").putSignatureDef("serving_default", outputs("y:0"))))
                .isEmpty();
    }

    @Test
    void doesNotLookBeforeWhatIsFed() {
        var graph = graph(node("a", "AssignAdd"), node("b", "Neg", "a"), node("c", "Neg", "b"))
                .build();
        assertThat(lines(ModelScan.ofOutputs(graph, List.of("c"), Set.of("b:0"), ModelPolicy.standard())))
                .isEmpty();
        assertThat(lines(ModelScan.ofOutputs(graph, List.of("c"), Set.of("b:1"), ModelPolicy.standard())))
                .hasSize(1);
    }

    @Test
    void followsFunctionsThatAreHandedToFunctions() {
        var graph = graph(node("z", "PartitionedCall")
                .putAttr(
                        "f",
                        AttrValue.newBuilder()
                                .setFunc(NameAttrList.newBuilder()
                                        .setName("apply")
                                        .putAttr(
                                                "g",
                                                AttrValue.newBuilder()
                                                        .setFunc(NameAttrList.newBuilder()
                                                                .setName("count"))
                                                        .build()))
                                .build()));
        graph.getLibraryBuilder()
                .addFunction(function("apply", List.of(), node("a", "PartitionedCall")))
                .addFunction(function("count", List.of(), node("b", "AssignAddVariableOp")));
        assertThat(ModelScan.ofOutputs(graph.build(), List.of("z"), Set.of(), ModelPolicy.standard())
                        .findings())
                .extracting(Finding::where)
                .containsExactly("operation 'b' of function 'count'");
    }

    @Test
    void takesFunctionsThatImplementTheSameForOneAnother() {
        var graph = graph(call("z", "on_cpu"));
        var same = AttrValue.newBuilder().setS(ByteString.copyFromUtf8("lstm")).build();
        graph.getLibraryBuilder()
                .addFunction(function("on_cpu", List.of(), node("a", "NoOp")).putAttr("api_implements", same))
                .addFunction(function("on_gpu", List.of(), node("b", "AssignVariableOp"))
                        .putAttr("api_implements", same));
        assertThat(ModelScan.ofOutputs(graph.build(), List.of("z"), Set.of(), ModelPolicy.standard())
                        .findings())
                .extracting(Finding::where)
                .containsExactly("operation 'b' of function 'on_gpu'");
    }
}
