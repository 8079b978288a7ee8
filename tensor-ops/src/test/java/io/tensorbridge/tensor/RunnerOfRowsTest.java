package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.OutOfMemoryException;
import org.apache.arrow.memory.util.MemoryUtil;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.ListVector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;

@ExtendWith(NativeMemoryExtension.class)
class RunnerOfRowsTest {

    private static final SessionOptions OPTIONS = SessionOptions.onCallingThread(1);

    private final TransferLedger ledger = new TransferLedger();

    private static Program sumOfCell() {
        return Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1, -1));
            return Program.outputs("sum", tf.reduceSum(x, tf.constant(1))).and("twice", tf.math.add(x, x));
        });
    }

    private static final List<Fetch> SUM_AND_TWICE = List.of(
            Fetch.of("sum", ElementType.FLOAT64.field("sum", 0)),
            Fetch.of("twice", ElementType.FLOAT64.field("twice", 1)));

    static Stream<int[]> lengths() {
        int[] many = new int[1_000];
        Arrays.setAll(many, row -> row * 7 % 13);
        int[] different = new int[50];
        Arrays.setAll(different, row -> 50 - row);
        return Stream.of(
                new int[] {},
                new int[] {4},
                new int[] {2, 2, 2},
                new int[] {0, 0},
                new int[] {2, 0, 3, 2, 0},
                many,
                different);
    }

    @ParameterizedTest
    @MethodSource("lengths")
    void runsRowsOfDifferentLengthsAndKeepsTheirOrder(int[] lengths, BufferAllocator allocator) {
        Program program = sumOfCell();
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner =
                        session.runnerOfRows(program, List.of(Feed.of("x", "x")), SUM_AND_TWICE, allocator, ledger);
                var x = Vectors.ragged(ElementType.FLOAT64, lengths, new int[] {}, allocator);
                var out = runner.run(List.of(x))) {
            assertThat(out.getRowCount()).isEqualTo(lengths.length);
            assertSumAndTwice(x, out);
            long values = Arrays.stream(lengths).sum();
            boolean grouped = Arrays.stream(lengths).distinct().count() > 1;
            assertThat(ledger.copiedBytes(CopyReason.GROUPED))
                    .isEqualTo(grouped ? (2 * values + lengths.length) * Double.BYTES : 0);
        }
    }

    private static void assertSumAndTwice(FieldVector x, VectorSchemaRoot out) {
        for (int row = 0; row < x.getValueCount(); row++) {
            List<Double> cell = new ArrayList<>();
            double sum = 0;
            for (Object value : (List<?>) x.getObject(row)) {
                cell.add(2 * (Double) value);
                sum += (Double) value;
            }
            assertThat(((Float8Vector) out.getVector("sum")).get(row)).isEqualTo(sum);
            assertThat(out.getVector("twice").getObject(row)).isEqualTo(cell);
        }
        assertThat(out.getVector("sum").getNullCount()).isZero();
        assertThat(out.getVector("twice").getNullCount()).isZero();
    }

    @Test
    void runsASliceOfAColumn(BufferAllocator allocator) {
        Program program = sumOfCell();
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner =
                        session.runnerOfRows(program, List.of(Feed.of("x", "x")), SUM_AND_TWICE, allocator, ledger);
                var whole = Vectors.ragged(ElementType.FLOAT64, new int[] {3, 1, 2, 1}, new int[] {}, allocator);
                var x = Vectors.withoutFirst(1, whole, allocator);
                var out = runner.run(List.of(x))) {
            assertSumAndTwice(x, out);
        }
    }

    static Stream<Arguments> typesAndRanks() {
        return Stream.of(ElementType.values())
                .filter(type -> !type.isBinary())
                .flatMap(type -> Stream.of(new int[] {}, new int[] {2}, new int[] {2, 3})
                        .map(inner -> Arguments.of(type, inner)));
    }

    @ParameterizedTest
    @MethodSource("typesAndRanks")
    void groupsCellsOfAnyTypeAndRank(ElementType type, int[] inner, BufferAllocator allocator) {
        long[] dims = new long[inner.length + 2];
        Arrays.fill(dims, -1);
        Program program = Programs.identity(type, Shape.of(dims));
        var fetch = Fetch.of("y", type.field("y", inner.length + 1));
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner =
                        session.runnerOfRows(program, List.of(Feed.of("x", "x")), List.of(fetch), allocator, ledger);
                var x = Vectors.ragged(type, new int[] {2, 0, 3, 2, 1}, inner, allocator);
                var out = runner.run(List.of(x))) {
            assertSameRows(out.getVector("y"), x);
        }
    }

    private static void assertSameRows(FieldVector found, FieldVector expected) {
        assertThat(found.getValueCount()).isEqualTo(expected.getValueCount());
        for (int row = 0; row < expected.getValueCount(); row++) {
            assertThat(found.getObject(row)).isEqualTo(expected.getObject(row));
        }
    }

    @Test
    void groupsBinariesByTheirLength(BufferAllocator allocator) {
        Program program = Programs.identity(ElementType.UINT8, Shape.of(-1, -1));
        var fetch = Fetch.of("y", ElementType.UINT8.field("y", 1));
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner =
                        session.runnerOfRows(program, List.of(Feed.of("x", "x")), List.of(fetch), allocator, ledger);
                var x = Vectors.ragged(ElementType.UINT8, new int[] {2, 0, 3, 2}, new int[] {}, allocator);
                var out = runner.run(List.of(x))) {
            assertSameRows(out.getVector("y"), x);
            assertThat(ledger.copiedBytes(CopyReason.GROUPED)).isEqualTo(14);
        }
    }

    @Test
    void groupsByTheShapesOfAllColumns(BufferAllocator allocator) {
        Program program = Program.build(tf -> {
            var a = Program.placeholder(tf, "a", TFloat64.class, Shape.of(-1, -1));
            var b = Program.placeholder(tf, "b", TFloat64.class, Shape.of(-1, -1));
            var c = Program.placeholder(tf, "c", TFloat64.class, Shape.of(-1));
            var n = Program.placeholder(tf, "n", TInt32.class, Shape.scalar());
            var by = Program.placeholder(tf, "by", TFloat64.class, Shape.scalar());
            var sum = tf.math.add(tf.reduceSum(a, tf.constant(1)), tf.reduceSum(b, tf.constant(1)));
            return Program.outputs("sum", tf.math.mul(tf.math.add(sum, c), by))
                    .and("rows", tf.fill(tf.expandDims(n, tf.constant(0)), n));
        });
        List<Feed> feeds = List.of(
                new Feed.Dense("a", Feed.Column.of(0, "a"), Optional.empty()),
                new Feed.Dense("b", Feed.Column.of(1, "b"), Optional.empty()),
                new Feed.Dense("c", Feed.Column.of(2, "c"), Optional.empty()),
                new Feed.RowCount("n"),
                new Feed.Parameter("by", TensorValue.of(10.0)));
        List<Fetch> fetches = List.of(
                Fetch.of("sum", ElementType.FLOAT64.field("sum", 0)),
                Fetch.of("rows", ElementType.INT32.field("rows", 0)));
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner = session.runnerOfRows(program, feeds, fetches, allocator, ledger);
                var a = Vectors.ragged(ElementType.FLOAT64, new int[] {1, 2, 1, 1}, new int[] {}, allocator);
                var b = Vectors.ragged(ElementType.FLOAT64, new int[] {2, 2, 2, 0}, new int[] {}, allocator);
                var c = Vectors.doubles("c", allocator, 100, 200, 300, 400);
                var out = runner.run(List.of(a, b, c))) {
            assertThat(column(out, "sum")).containsExactly(1010.0, 2080.0, 3120.0, 4040.0);
            assertThat(column(out, "rows")).containsExactly(2, 1, 2, 1);
        }
    }

    private static List<Object> column(VectorSchemaRoot root, String name) {
        List<Object> values = new ArrayList<>();
        for (int row = 0; row < root.getRowCount(); row++) {
            values.add(root.getVector(name).getObject(row));
        }
        return values;
    }

    @Test
    void copiesNothingWhenAllRowsAreOfOneShape(BufferAllocator allocator) {
        Program program = Programs.identity(ElementType.FLOAT64, Shape.of(-1, -1));
        var fetch = Fetch.of("y", ElementType.FLOAT64.field("y", 1));
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner =
                        session.runnerOfRows(program, List.of(Feed.of("x", "x")), List.of(fetch), allocator, ledger);
                var x = Vectors.counting(ElementType.FLOAT64, 9, new int[] {3}, allocator);
                var out = runner.run(List.of(x))) {
            assertThat(Vectors.values(out.getVector("y")).memoryAddress())
                    .isEqualTo(Vectors.values(x).memoryAddress());
            assertThat(ledger.copiedBytes(CopyReason.GROUPED)).isZero();
            assertThat(runner.runNanos()).isPositive();
        }
    }

    @Test
    void refusesArraysOfDifferentLengthsInsideOfARow(BufferAllocator allocator) {
        Program program = Programs.identity(ElementType.FLOAT64, Shape.of(-1, -1, -1));
        var fetch = Fetch.of("y", ElementType.FLOAT64.field("y", 2));
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner =
                        session.runnerOfRows(program, List.of(Feed.of("x", "x")), List.of(fetch), allocator, ledger);
                var x = Vectors.ragged(ElementType.FLOAT64, new int[] {1, 2, 0, 2}, new int[] {2}, allocator)) {
            var inner = (ListVector) ((ListVector) x).getDataVector();
            MemoryUtil.putInt(
                    inner.getOffsetBufferAddress() + 4L * Integer.BYTES, 9); // of row 3: 3 and 1 in place of 2 and 2
            assertThatThrownBy(() -> runner.run(List.of(x)))
                    .isInstanceOf(SignatureMismatchException.class)
                    .hasMessage(
                            "Cannot feed column 'x': expected arrays of one length inside of row 3, found 3 and 1. Pad them, or filter such rows");
        }
    }

    @Test
    void refusesColumnsOfDifferentLengths(BufferAllocator allocator) {
        Program program = sumOfCell();
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner =
                        session.runnerOfRows(program, List.of(Feed.of("x", "x")), SUM_AND_TWICE, allocator, ledger);
                var x = Vectors.ragged(ElementType.FLOAT64, new int[] {1, 2}, new int[] {}, allocator)) {
            assertThatThrownBy(() -> runner.run(List.of(x), 3))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("Cannot run program 'sum,twice': expected 3 rows in every column, found 2");
            assertThatThrownBy(() -> runner.run(List.of(x, x)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("Cannot run program 'sum,twice': expected 1 columns, found 2");
        }
    }

    @Test
    void refusesNulls(BufferAllocator allocator) {
        Program program = sumOfCell();
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner =
                        session.runnerOfRows(program, List.of(Feed.of("x", "x")), SUM_AND_TWICE, allocator, ledger);
                var x = Vectors.ragged(ElementType.FLOAT64, new int[] {1, 2, 3}, new int[] {}, allocator)) {
            ((Float8Vector) ((ListVector) x).getDataVector()).setNull(4);
            assertThatThrownBy(() -> runner.run(List.of(x)))
                    .isInstanceOf(SignatureMismatchException.class)
                    .hasMessage("Cannot feed column 'x': 1 of its 6 values are null");
        }
    }

    @Test
    void refusesOtherFormsOfColumns(BufferAllocator allocator) {
        Program program = sumOfCell();
        List<Feed> feeds = List.of(new Feed.RaggedValues("x", Feed.Column.of(0, "x")));
        List<Feed> gap = List.of(new Feed.Dense("x", Feed.Column.of(1, "x"), Optional.empty()));
        try (var session = ProgramSession.load(program, OPTIONS)) {
            assertThatThrownBy(() -> session.runnerOfRows(program, feeds, SUM_AND_TWICE, allocator, ledger))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("Cannot run program 'sum,twice' on rows of one shape: expected input 'x' to be fed "
                            + "with a dense column, found RaggedValues");
            assertThatThrownBy(() -> session.runnerOfRows(program, gap, SUM_AND_TWICE, allocator, ledger))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("Cannot run program 'sum,twice' on rows of one shape: expected every column to be "
                            + "fed, found columns [1] to be");
        }
    }

    @Test
    void closesEverythingWhenOneGroupFails(BufferAllocator allocator) {
        Program program = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1, -1));
            return Program.outputs("y", tf.math.add(x, tf.constant(new double[] {1, 2})));
        });
        var fetch = Fetch.of("y", ElementType.FLOAT64.field("y", 1));
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner =
                        session.runnerOfRows(program, List.of(Feed.of("x", "x")), List.of(fetch), allocator, ledger);
                var x = Vectors.ragged(ElementType.FLOAT64, new int[] {2, 1, 3}, new int[] {}, allocator)) {
            assertThatThrownBy(() -> runner.run(List.of(x)))
                    .isInstanceOf(ProgramException.class)
                    .hasMessageStartingWith(
                            "Program 'y' failed: expected TensorFlow to run it, found an error: Incompatible shapes: [1,3] vs. [2]");
        }
    }

    @Test
    void refusesAProgramThatIsNotRowWise(BufferAllocator allocator) {
        Program program = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1, -1));
            return Program.outputs("y", tf.reduceSum(x, tf.constant(0)));
        });
        var fetch = Fetch.of("y", ElementType.FLOAT64.field("y", 0));
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner =
                        session.runnerOfRows(program, List.of(Feed.of("x", "x")), List.of(fetch), allocator, ledger);
                var x = Vectors.ragged(ElementType.FLOAT64, new int[] {2, 3}, new int[] {}, allocator)) {
            assertThatThrownBy(() -> runner.run(List.of(x)))
                    .isInstanceOf(ProgramException.class)
                    .hasMessage(
                            "Program 'y' failed: expected 1 rows of output 'y' for as many rows of one shape, found 2");
        }
    }

    @Test
    void leavesNothingOpenWhereverMemoryRunsOut(BufferAllocator allocator) {
        Program program = sumOfCell();
        int failures = 0;
        try (var session = ProgramSession.load(program, OPTIONS);
                var x = Vectors.ragged(ElementType.FLOAT64, new int[] {40, 3, 0, 3}, new int[] {}, allocator)) {
            for (boolean enough = false; !enough; failures++) {
                try (var small = allocator.newChildAllocator("small", 0, 64L * failures);
                        var runner = session.runnerOfRows(
                                program, List.of(Feed.of("x", "x")), SUM_AND_TWICE, small, ledger);
                        var out = runner.run(List.of(x))) {
                    enough = out.getRowCount() == 4;
                } catch (OutOfMemoryException e) {
                    assertThat(e).hasMessageStartingWith("Unable to allocate buffer");
                }
            }
        }
        assertThat(failures).isGreaterThan(10);
    }
}
