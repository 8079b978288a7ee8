package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.tensorflow.Graph;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

@ExtendWith(NativeMemoryExtension.class)
class ProgramTest {

    private static GraphDef plusThreeGraph() {
        try (var graph = new Graph()) {
            Ops tf = Ops.create(graph);
            var x = tf.withName("x").placeholder(TFloat64.class, Placeholder.shape(Shape.of(-1)));
            tf.withName("unused").placeholder(TFloat32.class);
            tf.withName("z").math.add(x, tf.withName("three").constant(3.0));
            return graph.toGraphDef();
        }
    }

    @Test
    void readsNamesTypesAndShapesOffTheGraph() {
        Program program = Program.build(tf -> {
            var image = Program.placeholder(tf, "image", TFloat32.class, Shape.of(-1, 2, -1));
            var any = Program.placeholder(tf, "any", TFloat64.class, Shape.unknown());
            return Program.outputs("sum", tf.reduceSum(image, tf.constant(1))).and("same", tf.math.neg(any));
        });
        assertThat(program.signature().inputs())
                .extracting(TensorSpec::toString)
                .containsExactlyInAnyOrder("image: DT_FLOAT[?, 2, ?]", "any: DT_DOUBLE[..]");
        assertThat(program.signature().outputs())
                .extracting(TensorSpec::toString)
                .containsExactly("sum: DT_FLOAT[?, ?]", "same: DT_DOUBLE[..]");
        assertThat(Shapes.describe(
                        program.signature().input("image").orElseThrow().cellShape()))
                .isEqualTo("[2, ?]");
    }

    @Test
    void leavesOutInputsThatNoOutputNeeds() {
        Program program = Program.fromGraphDef(plusThreeGraph(), "z");
        assertThat(program.signature().inputs()).extracting(TensorSpec::name).containsExactly("x");
        assertThat(program.name()).isEqualTo("z");
    }

    @Test
    void tellsWhichInputsSomeOutputsNeed() {
        Program program = Program.build(tf -> {
            var a = Program.placeholder(tf, "a", TFloat64.class, Shape.of(-1));
            var b = Program.placeholder(tf, "b", TFloat64.class, Shape.of(-1));
            return Program.outputs("both", tf.math.add(a, b)).and("one", tf.math.neg(b));
        });
        assertThat(program.inputsOf(List.of("one")))
                .extracting(TensorSpec::name)
                .containsExactly("b");
        assertThat(program.inputsOf(List.of("one", "both")))
                .extracting(TensorSpec::name)
                .containsExactlyInAnyOrder("a", "b");
    }

    @Test
    void isAValueWithADigest() {
        Program one = Programs.plusThree();
        Program same = Programs.plusThree();
        assertThat(one).isEqualTo(same).hasSameHashCodeAs(same);
        assertThat(one.sha256()).matches("[0-9a-f]{64}").isEqualTo(same.sha256());
        assertThat(one.named("other")).isNotEqualTo(one);
        assertThat(one.named("other").sessionKey()).isEqualTo(one.sessionKey());
        assertThat(one).hasToString("z@" + one.sha256().substring(0, 8));
        assertThat(Programs.identity(ElementType.INT32, Shape.of(-1)).sha256()).isNotEqualTo(one.sha256());
    }

    @Test
    void travels() throws Exception {
        Program program = Program.build(tf -> {
                    var x = Program.placeholder(tf, "x", TFloat32.class, Shape.unknown());
                    var y = Program.placeholder(tf, "y", TFloat32.class, Shape.of(-1, 3));
                    return Program.outputs("b", tf.math.neg(x)).and("a", tf.math.neg(y));
                })
                .named("traveller");
        Program read = (Program) read(written(program));
        assertThat(read).isEqualTo(program);
        // by their text: TensorFlow's shapes with an unknown dimension are equal to nothing, not even to themselves
        assertThat(read.signature()).hasToString(program.signature().toString());
        assertThat(read.copiesInputsBecauseOf()).isEmpty();
    }

    @Test
    void noticesThatItWasChangedOnItsWay() throws Exception {
        Program program = Programs.plusThree();
        byte[] bytes = written(program);
        byte[] three = "three".getBytes(StandardCharsets.UTF_8);
        int at = indexOf(bytes, "Const".getBytes(StandardCharsets.UTF_8));
        assertThat(at).isPositive();
        bytes[at] ^= 1;
        assertThat(three).isNotEmpty();
        assertThatThrownBy(() -> read(bytes))
                .isInstanceOf(InvalidObjectException.class)
                .hasMessageStartingWith(
                        "Program 'z' was changed on its way: expected SHA-256 " + program.sha256() + ", found ");
    }

    private static byte[] written(Object value) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var out = new ObjectOutputStream(bytes)) {
            out.writeObject(value);
        }
        return bytes.toByteArray();
    }

    @SuppressWarnings("BanSerializableRead") // reads what was written just now
    private static Object read(byte[] bytes) throws IOException, ClassNotFoundException {
        try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes))) {
            return in.readObject();
        }
    }

    private static int indexOf(byte[] in, byte[] part) {
        for (int i = 0; i + part.length <= in.length; i++) {
            if (Arrays.equals(in, i, i + part.length, part, 0, part.length)) {
                return i;
            }
        }
        return -1;
    }

    @Test
    void refusesBytesThatAreNoGraph() {
        assertThatThrownBy(() -> Program.fromGraphDef(new byte[] {1, 2, 3}, "z"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(
                        "Cannot read graph: expected a serialised GraphDef, found 3 bytes that are none (");
    }

    @Test
    void refusesAnEmptyGraph() {
        assertThatThrownBy(() -> Program.fromGraphDef(new byte[0], "z"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Cannot read graph: expected a GraphDef with operations, found none. Export it again");
    }

    @Test
    void refusesAGraphWithoutOutputs() {
        assertThatThrownBy(() -> Program.fromGraphDef(plusThreeGraph()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot read graph: expected the name of an output, found none. Name one or more, such as fromGraphDef(graph, \"z\")");
    }

    @Test
    void refusesAnOperationThatTensorFlowDoesNotKnow() {
        var graph = GraphDef.newBuilder();
        graph.addNodeBuilder().setName("z").setOp("NoSuchOperation");
        assertThatThrownBy(() -> Program.fromGraphDef(graph.build(), "z"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("""
                        Cannot read graph: expected what its policy allows, found more:
                          - operation 'z': expected an operation of TensorFlow 2.18.0, found NoSuchOperation. Export the model with that version or an older one, and without operations of others""");
    }

    @Test
    void refusesAFetchThatIsNotThere() {
        assertThatThrownBy(() -> Program.fromGraphDef(plusThreeGraph(), "y"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot fetch 'y': expected an operation 'y' in the graph, found [x, unused, three, z]. Mend fromGraphDef(graph, \"…\")");
        assertThatThrownBy(() -> Program.fromGraphDef(plusThreeGraph(), "z:1"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot fetch 'z:1': expected an output below 1 of operation 'z', found 1. Mend fromGraphDef(graph, \"…\")");
        assertThatThrownBy(() -> Program.fromGraphDef(plusThreeGraph(), "z:first"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot fetch 'z:first': expected operation or operation:index, found 'z:first'. Mend fromGraphDef(graph, \"…\")");
        assertThatThrownBy(() -> Program.fromGraphDef(plusThreeGraph(), "x"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot fetch 'x': expected an operation that computes, found an input, which TensorFlow does not hand back. Fetch an identity of it");
    }

    @Test
    void refusesNamesThatAreTaken() {
        assertThatThrownBy(() -> Program.build(tf -> {
                    Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1));
                    var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1));
                    return Program.outputs("z", x);
                }))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Cannot add input 'x': the graph has an operation of that name already");
        assertThatThrownBy(() -> Program.build(tf -> {
                    var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1));
                    return Program.outputs("z", x).and("z", x);
                }))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Cannot add output 'z': there is an output of that name already");
        assertThatThrownBy(() -> Programs.plusThree().named(" "))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid program name: must not be blank");
    }

    @Test
    void describesTypes() {
        assertThat(Shapes.describe(DataType.DT_FLOAT, Shape.of(-1, 3))).isEqualTo("DT_FLOAT[?, 3]");
        assertThat(Shapes.describe(Shape.scalar())).isEqualTo("[]");
        assertThat(Shapes.elements(Shape.of(2, 3))).isEqualTo(6);
        assertThat(Shapes.elements(Shape.of(2, -1))).isEqualTo(-1);
        assertThat(Shapes.accepts(Shape.of(-1, 3), Shape.of(5, -1))).isTrue();
        assertThat(Shapes.accepts(Shape.of(-1, 3), Shape.of(5, 4))).isFalse();
        assertThat(Shapes.accepts(Shape.of(3), Shape.of(3, 1))).isFalse();
        assertThat(Shapes.accepts(Shape.unknown(), Shape.of(3, 1))).isTrue();
    }
}
