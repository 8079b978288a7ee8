package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.model.ModelPolicy;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.Float8Vector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.FunctionDefLibrary;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NameAttrList;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;
import org.tensorflow.types.TFloat64;

@ExtendWith(NativeMemoryExtension.class)
class AliasSafetyTest {

    private static Program.Outputs overwriteFirstRow(Ops tf) {
        var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1));
        return Program.outputs("y", tf.inplaceAdd(x, tf.constant(new int[] {0}), tf.constant(new double[] {100})));
    }

    private static Program.Outputs keepInAVariable(Ops tf) {
        var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1));
        var variable = tf.varHandleOp(TFloat64.class, Shape.of(-1));
        var assigned = tf.assignVariableOp(variable, x);
        return Program.outputs(
                "y", tf.withControlDependencies(List.of(assigned)).readVariableOp(variable, TFloat64.class));
    }

    @Test
    void copiesForAProgramThatWritesInPlace(BufferAllocator allocator) {
        var program = Program.build(AliasSafetyTest::overwriteFirstRow);
        assertThat(program.copiesInputsBecauseOf()).contains("InplaceAdd");
        assertCopiesItsInput(program, 101, allocator);
    }

    @Test
    void copiesForAProgramThatKeepsItsInput(BufferAllocator allocator) {
        var program = Program.build(AliasSafetyTest::keepInAVariable);
        assertThat(program.copiesInputsBecauseOf()).contains("AssignVariableOp");
        assertCopiesItsInput(program, 1, allocator);
    }

    @Test
    void findsAnOperationInsideOfAFunction(BufferAllocator allocator) {
        var program = Program.fromGraphDef(
                ModelPolicy.standard().allowOps("InplaceAdd"), callingAFunctionThatWritesInPlace(), "y");
        assertThat(program.copiesInputsBecauseOf()).contains("InplaceAdd");
        assertCopiesItsInput(program, 101, allocator);
    }

    @Test
    void doesNotMindAnOperationThatNoOutputNeeds() {
        var program = Program.build(tf -> {
            overwriteFirstRow(tf);
            var a = Program.placeholder(tf, "a", TFloat64.class, Shape.of(-1));
            return Program.outputs("b", tf.math.neg(a));
        });
        assertThat(program.copiesInputsBecauseOf()).isEmpty();
    }

    private static void assertCopiesItsInput(Program program, double first, BufferAllocator allocator) {
        var ledger = new TransferLedger();
        var fetch = Fetch.of("y", ElementType.FLOAT64.field("y", 0));
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1));
                var runner = session.runner(program, List.of(Feed.of("x", "x")), List.of(fetch), allocator, ledger);
                var x = Vectors.doubles("x", allocator, 1, 2, 3)) {
            try (var out = runner.run(List.of(x))) {
                assertThat(((Float8Vector) out.getVector("y")).get(0)).isEqualTo(first);
            }
            assertThat(x.get(0)).isEqualTo(1);
            assertThat(ledger.copiedBytes(CopyReason.PROGRAM)).isEqualTo(3 * Double.BYTES);
        }
    }

    private static GraphDef callingAFunctionThatWritesInPlace() {
        var dbl = AttrValue.newBuilder().setType(DataType.DT_DOUBLE).build();
        try (var graph = new org.tensorflow.Graph()) {
            Ops tf = Ops.create(graph);
            overwriteFirstRow(tf);
            var function = FunctionDef.newBuilder()
                    .setSignature(OpDef.newBuilder()
                            .setName("overwrite")
                            .addInputArg(OpDef.ArgDef.newBuilder().setName("x").setType(DataType.DT_DOUBLE))
                            .addOutputArg(OpDef.ArgDef.newBuilder().setName("y").setType(DataType.DT_DOUBLE)));
            String result = "";
            for (NodeDef node : graph.toGraphDef().getNodeList()) {
                if (node.getOp().equals("Placeholder")) {
                    continue;
                }
                var copy = node.toBuilder().clearInput();
                for (String input : node.getInputList()) {
                    copy.addInput(input.equals("x") ? "x" : input + ":output:0");
                }
                function.addNodeDef(copy);
                result = node.getOp().equals("InplaceAdd") ? node.getName() : result;
            }
            function.putRet("y", result + ":y:0");
            var types = AttrValue.newBuilder()
                    .setList(AttrValue.ListValue.newBuilder().addType(DataType.DT_DOUBLE))
                    .build();
            return GraphDef.newBuilder()
                    .setVersions(graph.toGraphDef().getVersions())
                    .setLibrary(FunctionDefLibrary.newBuilder().addFunction(function))
                    .addNode(NodeDef.newBuilder()
                            .setName("x")
                            .setOp("Placeholder")
                            .putAttr("dtype", dbl))
                    .addNode(NodeDef.newBuilder()
                            .setName("y")
                            .setOp("PartitionedCall")
                            .addInput("x")
                            .putAttr("Tin", types)
                            .putAttr("Tout", types)
                            .putAttr(
                                    "f",
                                    AttrValue.newBuilder()
                                            .setFunc(NameAttrList.newBuilder().setName("overwrite"))
                                            .build()))
                    .build();
        }
    }
}
