package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import io.tensorbridge.model.ModelPolicy;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.tensorflow.Graph;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.types.TFloat64;

@ExtendWith(NativeMemoryExtension.class)
class OriginTest {

    private static final ModelPolicy POLICY = ModelPolicy.standard().allowOps("ReadFile");

    private static GraphDef negate() {
        try (var graph = new Graph()) {
            Ops tf = Ops.create(graph);
            var x = tf.withName("x").placeholder(TFloat64.class, Placeholder.shape(Shape.of()));
            tf.withName("z").math.neg(x);
            return graph.toGraphDef();
        }
    }

    @Test
    void isNoModelIfItWasBuilt() {
        assertThat(Programs.plusThree().unpinnedModels()).isEmpty();
        assertThat(Programs.plusThree().origin()).isEqualTo(Origin.BUILT);
    }

    @Test
    void staysWithWhatIsMadeOfAProgram() throws Exception {
        Program model = Program.fromGraphDef(POLICY, negate(), "z");
        Origin origin = Origin.unpinned("z", model.sha256(), POLICY);
        assertThat(model.origin()).isEqualTo(origin);
        assertThat(model.named("other").origin()).isEqualTo(origin);
        assertThat(model.restrictedTo(List.of("z")).origin()).isEqualTo(origin);
        Program rows = ProgramRewrites.overRows(model);
        assertThat(rows.sha256()).isNotEqualTo(model.sha256());
        assertThat(rows.unpinnedModels()).containsExactly(entry("z", model.sha256()));
        assertThat(copy(rows).origin()).isEqualTo(origin);
    }

    private static Program copy(Program program) throws Exception {
        var bytes = new ByteArrayOutputStream();
        try (var out = new ObjectOutputStream(bytes)) {
            out.writeObject(program);
        }
        try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            return (Program) in.readObject();
        }
    }

    /** A model may name a tensor as it likes: what is behind it changes what later runs see. */
    @Test
    void holdsACutOfAModelToItsPolicy() {
        Program built = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1));
            var variable = tf.withName("v").varHandleOp(TFloat64.class, Shape.of(-1));
            var assigned = tf.withName("assign").assignVariableOp(variable, x);
            var read = tf.withName("read")
                    .withControlDependencies(List.of(assigned))
                    .readVariableOp(variable, TFloat64.class);
            return Program.outputs("z", tf.withName("z").math.neg(x))
                    .and("kept", tf.withName("kept").math.neg(read));
        });
        assertThat(built.cutAt("read").signature().outputs()).hasSize(1); // the driver's own code

        GraphDef graph = ProgramGraph.of(built);
        Program model = Program.fromGraphDef(graph, "z");
        assertThatThrownBy(() -> model.cutAt("kept"))
                .isInstanceOf(ProgramException.class)
                .hasMessage("""
                        Cannot cut program 'z': expected what its policy allows, found more:
                          - operation 'assign': expected outputs that do not need it, found AssignVariableOp, which writes a variable. Export a signature without it, or allow it: ModelPolicy.standard().allowOps("AssignVariableOp")""");
        assertThatThrownBy(() -> Program.fromGraphDef(graph, "kept"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("""
                        Cannot read graph: expected what its policy allows, found more:
                          - operation 'assign': expected outputs that do not need it, found AssignVariableOp, which writes a variable. Export a signature without it, or allow it: ModelPolicy.standard().allowOps("AssignVariableOp")""");
        var policy = ModelPolicy.standard().allowOps("AssignVariableOp");
        assertThat(Program.fromGraphDef(policy, graph, "z").cutAt("kept").copiesInputsBecauseOf())
                .contains("AssignVariableOp");
    }

    @Test
    void isThatOfBothIfAProgramIsMadeOfTwo() {
        Origin a = Origin.unpinned("model", "a".repeat(64), ModelPolicy.standard());
        Origin b = Origin.unpinned("model", "b".repeat(64), POLICY);
        assertThat(a.and(b))
                .isEqualTo(new Origin(
                        new TreeMap<>(Map.of("model", "a".repeat(64), "model@bbbbbbbb", "b".repeat(64))), POLICY));
        assertThat(a.and(a)).isEqualTo(a);
        assertThat(a.and(Origin.BUILT)).isEqualTo(a);
        assertThat(Origin.BUILT.and(Origin.BUILT)).isEqualTo(Origin.BUILT);
        assertThat(Origin.BUILT.and(Origin.pinned(POLICY))).isEqualTo(Origin.pinned(POLICY));
    }
}
