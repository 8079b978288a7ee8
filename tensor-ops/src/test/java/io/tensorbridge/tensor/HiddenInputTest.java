package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.model.ModelFolder;
import io.tensorbridge.model.ModelPolicy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.types.TFloat64;

/**
 * Nothing hides in a saved program behind an input that its signature has and its description leaves out.
 *
 * <p>The program is {@code z = -h} with {@code h = in}, which waits for {@code in} to be assigned to a variable.
 */
@ExtendWith(NativeMemoryExtension.class)
class HiddenInputTest {

    private static final ModelPolicy WRITING = ModelPolicy.standard().allowOps("AssignVariableOp");

    @TempDir
    static Path fixtures;

    @BeforeAll
    static void export() throws IOException {
        Path writing = fixtures.resolve("writing");
        SevensModel.export(writing);
        Path file = writing.resolve("saved_model.pb");
        var model = SavedModel.parseFrom(Files.readAllBytes(file)).toBuilder();
        var metaGraph = model.getMetaGraphsBuilder(0).clearSignatureDef();
        addNodes(metaGraph.getGraphDefBuilder());
        metaGraph.putSignatureDef(
                ModelLoader.SERVING_DEFAULT,
                SignatureDef.newBuilder()
                        .putInputs("in", doubles("in:0"))
                        .putOutputs("z", doubles("z:0"))
                        .build());
        Files.write(file, model.build().toByteArray());
    }

    private static void addNodes(GraphDef.Builder graph) {
        var type = AttrValue.newBuilder().setType(DataType.DT_DOUBLE).build();
        graph.addNode(NodeDef.newBuilder()
                        .setName("written")
                        .setOp("VarHandleOp")
                        .putAttr("dtype", type)
                        .putAttr(
                                "shape",
                                AttrValue.newBuilder()
                                        .setShape(Shapes.toProto(Shape.of(-1)))
                                        .build()))
                .addNode(NodeDef.newBuilder()
                        .setName("assign")
                        .setOp("AssignVariableOp")
                        .addInput("written")
                        .addInput("in")
                        .putAttr("dtype", type))
                .addNode(NodeDef.newBuilder()
                        .setName("h")
                        .setOp("Identity")
                        .addInput("in")
                        .addInput("^assign")
                        .putAttr("T", type))
                .addNode(NodeDef.newBuilder()
                        .setName("z")
                        .setOp("Neg")
                        .addInput("h")
                        .putAttr("T", type));
    }

    private static TensorInfo doubles(String tensor) {
        return Signatures.info(tensor, new TensorSpec("tensor", DataType.DT_DOUBLE, Shape.of(-1)));
    }

    private static SavedFiles saved(Program.Form form) {
        return SavedFiles.of(
                switch (form) {
                    case SAVED_MODEL ->
                        Program.load(ModelFolder.of(fixtures.resolve("writing")))
                                .policy(WRITING)
                                .savedModel();
                    case GRAPH_DEF -> {
                        var graph = ProgramGraph.of(Program.build(tf -> Program.outputs(
                                        "unused",
                                        tf.math.neg(Program.placeholder(tf, "in", TFloat64.class, Shape.of(-1))))))
                                .toBuilder();
                        addNodes(graph);
                        yield Program.fromGraphDef(WRITING, graph.build(), "z");
                    }
                });
    }

    private static SavedFiles withHiddenInput(Program.Form form, List<String> listed) throws IOException {
        SavedFiles saved = saved(form);
        saved.signature(signature -> signature.putInputs("h", doubles("h:0")));
        saved.describe(was -> SavedFiles.with(was, was.form(), listed, was.outputs(), was.files()));
        return saved;
    }

    @ParameterizedTest
    @EnumSource
    void holdsWhatIsBeforeItToThePolicy(Program.Form form) throws IOException {
        for (List<String> listed : List.of(List.of("in"), List.<String>of())) {
            SavedFiles saved = withHiddenInput(form, listed);
            assertThatThrownBy(saved::load).isInstanceOf(ProgramException.class).hasMessage("""
                            Cannot load model 'saved': expected what its policy allows, found more:
                              - operation 'assign': expected outputs that do not need it, found AssignVariableOp, which writes a variable. Export a signature without it, or allow it: ModelPolicy.standard().allowOps("AssignVariableOp")""");
        }
    }

    @ParameterizedTest
    @EnumSource
    void copiesWhatIsKeptBeforeIt(Program.Form form) throws IOException {
        assertThat(Program.load(withHiddenInput(form, List.of("in")))
                        .policy(WRITING)
                        .program()
                        .copiesInputsBecauseOf())
                .contains("AssignVariableOp");
    }

    @ParameterizedTest
    @EnumSource
    void isATensorOfTheGraphAllTheSame(Program.Form form) throws IOException {
        SavedFiles saved = saved(form);
        saved.signature(signature -> signature.putInputs("h", doubles("nowhere:0")));
        assertThatThrownBy(() -> Program.load(saved).policy(WRITING).program())
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot load model 'saved': expected tensor 'nowhere:0', which its signature calls 'h', found none in its graph. Export it again");
    }

    @Test
    void isNoPlaceholderThatOutputsNeed() throws IOException {
        SavedFiles saved = SavedFiles.of(Programs.plusThree());
        saved.describe(was -> SavedFiles.with(was, was.form(), List.of(), was.outputs(), was.files()));
        assertThatThrownBy(saved::load)
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot load model 'saved': expected inputs for all that outputs [z] need, found 'x' not among []. Save the program again");
    }
}
