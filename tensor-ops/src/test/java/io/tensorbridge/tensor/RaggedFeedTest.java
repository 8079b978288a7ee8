package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.util.MemoryUtil;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.arrow.vector.complex.ListVector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

@ExtendWith(NativeMemoryExtension.class)
class RaggedFeedTest {

    private static final Feed.Column COLUMN = Feed.Column.of(0, "x");

    private final TransferLedger ledger = new TransferLedger();

    static Stream<int[]> lengths() {
        return Stream.of(
                new int[] {}, new int[] {0}, new int[] {5}, new int[] {0, 0, 0}, new int[] {2, 0, 3}, many(1_000));
    }

    private static int[] many(int rows) {
        int[] lengths = new int[rows];
        Arrays.setAll(lengths, row -> row * 7 % 5);
        return lengths;
    }

    static Stream<Arguments> typesAndLengths() {
        return Stream.of(ElementType.values())
                .filter(type -> !type.isBinary())
                .flatMap(type -> lengths().map(lengths -> Arguments.of(type, lengths)));
    }

    /** Runs an identity of a column in this form. */
    private List<Object> identity(Feed feed, ElementType type, Shape shape, FieldVector x, BufferAllocator allocator) {
        Program program = Programs.identity(type, shape);
        var fetch = Fetch.of("y", type.field("y", shape.numDimensions() - 1));
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1));
                var runner = session.runner(program, List.of(feed), List.of(fetch), allocator, ledger);
                var out = runner.run(List.of(x))) {
            List<Object> values = new ArrayList<>();
            for (int row = 0; row < out.getRowCount(); row++) {
                values.add(out.getVector("y").getObject(row));
            }
            return values;
        }
    }

    @ParameterizedTest
    @MethodSource("typesAndLengths")
    void aliasesTheValuesOfLists(ElementType type, int[] lengths, BufferAllocator allocator) {
        try (var x = Vectors.ragged(type, lengths, new int[] {}, allocator)) {
            List<Object> expected = new ArrayList<>();
            for (int row = 0; row < lengths.length; row++) {
                expected.addAll((List<?>) x.getObject(row));
            }
            assertThat(identity(new Feed.RaggedValues("x", COLUMN), type, Shape.of(-1), x, allocator))
                    .isEqualTo(expected);
            for (CopyReason reason : CopyReason.values()) {
                if (!reason.name().equals(type.transfer().name())) { // as it must be for halves and strings
                    assertThat(ledger.copiedBytes(reason)).as("%s", reason).isZero();
                }
            }
        }
    }

    @Test
    void givesTheBytesOfBinaries(BufferAllocator allocator) {
        Program program = Programs.identity(ElementType.UINT8, Shape.of(-1));
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1));
                var runner = session.runner(
                        program,
                        List.of(new Feed.RaggedValues("x", COLUMN)),
                        List.of(Fetch.of("y", ElementType.UINT8.field("y", 0))),
                        allocator,
                        ledger);
                var x = Vectors.ragged(ElementType.UINT8, new int[] {2, 0, 3}, new int[] {}, allocator);
                var out = runner.run(List.of(x))) {
            assertThat(out.getRowCount()).isEqualTo(5);
            assertThat(((VarBinaryVector) out.getVector("y")).get(4)).containsExactly(4);
        }
    }

    @Test
    void keepsInnerDimensions(BufferAllocator allocator) {
        try (var x = Vectors.ragged(ElementType.INT32, new int[] {1, 2}, new int[] {2}, allocator)) {
            assertThat(identity(new Feed.RaggedValues("x", COLUMN), ElementType.INT32, Shape.of(-1, -1), x, allocator))
                    .isEqualTo(List.of(List.of(0, 1), List.of(2, 3), List.of(4, 5)));
        }
    }

    @Test
    void takesInnerDimensionsOfEmptyListsFromTheInput(BufferAllocator allocator) {
        Program program = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1, 2));
            return Program.outputs("y", tf.expandDims(tf.reduceSum(x, tf.constant(0)), tf.constant(0)));
        });
        var fetch = Fetch.of("y", ElementType.FLOAT64.field("y", 1));
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1));
                var runner = session.runner(
                        program, List.of(new Feed.RaggedValues("x", COLUMN)), List.of(fetch), allocator, ledger);
                var x = Vectors.ragged(ElementType.FLOAT64, new int[] {0, 0}, new int[] {2}, allocator);
                var out = runner.run(List.of(x))) {
            assertThat(out.getVector("y").getObject(0)).isEqualTo(List.of(0.0, 0.0));
        }
    }

    @Test
    void beginsWhereTheListsBegin(BufferAllocator allocator) {
        try (var whole = Vectors.ragged(ElementType.INT64, new int[] {3, 2, 1}, new int[] {2}, allocator);
                var x = Vectors.withoutFirst(1, whole, allocator)) {
            assertThat(identity(new Feed.RaggedValues("x", COLUMN), ElementType.INT64, Shape.of(-1, -1), x, allocator))
                    .isEqualTo(List.of(List.of(6L, 7L), List.of(8L, 9L), List.of(10L, 11L)));
            assertThat(ledger.copiedBytes(CopyReason.MISALIGNED)).isEqualTo(6 * Long.BYTES);
        }
    }

    @ParameterizedTest
    @MethodSource("lengths")
    void aliasesRowSplits(int[] lengths, BufferAllocator allocator) {
        try (var x = Vectors.ragged(ElementType.FLOAT64, lengths, new int[] {}, allocator)) {
            assertThat(identity(new Feed.RowSplits("x", COLUMN), ElementType.INT32, Shape.of(-1), x, allocator))
                    .isEqualTo(splitsOf(lengths, 0));
            assertThat(ledger.copiedBytes(CopyReason.ROW_SPLITS)).isEqualTo(lengths.length == 0 ? Integer.BYTES : 0);
        }
    }

    private static List<Integer> splitsOf(int[] lengths, int skipped) {
        List<Integer> splits = new ArrayList<>(List.of(0));
        for (int row = skipped; row < lengths.length; row++) {
            splits.add(splits.get(splits.size() - 1) + lengths[row]);
        }
        return splits;
    }

    @ParameterizedTest
    @EnumSource(
            value = ElementType.class,
            names = {"FLOAT64", "UINT8"})
    void letsRowSplitsBeginAtZero(ElementType type, BufferAllocator allocator) {
        int[] lengths = {3, 2, 0, 1};
        try (var whole = Vectors.ragged(type, lengths, new int[] {}, allocator);
                var x = Vectors.withoutFirst(1, whole, allocator)) {
            assertThat(identity(new Feed.RowSplits("x", COLUMN), ElementType.INT32, Shape.of(-1), x, allocator))
                    .isEqualTo(splitsOf(lengths, 1));
            assertThat(ledger.copiedBytes(CopyReason.ROW_SPLITS)).isEqualTo(4 * Integer.BYTES);
        }
    }

    @ParameterizedTest
    @MethodSource("lengths")
    void widensRowSplits(int[] lengths, BufferAllocator allocator) {
        try (var x = Vectors.ragged(ElementType.FLOAT64, lengths, new int[] {}, allocator)) {
            assertThat(identity(new Feed.RowSplits("x", COLUMN), ElementType.INT64, Shape.of(-1), x, allocator))
                    .isEqualTo(splitsOf(lengths, 0).stream()
                            .map(Integer::longValue)
                            .toList());
            assertThat(ledger.copiedBytes(CopyReason.ROW_SPLITS)).isEqualTo((lengths.length + 1L) * Long.BYTES);
        }
    }

    @ParameterizedTest
    @MethodSource("lengths")
    void givesLengths(int[] lengths, BufferAllocator allocator) {
        var feed = new Feed.Lengths("x", COLUMN);
        try (var x = Vectors.ragged(ElementType.FLOAT64, lengths, new int[] {}, allocator)) {
            assertThat(identity(feed, ElementType.INT32, Shape.of(-1), x, allocator))
                    .isEqualTo(Arrays.stream(lengths).boxed().toList());
            assertThat(identity(feed, ElementType.INT64, Shape.of(-1), x, allocator))
                    .isEqualTo(Arrays.stream(lengths).asLongStream().boxed().toList());
        }
    }

    @Test
    void feedsOneColumnInSeveralForms(BufferAllocator allocator) {
        Program program = Program.build(tf -> {
            var values = Program.placeholder(tf, "values", TFloat64.class, Shape.of(-1));
            var splits = Program.placeholder(tf, "splits", TInt64.class, Shape.of(-1));
            var rows = Program.placeholder(tf, "rows", TInt32.class, Shape.scalar());
            var segments = tf.math.sub(
                    tf.reduceSum(
                            tf.dtypes.cast(
                                    tf.math.lessEqual(
                                            tf.expandDims(splits, tf.constant(1)),
                                            tf.expandDims(
                                                    tf.range(
                                                            tf.constant(0L),
                                                            tf.size(values, TInt64.class),
                                                            tf.constant(1L)),
                                                    tf.constant(0))),
                                    TInt64.class),
                            tf.constant(0)),
                    tf.constant(1L));
            return Program.outputs("sum", tf.math.unsortedSegmentSum(values, segments, rows));
        });
        List<Feed> feeds = List.of(
                new Feed.RaggedValues("values", COLUMN),
                new Feed.RowSplits("splits", COLUMN),
                new Feed.RowCount("rows"));
        var fetch = Fetch.of("sum", ElementType.FLOAT64.field("sum", 0));
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1));
                var runner = session.runner(program, feeds, List.of(fetch), allocator, ledger);
                var x = Vectors.ragged(ElementType.FLOAT64, new int[] {2, 0, 3}, new int[] {}, allocator);
                var out = runner.run(List.of(x))) {
            assertThat(out.getFieldVectors().get(0).getObject(0)).isEqualTo(1.0);
            assertThat(out.getFieldVectors().get(0).getObject(1)).isEqualTo(0.0);
            assertThat(out.getFieldVectors().get(0).getObject(2)).isEqualTo(9.0);
        }
    }

    @Test
    void refusesInnerListsOfDifferentLengths(BufferAllocator allocator) {
        try (var whole = Vectors.ragged(ElementType.FLOAT64, new int[] {1, 2, 1}, new int[] {2}, allocator)) {
            // the fourth of the inner lists loses a value to none
            long offsets = ((ListVector) ((ListVector) whole).getDataVector()).getOffsetBufferAddress();
            MemoryUtil.putInt(offsets + 4L * Integer.BYTES, 7);
            assertThatThrownBy(() -> identity(
                            new Feed.RaggedValues("x", COLUMN),
                            ElementType.FLOAT64,
                            Shape.of(-1, -1),
                            whole,
                            allocator))
                    .isInstanceOf(SignatureMismatchException.class)
                    .hasMessage("Cannot feed column 'x': expected 2 values in row 2, found 1");
        }
    }

    @Test
    void refusesAColumnWithoutLists(BufferAllocator allocator) {
        try (var x = Vectors.doubles("x", allocator, 1, 2)) {
            assertThatThrownBy(() -> identity(
                            new Feed.RaggedValues("x", COLUMN), ElementType.FLOAT64, Shape.of(-1), x, allocator))
                    .isInstanceOf(SignatureMismatchException.class)
                    .hasMessage("Cannot feed column 'x': expected arrays of DT_DOUBLE, found Arrow type "
                            + "FloatingPoint(DOUBLE)");
            assertThatThrownBy(() ->
                            identity(new Feed.RowSplits("x", COLUMN), ElementType.INT32, Shape.of(-1), x, allocator))
                    .isInstanceOf(SignatureMismatchException.class)
                    .hasMessage("Cannot feed column 'x': expected arrays, found Arrow type FloatingPoint(DOUBLE)");
        }
    }

    @Test
    void refusesNullLists(BufferAllocator allocator) {
        try (var x = Vectors.ragged(ElementType.FLOAT64, new int[] {1, 2}, new int[] {}, allocator)) {
            ((ListVector) x).setNull(1);
            assertThatThrownBy(() ->
                            identity(new Feed.RowSplits("x", COLUMN), ElementType.INT32, Shape.of(-1), x, allocator))
                    .isInstanceOf(SignatureMismatchException.class)
                    .hasMessage("Cannot feed column 'x': 1 of its 2 values are null");
        }
    }

    @Test
    void refusesRowSplitsOfAnotherType(BufferAllocator allocator) {
        try (var x = Vectors.ragged(ElementType.FLOAT64, new int[] {1}, new int[] {}, allocator)) {
            assertThatThrownBy(() ->
                            identity(new Feed.RowSplits("x", COLUMN), ElementType.FLOAT32, Shape.of(-1), x, allocator))
                    .isInstanceOf(SignatureMismatchException.class)
                    .hasMessage("Cannot run program 'y': expected input 'x', which is fed with row splits, to be "
                            + "DT_INT32 or DT_INT64, found DT_FLOAT");
        }
    }
}
