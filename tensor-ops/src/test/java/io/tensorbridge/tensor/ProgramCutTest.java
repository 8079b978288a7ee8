package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.math.Mean;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.types.TFloat64;

@ExtendWith(NativeMemoryExtension.class)
class ProgramCutTest {

    /** {@code z = relu(x + y) * 2}, and {@code apart = 3 y} beside it. */
    private static Program graph() {
        Program program = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1, 2));
            var y = Program.placeholder(tf, "y", TFloat64.class, Shape.of(-1, 2));
            var layer = tf.withSubScope("layer");
            var sum = layer.withName("sum").math.add(x, y);
            var relu = layer.withName("relu").nn.relu(sum);
            tf.withSubScope("other").withName("mean").math.mean(y, tf.constant(0), Mean.keepDims(true));
            return Program.outputs(
                            "z",
                            tf.withName("twice")
                                    .math
                                    .mul(relu, tf.withName("two").constant(2.0)))
                    .and(
                            "apart",
                            tf.withName("thrice")
                                    .math
                                    .mul(y, tf.withName("three").constant(3.0)));
        });
        return program.named("small");
    }

    private static Program functions() {
        return Program.fromGraphDef(
                        TextGraphs.graph(TextGraphs.CALL_OF_OUTER, TextGraphs.FUNCTIONS), "call", "call:1", "call:2")
                .named("nested");
    }

    private static List<String> strings(List<?> values) {
        return values.stream().map(String::valueOf).toList();
    }

    @Test
    void listsTheTensorsOfAGraph() {
        assertThat(strings(graph().tensors()))
                .containsExactly(
                        "layer/sum: DT_DOUBLE[?, 2]",
                        "layer/relu: DT_DOUBLE[?, 2]",
                        "other/mean: DT_DOUBLE[1, 2]",
                        "twice: DT_DOUBLE[?, 2]",
                        "thrice: DT_DOUBLE[?, 2]");
    }

    @Test
    void listsWhatFunctionsCompute() {
        assertThat(strings(functions().tensors()))
                .containsExactly(
                        "call/first/twice: DT_DOUBLE[?, 4]",
                        "call/first/square: DT_DOUBLE[?, 4]",
                        "call/first: DT_DOUBLE[?, 4]",
                        "call/halves: DT_DOUBLE[?, 2]",
                        "call/halves:1: DT_DOUBLE[?, 2]",
                        "call/finite: DT_DOUBLE[?, 4]",
                        "call/top: DT_DOUBLE[?, 2]",
                        "call/top:1: DT_INT32[?, 2]",
                        "call/summed/root: DT_DOUBLE[?, 2]",
                        "call/summed/sum: DT_DOUBLE[?]",
                        "call/summed: DT_DOUBLE[?]",
                        "call/again/twice: DT_DOUBLE[?]",
                        "call/again/square: DT_DOUBLE[?]",
                        "call/again: DT_DOUBLE[?]",
                        "call: DT_DOUBLE[?, 2]",
                        "call:1: DT_INT32[?, 2]",
                        "call:2: DT_DOUBLE[?]");
    }

    @Test
    void cutsAGraphAndKeepsItsFiles() {
        Program program = graph();
        Program cut = program.cutAt("layer/sum", "thrice:0");
        assertThat(strings(cut.signature().inputs())).containsExactly("x: DT_DOUBLE[?, 2]", "y: DT_DOUBLE[?, 2]");
        assertThat(strings(cut.signature().outputs()))
                .containsExactly("layer/sum: DT_DOUBLE[?, 2]", "thrice:0: DT_DOUBLE[?, 2]");
        assertThat(cut.sessionKey()).isEqualTo(program.sessionKey());
        assertThat(cut).isNotEqualTo(program).isEqualTo(graph().cutAt("layer/sum", "thrice:0"));
        assertThat(cut.name()).isEqualTo("small");
        try (var x = TFloat64.vectorOf(1, -2);
                var y = TFloat64.vectorOf(10, -20)) {
            assertThat(TensorFlowRun.values(cut, Map.of("x", x, "y", y)))
                    .containsExactly(
                            Map.entry("layer/sum", "DT_DOUBLE[2] [11.0, -22.0]"),
                            Map.entry("thrice:0", "DT_DOUBLE[2] [30.0, -60.0]"));
        }
    }

    @Test
    void dropsInputsThatAreNotNeededAndTakesThemBack() {
        Program cut = graph().cutAt("mean");
        assertThat(strings(cut.signature().inputs())).containsExactly("y: DT_DOUBLE[?, 2]");
        assertThat(strings(cut.fetching("relu").signature().inputs()))
                .containsExactly("y: DT_DOUBLE[?, 2]", "x: DT_DOUBLE[?, 2]");
    }

    @Test
    void addsOutputsUnderNamesOfTheirOwn() {
        Program more = graph().fetching("relu").fetching("h", "layer/sum");
        assertThat(more.sessionKey()).isEqualTo(graph().sessionKey());
        assertThat(strings(more.signature().outputs()))
                .containsExactly(
                        "z: DT_DOUBLE[?, 2]", "apart: DT_DOUBLE[?, 2]", "relu: DT_DOUBLE[?, 2]", "h: DT_DOUBLE[?, 2]");
        assertThatThrownBy(() -> more.fetching("h", "layer/relu"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot cut program 'small' at 'layer/relu': expected a new output, found that there is one named 'h' already. Name it with fetching(\"…\", \"layer/relu\")");
    }

    @Test
    void cutsAtEveryTensorOfAFunction() {
        Program program = functions();
        try (var x = TFloat64.tensorOf(NdArrays.wrap(Shape.of(2, 4), DataBuffers.of(1.5, 2, 3, 4, 9, 8, 7.25, 6)))) {
            Map<String, String> whole = TensorFlowRun.values(program, Map.of("x", x));
            Map<String, String> together =
                    TensorFlowRun.values(program.cutAt(names(program.tensors())), Map.of("x", x));
            for (TensorSpec tensor : program.tensors()) {
                Program cut = program.cutAt(tensor.name());
                assertThat(cut.signature().outputs()).containsExactly(tensor);
                Map<String, String> alone = TensorFlowRun.values(cut, Map.of("x", x));
                assertThat(alone).containsOnlyKeys(tensor.name());
                assertThat(together).containsAllEntriesOf(alone);
                if (program.signature().output(tensor.name()).isEmpty()) { // TensorFlow Java fetches nothing twice
                    assertThat(TensorFlowRun.values(program.fetching("more", tensor.name()), Map.of("x", x)))
                            .containsAllEntriesOf(whole)
                            .containsEntry("more", alone.get(tensor.name()));
                }
            }
            assertThat(together)
                    .containsEntry("call/first", "DT_DOUBLE[2, 4] [9.0, 16.0, 36.0, 64.0, 324.0, 256.0, 210.25, 144.0]")
                    .containsEntry("call/halves:1", "DT_DOUBLE[2, 2] [36.0, 64.0, 210.25, 144.0]")
                    .containsEntry("call/top:1", "DT_INT32[2, 2] [3, 2, 0, 1]")
                    .containsEntry("call/summed/sum", "DT_DOUBLE[2] [14.0, 26.5]");
        }
    }

    private static String[] names(List<TensorSpec> tensors) {
        return tensors.stream().map(TensorSpec::name).toArray(String[]::new);
    }

    @Test
    void keepsTheFilesWhereACallItselfIsCut() {
        Program program = functions();
        assertThat(program.cutAt("call:2").sessionKey()).isEqualTo(program.sessionKey());
        Program inside = program.cutAt("summed/root");
        assertThat(inside.sessionKey()).isNotEqualTo(program.sessionKey());
        assertThat(inside.cutAt("halves").sessionKey()).isEqualTo(inside.sessionKey());
    }

    @Test
    void failsInAFunctionThatWasCutAsItDidWithin() {
        Program program = functions();
        try (var x = TFloat64.tensorOf(NdArrays.wrap(Shape.of(1, 4), DataBuffers.of(1, 2, 3, Double.NaN)))) {
            for (Program failing : List.of(
                    program, program.cutAt("top:1"), program.fetching("first").cutAt("call:2"))) {
                assertThatThrownBy(() -> TensorFlowRun.values(failing, Map.of("x", x)))
                        .hasMessageContaining("not finite");
            }
            // what comes before the check does not wait for it
            assertThat(TensorFlowRun.values(program.cutAt("call/halves"), Map.of("x", x)))
                    .containsEntry("call/halves", "DT_DOUBLE[1, 2] [4.0, 16.0]");
        }
    }

    /** TensorFlow runs a check in a function though no result needs it, and so it does where the call was resolved. */
    @Test
    void keepsWhatAFunctionDoesBesideItsResults() {
        Program program = Program.fromGraphDef(TextGraphs.graph(TextGraphs.CALL_OF_CHECKED), "call");
        Program resolved = program.fetching("negated").cutAt("call");
        assertThat(resolved.sessionKey()).isNotEqualTo(program.sessionKey());
        try (var sound = TFloat64.vectorOf(1);
                var broken = TFloat64.vectorOf(Double.NaN)) {
            for (Program checked : List.of(program, resolved)) {
                assertThat(TensorFlowRun.values(checked, Map.of("x", sound)))
                        .containsEntry("call", "DT_DOUBLE[1] [-1.0]");
                assertThatThrownBy(() -> TensorFlowRun.values(checked, Map.of("x", broken)))
                        .hasMessageContaining("not finite");
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "relo | expected one of 5 tensors, found none of that name. Those of like names are [layer/relu, thrice, twice, other/mean, layer/sum]; tensors() lists all",
                "twice:1 | expected one of 5 tensors, found none of that name. Those of like names are [twice, thrice, layer/relu, other/mean, layer/sum]; tensors() lists all",
                "x | expected a tensor that is computed, found an input, which TensorFlow does not hand back. Use the column that feeds it",
            })
    void namesWhatIsWrong(String tensor, String reason) {
        assertThatThrownBy(() -> graph().cutAt(tensor))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Cannot cut program 'small' at '%s': %s".formatted(tensor, reason));
    }

    @Test
    void asksForMoreOfANameThatIsNotEnough() {
        assertThatThrownBy(() -> functions().cutAt("square"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot cut program 'nested' at 'square': expected a name that one tensor alone ends with, found 2 that do: [call/first/square, call/again/square]. Write more of the name");
        assertThat(functions()
                        .cutAt("again/square")
                        .signature()
                        .outputs()
                        .get(0)
                        .name())
                .isEqualTo("again/square");
    }

    @Test
    void refusesNoTensor() {
        assertThatThrownBy(() -> graph().cutAt())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Cannot cut program 'small': expected the name of a tensor, found none");
    }

    /** TensorFlow would end the process at the first run. */
    @Test
    void refusesAGraphThatHasANameTwiceOnceFunctionsAreResolved() {
        for (String name : List.of("call/top", "call/summed/root")) {
            GraphDef graph = TextGraphs.graph(
                    TextGraphs.CALL_OF_OUTER,
                    TextGraphs.FUNCTIONS,
                    "node { name: '%s' op: 'Neg' input: 'x' attr { key: 'T' value { type: DT_DOUBLE } } }"
                            .formatted(name));
            assertThatThrownBy(() -> Program.fromGraphDef(graph, "call", name))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "Cannot read graph: expected operations of different names once functions are resolved, found '%s' twice. Rename one, and export the model again"
                                    .formatted(name));
        }
        Program beside = Program.fromGraphDef(
                TextGraphs.graph(
                        TextGraphs.CALL_OF_OUTER,
                        TextGraphs.FUNCTIONS,
                        "node { name: 'call/apart' op: 'Neg' input: 'x' attr { key: 'T' value { type: DT_DOUBLE } } }"),
                "call/apart");
        assertThat(strings(beside.signature().inputs())).containsExactly("x: DT_DOUBLE[?, 4]");
    }

    @Test
    void seesNothingOfTheInsideOfLoops() {
        Program program = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(3));
            var z = tf.withSubScope("inner").withName("add").math.add(x, tf.constant(1.0));
            return Program.outputs("z", tf.withName("z").identity(z));
        });
        Program rows = program.named("rows").perRow();
        assertThatThrownBy(() -> rows.cutAt("inner/add"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot cut program 'rows' at 'inner/add': expected a tensor outside of loops, branches and compiled functions, found one inside of 'map' (MapDefun). Cut before it or after it");
    }

    @Test
    void travels() throws IOException, ClassNotFoundException {
        Program cut = functions().cutAt("top:1");
        var bytes = new ByteArrayOutputStream();
        try (var out = new ObjectOutputStream(bytes)) {
            out.writeObject(cut);
        }
        try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            Program read = (Program) in.readObject();
            assertThat(read).isEqualTo(cut);
            assertThat(read.signature()).hasToString(cut.signature().toString());
        }
    }
}
