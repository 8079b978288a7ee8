package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.ipc.message.ArrowFieldNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.core.AssertThat;
import org.tensorflow.types.TFloat64;

@ExtendWith(NativeMemoryExtension.class)
class ProgramSessionTest {

    private static final SessionOptions OPTIONS = SessionOptions.onCallingThread(1);

    private final TransferLedger ledger = new TransferLedger();

    private static Fetch doubles(String output) {
        return Fetch.of(output, ElementType.FLOAT64.field(output, 0));
    }

    @ParameterizedTest(name = "{0} rows")
    @ValueSource(ints = {1, 7, 8, 9, 1_000, 100_000})
    void addsThreeToEveryRow(int rows, BufferAllocator allocator) {
        Program program = Programs.plusThree();
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner =
                        session.runner(program, List.of(Feed.of("x", "x")), List.of(doubles("z")), allocator, ledger);
                var x = Vectors.counting(ElementType.FLOAT64, rows, new int[] {}, allocator);
                var out = runner.run(List.of(x))) {
            var z = (Float8Vector) out.getVector("z");
            assertThat(out.getRowCount()).isEqualTo(rows);
            for (int row = 0; row < rows; row++) {
                assertThat(z.get(row)).isEqualTo(row + 3.0);
            }
            assertThat(ledger.aliasedBytes()).isEqualTo(2L * rows * Double.BYTES);
            assertThat(runner.runNanos()).isPositive();
        }
    }

    @Test
    void aLargerBlockHasAsManyOffsetsAsItNeeds(BufferAllocator allocator) {
        Program program = Programs.identity(ElementType.FLOAT64, Shape.of(-1, -1));
        var fetch = Fetch.of("y", ElementType.FLOAT64.field("y", 1));
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner = session.runner(program, List.of(Feed.of("x", "x")), List.of(fetch), allocator, ledger)) {
            for (int rows : new int[] {1, 9, 2, 30}) {
                try (var x = Vectors.counting(ElementType.FLOAT64, rows, new int[] {2}, allocator);
                        var out = runner.run(List.of(x))) {
                    for (int row = 0; row < rows; row++) {
                        assertThat(out.getVector("y").getObject(row)).isEqualTo(x.getObject(row));
                    }
                }
            }
        }
    }

    /** TensorFlow would quote all of the data. */
    @Test
    void quotesNoMoreThanTheBeginningOfWhatAnAssertionFailsOn(BufferAllocator allocator) {
        Program program = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1));
            var failed = tf.assertThat(tf.constant(false), List.of(x), AssertThat.summarize(1_000_000L));
            return Program.outputs(
                    "y", tf.withControlDependencies(List.of(failed)).math.neg(x));
        });
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner =
                        session.runner(program, List.of(Feed.of("x", "x")), List.of(doubles("y")), allocator, ledger);
                var x = Vectors.counting(ElementType.FLOAT64, 10_000, new int[] {}, allocator)) {
            assertThatThrownBy(() -> runner.run(List.of(x)))
                    .isInstanceOf(ProgramException.class)
                    .hasMessageContaining("assertion failed: [0 1 2 3 ")
                    .hasMessageEndingWith("…. Mend the program, or what it is fed with")
                    .satisfies(thrown -> assertThat(thrown.getMessage()).hasSizeLessThan(700))
                    .hasNoCause();
        }
    }

    @Test
    void keepsAColumnsMemoryAsLongAsAnOutputIsMadeOfIt(BufferAllocator allocator) {
        Program program = Programs.identity(ElementType.FLOAT64, Shape.of(-1));
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner =
                        session.runner(program, List.of(Feed.of("x", "x")), List.of(doubles("y")), allocator, ledger)) {
            var x = Vectors.doubles("x", allocator, 1, 2, 3);
            VectorSchemaRoot out = runner.run(List.of(x));
            x.close();
            try (out) {
                assertThat(NativeTensors.liveTensors()).isEqualTo(2); // the loan and the output
                assertThat(((Float8Vector) out.getVector("y")).get(2)).isEqualTo(3);
            }
            assertThat(NativeTensors.liveTensors()).isZero();
        }
    }

    @Test
    void copiesAndCountsWhatIsNotAligned(BufferAllocator allocator) {
        Program program = Programs.plusThree();
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner =
                        session.runner(program, List.of(Feed.of("x", "x")), List.of(doubles("z")), allocator, ledger);
                var aligned = Vectors.doubles("x", allocator, 1, 2, 3, 4);
                var x = new Float8Vector("x", allocator)) {
            ArrowBuf shifted = aligned.getDataBuffer().slice(Double.BYTES, 3 * Double.BYTES);
            x.loadFieldBuffers(new ArrowFieldNode(3, 0), List.of(allocator.getEmpty(), shifted));
            assertThat(shifted.memoryAddress() % AlignedMemory.ALIGNMENT).isEqualTo(8);

            try (var out = runner.run(List.of(x))) {
                assertThat(((Float8Vector) out.getVector("z")).get(2)).isEqualTo(7);
            }
            assertThat(ledger.copiedBytes(CopyReason.MISALIGNED)).isEqualTo(3 * Double.BYTES);
            assertThat(ledger.aliasedBytes()).isEqualTo(3 * Double.BYTES); // the output
        }
    }

    @Test
    void aliasesASliceThatHappensToBeAligned(BufferAllocator allocator) {
        Program program = Programs.plusThree();
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner =
                        session.runner(program, List.of(Feed.of("x", "x")), List.of(doubles("z")), allocator, ledger);
                var whole = Vectors.counting(ElementType.FLOAT64, 32, new int[] {}, allocator)) {
            var pair = whole.getTransferPair(allocator);
            pair.splitAndTransfer(8, 24);
            try (var slice = (FieldVector) pair.getTo();
                    var out = runner.run(List.of(slice))) {
                assertThat(((Float8Vector) out.getVector("z")).get(0)).isEqualTo(11);
            }
            assertThat(ledger.copiedBytes(CopyReason.MISALIGNED)).isZero();
        }
    }

    @Test
    void startsAtTheFirstValueOfAListThatWasSliced(BufferAllocator allocator) {
        Program program = Programs.identity(ElementType.FLOAT32, Shape.of(-1, -1));
        var fetch = Fetch.of("y", ElementType.FLOAT32.field("y", 1));
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner = session.runner(program, List.of(Feed.of("x", "x")), List.of(fetch), allocator, ledger);
                var whole = Vectors.counting(ElementType.FLOAT32, 10, new int[] {3}, allocator)) {
            var pair = whole.getTransferPair(allocator);
            pair.splitAndTransfer(4, 5);
            try (var slice = (ListVector) pair.getTo();
                    var out = runner.run(List.of(slice))) {
                assertThat(out.getVector("y").getObject(0)).isEqualTo(List.of(12f, 13f, 14f));
                assertThat(out.getRowCount()).isEqualTo(5);
            }
        }
    }

    @Test
    void shapesFlatListsAsDeclared(BufferAllocator allocator) {
        Program program = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1, 2, 3));
            return Program.outputs("sum", tf.reduceSum(x, tf.constant(1)));
        });
        var feed = new Feed.Dense("x", Feed.Column.of(0, "x"), Optional.of(Shape.of(2, -1)));
        var fetch = Fetch.of("sum", ElementType.FLOAT64.field("sum", 1));
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner = session.runner(program, List.of(feed), List.of(fetch), allocator, ledger);
                var x = Vectors.counting(ElementType.FLOAT64, 2, new int[] {6}, allocator);
                var out = runner.run(List.of(x))) {
            assertThat(out.getVector("sum").getObject(0)).isEqualTo(List.of(3.0, 5.0, 7.0));
            assertThat(out.getVector("sum").getObject(1)).isEqualTo(List.of(15.0, 17.0, 19.0));
        }
    }

    @Test
    void givesSeveralOutputsInTheOrderOfTheFetches(BufferAllocator allocator) {
        Program program = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1));
            return Program.outputs("twice", tf.math.add(x, x))
                    .and("half", tf.math.div(x, tf.constant(2.0)))
                    .and("same", x);
        });
        assertThat(program.name()).isEqualTo("twice,half,same");
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner = session.runner(
                        program,
                        List.of(Feed.of("x", "x")),
                        List.of(doubles("same"), doubles("half"), doubles("twice")),
                        allocator,
                        ledger);
                var x = Vectors.doubles("x", allocator, 8);
                var out = runner.run(List.of(x))) {
            assertThat(out.getSchema().getFields()).extracting("name").containsExactly("same", "half", "twice");
            assertThat(out.getFieldVectors()).extracting(v -> v.getObject(0)).containsExactly(8.0, 4.0, 16.0);
        }
    }

    @Test
    void runsABlockWithoutRows(BufferAllocator allocator) {
        Program program = Programs.plusThree();
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner =
                        session.runner(program, List.of(Feed.of("x", "x")), List.of(doubles("z")), allocator, ledger);
                var x = Vectors.doubles("x", allocator);
                var out = runner.run(List.of(x))) {
            assertThat(out.getRowCount()).isZero();
        }
    }

    @Test
    void closesEverythingWhenTheProgramFails(BufferAllocator allocator) {
        Program program = Program.build(tf -> {
                    var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1));
                    return Program.outputs("z", tf.math.add(x, tf.constant(new double[] {1, 2})));
                })
                .named("pairs");
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner =
                        session.runner(program, List.of(Feed.of("x", "x")), List.of(doubles("z")), allocator, ledger);
                var x = Vectors.doubles("x", allocator, 1, 2, 3)) {
            assertThatThrownBy(() -> runner.run(List.of(x)))
                    .isInstanceOf(ProgramException.class)
                    .hasMessageStartingWith(
                            "Program 'pairs' failed: expected TensorFlow to run it, found an error: Incompatible shapes: [3] vs. [2]");
            assertThat(NativeTensors.liveTensors()).isZero();
        }
    }

    @Test
    void closesEverythingWhenAnOutputIsNotWhatItsColumnIs(BufferAllocator allocator) {
        Program program = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1));
            return Program.outputs("a", tf.math.neg(x)).and("b", tf.math.neg(x)).and("c", tf.math.abs(x));
        });
        var flat = Fetch.of("b", ElementType.FLOAT64.field("b", 1));
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner = session.runner(
                        program,
                        List.of(Feed.of("x", "x")),
                        List.of(doubles("a"), flat, doubles("c")),
                        allocator,
                        ledger);
                var x = Vectors.doubles("x", allocator, 1, 2, 3)) {
            assertThatThrownBy(() -> runner.run(List.of(x)))
                    .isInstanceOf(ProgramException.class)
                    .hasMessage(
                            "Program 'a,b,c' failed: expected output 'b' to have 2 dimensions, rows first, found shape [3]. Mend shape(\"b\", …), or the program");
            assertThat(NativeTensors.liveTensors()).isZero();
        }
    }

    @Test
    void refusesOutputsOfDifferentLengths(BufferAllocator allocator) {
        Program program = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1));
            return Program.outputs("all", tf.math.neg(x))
                    .and("two", tf.slice(x, tf.constant(new int[] {0}), tf.constant(new int[] {2})));
        });
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner = session.runner(
                        program,
                        List.of(Feed.of("x", "x")),
                        List.of(doubles("all"), doubles("two")),
                        allocator,
                        ledger);
                var x = Vectors.doubles("x", allocator, 1, 2, 3)) {
            assertThatThrownBy(() -> runner.run(List.of(x)))
                    .isInstanceOf(ProgramException.class)
                    .hasMessage(
                            "Program 'all,two' failed: expected 3 rows of output 'two', as of output 'all', found 2. Fetch them apart, or mend the program");
        }
    }

    @Test
    void refusesNullsUnlessTheyAreFilled(BufferAllocator allocator) {
        Program program = Programs.plusThree();
        var filled = new Feed.Dense("x", new Feed.Column(0, "x", Feed.NullSlots.FILLED), Optional.empty());
        try (var session = ProgramSession.load(program, OPTIONS);
                var strict =
                        session.runner(program, List.of(Feed.of("x", "x")), List.of(doubles("z")), allocator, ledger);
                var lenient = session.runner(program, List.of(filled), List.of(doubles("z")), allocator, ledger);
                var x = Vectors.doubles("x", allocator, 1, 2, 3, 4)) {
            x.setNull(2);
            assertThatThrownBy(() -> strict.run(List.of(x)))
                    .isInstanceOf(SignatureMismatchException.class)
                    .hasMessage("Cannot feed column 'x': 1 of its 4 values are null");
            try (var out = lenient.run(List.of(x))) {
                assertThat(((Float8Vector) out.getVector("z")).get(3)).isEqualTo(7);
            }
        }
    }

    @Test
    void refusesListsOfDifferentLengths(BufferAllocator allocator) {
        Program program = Programs.identity(ElementType.FLOAT64, Shape.of(-1, -1));
        var fetch = Fetch.of("y", ElementType.FLOAT64.field("y", 1));
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner =
                        session.runner(program, List.of(Feed.of("x", "pixels")), List.of(fetch), allocator, ledger);
                var x = Vectors.ragged("pixels", allocator, 3, 3, 2, 4)) {
            assertThatThrownBy(() -> runner.run(List.of(x)))
                    .isInstanceOf(SignatureMismatchException.class)
                    .hasMessage("Cannot feed column 'pixels': expected 3 values in row 2, found 2");
        }
    }

    @Test
    void refusesAColumnOfAnotherType(BufferAllocator allocator) {
        Program program = Programs.plusThree();
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner =
                        session.runner(program, List.of(Feed.of("x", "x")), List.of(doubles("z")), allocator, ledger);
                var x = Vectors.counting(ElementType.INT64, 3, new int[] {}, allocator)) {
            assertThatThrownBy(() -> runner.run(List.of(x)))
                    .isInstanceOf(SignatureMismatchException.class)
                    .hasMessage("Cannot feed column 'x': expected DT_DOUBLE, found Arrow type Int(64, true)");
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {4, 7})
    void refusesCellsThatHaveNotTheDeclaredShape(long width, BufferAllocator allocator) {
        Program program = Programs.identity(ElementType.FLOAT64, Shape.of(-1, -1, -1));
        var feed = new Feed.Dense("x", Feed.Column.of(0, "x"), Optional.of(Shape.of(2, width)));
        var fetch = Fetch.of("y", ElementType.FLOAT64.field("y", 2));
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner = session.runner(program, List.of(feed), List.of(fetch), allocator, ledger);
                var x = Vectors.counting(ElementType.FLOAT64, 2, new int[] {6}, allocator)) {
            assertThatThrownBy(() -> runner.run(List.of(x)))
                    .isInstanceOf(SignatureMismatchException.class)
                    .hasMessage("Cannot feed column 'x': expected cells of shape [2, %d], found [6]".formatted(width));
        }
    }

    @Test
    void refusesToRunWhatIsClosed(BufferAllocator allocator) {
        Program program = Programs.plusThree();
        var session = ProgramSession.load(program, OPTIONS);
        var runner = session.runner(program, List.of(Feed.of("x", "x")), List.of(doubles("z")), allocator, ledger);
        try (var x = Vectors.doubles("x", allocator, 1)) {
            session.close();
            session.close();
            assertThatThrownBy(() -> runner.run(List.of(x)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("This session is closed");
            runner.close();
            runner.close();
            assertThatThrownBy(() -> runner.run(List.of(x)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("This runner is closed");
        }
    }

    @Test
    void answersManyThreadsAtOnce(BufferAllocator allocator) throws Exception {
        Program program = Programs.plusThree();
        int threads = 8;
        var pool = Executors.newFixedThreadPool(threads);
        try (var session = ProgramSession.load(program, OPTIONS)) {
            List<Future<Integer>> wrong = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                double base = 1_000 * t;
                wrong.add(pool.submit(() -> wrongAnswers(session, program, base, allocator)));
            }
            for (var count : wrong) {
                assertThat(count.get()).isZero();
            }
        } finally {
            pool.shutdown();
        }
    }

    private static int wrongAnswers(ProgramSession session, Program program, double base, BufferAllocator allocator) {
        int wrong = 0;
        try (var runner = session.runner(
                        program, List.of(Feed.of("x", "x")), List.of(doubles("z")), allocator, new TransferLedger());
                var x = Vectors.doubles("x", allocator, base, base + 1, base + 2)) {
            for (int i = 0; i < 2_000; i++) {
                try (var out = runner.run(List.of(x))) {
                    var z = (Float8Vector) out.getVector("z");
                    wrong += z.get(0) == base + 3 && z.get(2) == base + 5 ? 0 : 1;
                }
            }
        }
        return wrong;
    }

    @Test
    void runsBlocksThatGrow(BufferAllocator allocator) {
        Program program = Programs.identity(ElementType.FLOAT32, Shape.of(-1, -1));
        var fetch = Fetch.of("y", ElementType.FLOAT32.field("y", 1));
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner = session.runner(program, List.of(Feed.of("x", "x")), List.of(fetch), allocator, ledger)) {
            for (int rows : new int[] {0, 1, 7, 8, 9, 15, 16, 17, 1_000}) {
                try (var x = Vectors.counting(ElementType.FLOAT32, rows, new int[] {2}, allocator);
                        var out = runner.run(List.of(x))) {
                    for (int row = 0; row < rows; row++) {
                        assertThat(out.getVector("y").getObject(row)).isEqualTo(x.getObject(row));
                    }
                }
            }
        }
    }
}
