package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.model.internal.GraphNames;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.Operand;
import org.tensorflow.Signature;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.NdArray;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TString;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TType;

@ExtendWith(NativeMemoryExtension.class)
class RowProgramTest {

    /** {@code y = x * x}, for cells of any shape. */
    private static Program squares(Shape cell) {
        return Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, cell);
            return Program.outputs("y", tf.math.mul(x, x));
        });
    }

    @ParameterizedTest(name = "{0} rows")
    @ValueSource(ints = {0, 1, 7, 8, 9, 1_000})
    void runsOncePerRow(int rows) {
        for (Shape cell : List.of(Shape.of(2), Shape.of(-1), Shape.of(2, 3), Shape.scalar(), Shape.unknown())) {
            Program program = ProgramRewrites.overRows(squares(cell));
            assertThat(program.name()).isEqualTo("y");
            assertThat(program.copiesInputsBecauseOf()).isEmpty();
            long[] found = cell.isUnknown() ? new long[] {} : cell.asArray();
            Shape shape = Shape.of(found).prepend(rows);
            if (cell.hasUnknownDimension() && !cell.isUnknown()) {
                shape = Shape.of(rows, 3);
            }
            try (var x = TensorFlowRun.counting(shape);
                    var result = TensorFlowRun.run(program, Map.of("x", x))) {
                var y = (TFloat64) result.get(0);
                assertThat(y.shape().get(0)).isEqualTo(rows);
                if (rows > 0) {
                    assertThat(y.shape()).isEqualTo(shape);
                }
                y.scalars().forEachIndexed((at, value) -> {
                    double from = x.getDouble(at);
                    assertThat(value.getDouble()).isEqualTo(from * from);
                });
            }
        }
    }

    @Test
    void addsADimensionToEveryInputAndOutput() {
        Program program = ProgramRewrites.overRows(Program.build(tf -> {
            var image = Program.placeholder(tf, "image", TFloat32.class, Shape.of(28, 28));
            var scale = Program.placeholder(tf, "scale", TFloat32.class, Shape.scalar());
            var any = Program.placeholder(tf, "any", TFloat64.class, Shape.unknown());
            return Program.outputs("scaled", tf.math.mul(image, scale))
                    .and("row", tf.reduceSum(image, tf.constant(0)))
                    .and("neg", tf.math.neg(any));
        }));
        assertThat(program.signature().inputs())
                .extracting(TensorSpec::toString)
                .containsExactlyInAnyOrder("image: DT_FLOAT[?, 28, 28]", "scale: DT_FLOAT[?]", "any: DT_DOUBLE[..]");
        assertThat(program.signature().outputs())
                .extracting(TensorSpec::toString)
                .containsExactly("scaled: DT_FLOAT[?, 28, 28]", "row: DT_FLOAT[?, 28]", "neg: DT_DOUBLE[..]");
        // what TensorFlow infers agrees with what the signature says
        try (var graph = TensorFlowRun.graphOf(program)) {
            for (TensorSpec output : program.signature().outputs()) {
                String tensor = ProgramGraph.outputTensor(program, output);
                var inferred = graph.operation(GraphNames.operationOf(tensor)).output(GraphNames.indexOf(tensor));
                assertThat(Shapes.accepts(output.shape(), inferred.shape())).isTrue();
                assertThat(inferred.dataType()).isEqualTo(output.elementType());
            }
        }
    }

    static Stream<Tensor> tensors() {
        return Stream.of(
                TString.vectorOf("one", "", "three"),
                TBool.vectorOf(true, false, true),
                TUint8.vectorOf((byte) 1, (byte) 2, (byte) 255),
                TInt32.vectorOf(1, 2, 3),
                TInt64.vectorOf(1, 2, 3),
                TFloat16.vectorOf(1, 2, 3),
                TBfloat16.vectorOf(1, 2, 3),
                TFloat32.vectorOf(1, 2, 3),
                TFloat64.vectorOf(1, 2, 3));
    }

    @Test
    void passesEveryTypeThrough() {
        tensors().forEach(x -> {
            try (x) {
                Program program = ProgramRewrites.overRows(Program.build(tf -> {
                    Placeholder<? extends TType> in = Program.placeholder(tf, "x", ((TType) x).type(), Shape.scalar());
                    return Program.outputs("y", in);
                }));
                try (var result = TensorFlowRun.run(program, Map.of("x", x))) {
                    assertThat((NdArray<?>) result.get(0)).isEqualTo(x);
                }
            }
        });
    }

    @Test
    void runsWithoutInputs() {
        Program program =
                ProgramRewrites.overRows(Program.build(tf -> Program.outputs("c", tf.constant(new int[] {4, 2}))
                        .and("random", tf.random.randomUniform(tf.constant(new int[] {}), TFloat64.class))));
        assertThat(program.signature())
                .hasToString(
                        "ProgramSignature[inputs=[tensorbridge_rows: DT_INT32[]], outputs=[c: DT_INT32[?, 2], random: DT_DOUBLE[?]]]");
        for (int rows : new int[] {0, 1, 9}) {
            try (var count = TInt32.scalarOf(rows);
                    var result = TensorFlowRun.run(program, Map.of(ProgramRewrites.ROW_COUNT, count))) {
                assertThat(((TInt32) result.get(0)).shape()).isEqualTo(Shape.of(rows, 2));
                var random = (TFloat64) result.get(1);
                assertThat(random.shape()).isEqualTo(Shape.of(rows));
                if (rows > 1) { // or the body ran once and not once per row
                    assertThat(random.getDouble(0)).isNotEqualTo(random.getDouble(1));
                }
            }
        }
    }

    private static ConcreteFunction function(java.util.function.BiFunction<Ops, Operand<TFloat64>, Operand<?>> body) {
        return ConcreteFunction.create(tf -> {
            var x = tf.placeholder(TFloat64.class, Placeholder.shape(Shape.scalar()));
            return Signature.builder("f")
                    .input("x", x)
                    .output("y", body.apply(tf, x))
                    .build();
        });
    }

    @Test
    void keepsControlFlow() {
        Program program;
        try (var twice = function((tf, x) -> tf.math.add(x, x));
                var negated = function((tf, x) -> tf.math.neg(x));
                var small = function((tf, x) -> tf.math.less(x, tf.constant(100.0)))) {
            program = ProgramRewrites.overRows(Program.build(tf -> {
                var x = Program.placeholder(tf, "x", TFloat64.class, Shape.scalar());
                var positive = tf.math.greater(x, tf.constant(0.0));
                var branched = tf.ifOp(positive, List.of(x), List.of(TFloat64.class), twice, negated);
                var looped = tf.whileOp(List.of(tf.math.add(x, tf.constant(3.0))), small, twice);
                return Program.outputs("branched", branched.iterator().next())
                        .and("looped", looped.iterator().next());
            }));
        }
        try (var x = TFloat64.vectorOf(-1, 0, 1, 200);
                var result = TensorFlowRun.run(program, Map.of("x", x))) {
            assertThat((NdArray<?>) result.get(0)).isEqualTo(NdArrays.vectorOf(1.0, -0.0, 2.0, 400.0));
            assertThat((NdArray<?>) result.get(1)).isEqualTo(NdArrays.vectorOf(128.0, 192.0, 128.0, 203.0));
        }
    }

    @Test
    void mapsAProgramThatMapsRowsAlready() {
        Program program = ProgramRewrites.overRows(ProgramRewrites.overRows(squares(Shape.of(-1))));
        assertThat(program.signature().outputs().get(0)).hasToString("y: DT_DOUBLE[?, ?, ?]");
        try (var x = TensorFlowRun.counting(Shape.of(2, 3, 4));
                var result = TensorFlowRun.run(program, Map.of("x", x))) {
            assertThat(((TFloat64) result.get(0)).getDouble(1, 2, 3)).isEqualTo(23.0 * 23.0);
        }
    }

    @Test
    void handsOverTablesRatherThanMakingOnePerRow() {
        Program program = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TString.class, Shape.scalar());
            var table = tf.hashTable(TString.class, TInt64.class);
            var filled = tf.initializeTable(
                    table, tf.constant(NdArrays.vectorOfObjects("a", "b")), tf.constant(new long[] {10, 20}));
            return Program.outputs("y", tf.withControlDependencies(filled).lookupTableFind(table, x, tf.constant(-1L)));
        });
        Program mapped = ProgramRewrites.overRows(program);
        assertThat(GraphClosure.of(ProgramGraph.of(mapped), List.of("rowsOrNone", "map"))
                        .nodes())
                .extracting(node -> node.getOp())
                .contains("HashTableV2");
        try (var x = TString.vectorOf("b", "c", "a");
                var result = TensorFlowRun.run(mapped, Map.of("x", x))) {
            assertThat((NdArray<?>) result.get(0)).isEqualTo(NdArrays.vectorOf(20L, -1L, 10L));
        }
    }

    @Test
    void saysWhereARowFailed() {
        Program program = ProgramRewrites.overRows(Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.scalar());
            var check = tf.assertThat(tf.math.less(x, tf.constant(3.0)), List.of(tf.constant("Too large:"), x));
            return Program.outputs("y", tf.withControlDependencies(check).identity(x));
        }));
        try (var x = TFloat64.vectorOf(1, 2, 3)) {
            assertThatThrownBy(() -> TensorFlowRun.run(program, Map.of("x", x)))
                    .hasMessage("assertion failed: [Too large:] [3]\n\t [[{{node AssertThat}}]]\n\t [[map]]");
        }
    }

    @Test
    void saysThatRowsDifferInShape() {
        Program program = ProgramRewrites.overRows(Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TInt32.class, Shape.scalar());
            return Program.outputs("y", tf.range(tf.constant(0), x, tf.constant(1)));
        }));
        try (var x = TInt32.vectorOf(3, 3, 2, 3)) {
            assertThatThrownBy(() -> TensorFlowRun.run(program, Map.of("x", x)))
                    .hasMessage(
                            "Mismatch in function retval shape, [2], and expected output shape, [3].\n\t [[{{node range_RetVal}}]]\n\t [[map]]");
        }
    }

    @Test
    void refusesAVariableThatIsWrittenTo() {
        Program program = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.scalar());
            var v = tf.variable(Shape.scalar(), TFloat64.class);
            return Program.outputs("y", tf.assignAdd(v, x));
        });
        assertThatThrownBy(() -> ProgramRewrites.overRows(program))
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot run program 'y' row by row: operation 'AssignAdd' writes to a variable that has no handle. Use a resource variable");
    }

    @Test
    void computesSomeOutputsAlone() {
        Program program = Program.build(tf -> {
            var a = Program.placeholder(tf, "a", TFloat64.class, Shape.scalar());
            var b = Program.placeholder(tf, "b", TFloat64.class, Shape.scalar());
            return Program.outputs("sum", tf.math.add(a, b))
                    .and("negA", tf.math.neg(a))
                    .and("negB", tf.math.neg(b));
        });
        Program some = ProgramRewrites.overRows(program, List.of("negB"), Set.of());
        assertThat(some.signature())
                .hasToString("ProgramSignature[inputs=[b: DT_DOUBLE[?]], outputs=[negB: DT_DOUBLE[?]]]");
        try (var b = TFloat64.vectorOf(1, 2);
                var result = TensorFlowRun.run(some, Map.of("b", b))) {
            assertThat((NdArray<?>) result.get(0)).isEqualTo(NdArrays.vectorOf(-1.0, -2.0));
        }
        assertThat(ProgramRewrites.overRows(program, List.of("negB", "sum"), Set.of())
                        .signature()
                        .outputs())
                .extracting(TensorSpec::name)
                .containsExactly("negB", "sum");
        assertThatThrownBy(() -> ProgramRewrites.overRows(program, List.of("negC"), Set.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot take output 'negC' of program 'sum,negA,negB': its outputs are [sum: DT_DOUBLE[], negA: DT_DOUBLE[], negB: DT_DOUBLE[]]");
        assertThatThrownBy(() -> ProgramRewrites.overRows(program, List.of(), Set.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Cannot take outputs of program 'sum,negA,negB': none was named");
    }

    @Test
    void isGivenCopiesIfARowWritesToItsInputs() {
        Program program = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(2));
            return Program.outputs("y", tf.inplaceAdd(x, tf.constant(new int[] {0}), tf.constant(new double[] {1})));
        });
        assertThat(ProgramRewrites.overRows(program).copiesInputsBecauseOf()).contains("InplaceAdd");
    }

    @Test
    void isTheSameProgramEachTime() throws Exception {
        Program program = squares(Shape.of(-1));
        Program mapped = ProgramRewrites.overRows(program);
        assertThat(ProgramRewrites.overRows(program)).isSameAs(mapped);
        assertThat(ProgramRewrites.overRows(squares(Shape.of(-1)))).isEqualTo(mapped);
        assertThat(mapped.sha256()).isNotEqualTo(program.sha256());
        assertThat(ProgramRewrites.overRows(program.named("squares")).name()).isEqualTo("squares");

        var bytes = new ByteArrayOutputStream();
        try (var out = new ObjectOutputStream(bytes)) {
            out.writeObject(mapped);
        }
        try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            @SuppressWarnings("BanSerializableRead") // reads what was written just now
            Object read = in.readObject();
            assertThat(read).isEqualTo(mapped);
            assertThat(((Program) read).signature())
                    .hasToString(mapped.signature().toString());
            assertThat(ProgramRewrites.overRows((Program) read)).isNotNull();
        }
    }
}
