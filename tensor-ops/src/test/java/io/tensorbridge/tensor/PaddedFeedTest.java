package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.OutOfMemoryException;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.arrow.vector.util.Text;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat64;

@ExtendWith(NativeMemoryExtension.class)
class PaddedFeedTest {

    private static final Feed.Column COLUMN = Feed.Column.of(0, "x");

    private final TransferLedger ledger = new TransferLedger();

    private static Feed.Padded padded(OptionalInt width, Object... value) {
        return new Feed.Padded("x", COLUMN, width, Arrays.stream(value).findFirst());
    }

    static Stream<Arguments> typesAndLengths() {
        int[] many = new int[1_000];
        Arrays.setAll(many, row -> row * 7 % 5);
        return Stream.of(ElementType.values())
                .filter(type -> !type.isBinary())
                .flatMap(type -> Stream.of(new int[] {5}, new int[] {0, 0}, new int[] {2, 0, 3}, many)
                        .flatMap(lengths -> Stream.of(0, -1).map(value -> Arguments.of(type, lengths, value))));
    }

    private List<Object> identity(Feed feed, ElementType type, int cellRank, FieldVector x, BufferAllocator allocator) {
        long[] dims = new long[cellRank + 1];
        Arrays.fill(dims, -1);
        Program program = Programs.identity(type, Shape.of(dims));
        var fetch = Fetch.of("y", type.field("y", cellRank));
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
    void padsToTheLongestList(ElementType type, int[] lengths, int value, BufferAllocator allocator) {
        int width = Arrays.stream(lengths).max().orElse(0);
        var feed = value == 0 ? padded(OptionalInt.empty()) : padded(OptionalInt.empty(), padding(type));
        Object expected = value == 0 ? inColumn(type, 0) : inColumn(type, padding(type));
        try (var x = Vectors.ragged(type, lengths, new int[] {}, allocator)) {
            assertThat(identity(feed, type, 1, x, allocator)).isEqualTo(padded(x, width, expected));
            if (type != ElementType.STRING) {
                assertThat(ledger.copiedBytes(CopyReason.PADDED))
                        .isEqualTo((long) lengths.length * width * type.columnBytes());
            }
        }
    }

    private static Object padding(ElementType type) {
        return switch (type) {
            case BOOL -> true;
            case STRING -> "a padding that is too long for a header";
            default -> -1;
        };
    }

    private static Object inColumn(ElementType type, Object value) {
        return switch (type) {
            case BOOL -> (byte) (value.equals(true) || value.equals(1) ? 1 : 0);
            case STRING -> new Text(value.equals(0) ? "" : value.toString());
            case FLOAT16, FLOAT32 -> ((Number) value).floatValue();
            case FLOAT64 -> ((Number) value).doubleValue();
            case INT8, UINT8 -> ((Number) value).byteValue();
            case INT16 -> ((Number) value).shortValue();
            case INT32 -> value;
            case INT64 -> ((Number) value).longValue();
        };
    }

    private static List<Object> padded(FieldVector x, int width, Object value) {
        List<Object> rows = new ArrayList<>();
        for (int row = 0; row < x.getValueCount(); row++) {
            List<Object> cell = new ArrayList<>((List<?>) x.getObject(row));
            while (cell.size() < width) {
                cell.add(value);
            }
            rows.add(cell);
        }
        return rows;
    }

    @Test
    void padsToAWidth(BufferAllocator allocator) {
        try (var whole = Vectors.ragged(ElementType.INT32, new int[] {3, 1, 0, 2}, new int[] {}, allocator);
                var x = Vectors.withoutFirst(1, whole, allocator)) {
            assertThat(identity(padded(OptionalInt.of(2), 9), ElementType.INT32, 1, x, allocator))
                    .isEqualTo(List.of(List.of(3, 9), List.of(9, 9), List.of(4, 5)));
        }
    }

    @Test
    void padsCellsOfMoreDimensions(BufferAllocator allocator) {
        try (var x = Vectors.ragged(ElementType.INT64, new int[] {1, 0, 2}, new int[] {2}, allocator)) {
            assertThat(identity(padded(OptionalInt.empty(), 7), ElementType.INT64, 2, x, allocator))
                    .isEqualTo(List.of(
                            List.of(List.of(0L, 1L), List.of(7L, 7L)),
                            List.of(List.of(7L, 7L), List.of(7L, 7L)),
                            List.of(List.of(2L, 3L), List.of(4L, 5L))));
        }
    }

    @Test
    void padsStringsOfMoreDimensions(BufferAllocator allocator) {
        try (var whole = Vectors.ragged(ElementType.STRING, new int[] {2, 1, 0, 2}, new int[] {2}, allocator);
                var x = Vectors.withoutFirst(1, whole, allocator)) {
            List<List<Text>> rows = new ArrayList<>();
            for (int row = 0; row < 3; row++) {
                ((List<?>) x.getObject(row)).forEach(cell -> rows.add(texts((List<?>) cell)));
            }
            List<Text> none = List.of(new Text("?"), new Text("?"));
            assertThat(identity(padded(OptionalInt.empty(), "?"), ElementType.STRING, 2, x, allocator))
                    .isEqualTo(List.of(
                            List.of(rows.get(0), none), List.of(none, none), List.of(rows.get(1), rows.get(2))));
        }
    }

    private static List<Text> texts(List<?> cell) {
        return cell.stream().map(Text.class::cast).toList();
    }

    @Test
    void padsForAProgramThatWritesToItsInput(BufferAllocator allocator) {
        Program program = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1, -1));
            var row = tf.constant(new double[][] {{100, 100}});
            return Program.outputs("y", tf.inplaceAdd(x, tf.constant(new int[] {0}), row));
        });
        var fetch = Fetch.of("y", ElementType.FLOAT64.field("y", 1));
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1));
                var runner = session.runner(
                        program, List.of(padded(OptionalInt.of(2), 1)), List.of(fetch), allocator, ledger);
                var x = Vectors.ragged(ElementType.FLOAT64, new int[] {1, 2}, new int[] {}, allocator);
                var out = runner.run(List.of(x))) {
            assertThat(out.getVector("y").getObject(0)).isEqualTo(List.of(100.0, 101.0));
            assertThat(out.getVector("y").getObject(1)).isEqualTo(List.of(1.0, 2.0));
        }
    }

    @Test
    void givesAProgramThatKeepsItsInputMemoryOfItsOwn(BufferAllocator allocator) {
        Program program = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1, -1));
            var variable = tf.varHandleOp(TFloat64.class, Shape.of(-1, -1));
            var assigned = tf.assignVariableOp(variable, x);
            var read = tf.withControlDependencies(List.of(assigned)).readVariableOp(variable, TFloat64.class);
            return Program.outputs("y", read);
        });
        var fetch = Fetch.of("y", ElementType.FLOAT64.field("y", 1));
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1))) {
            try (var task = allocator.newChildAllocator("task", 0, Long.MAX_VALUE);
                    var runner =
                            session.runner(program, List.of(padded(OptionalInt.of(2))), List.of(fetch), task, ledger);
                    var x = Vectors.ragged(ElementType.FLOAT64, new int[] {1, 2}, new int[] {}, task);
                    var out = runner.run(List.of(x))) {
                assertThat(out.getVector("y").getObject(1)).isEqualTo(List.of(1.0, 2.0));
            } // where the task's allocator closes, though the variable is still there
        }
    }

    @Test
    void refusesStringsThatAreTooLongWhenPadded(BufferAllocator allocator) {
        String kilobyte = "x".repeat(1_024);
        try (var x = Vectors.ragged(ElementType.STRING, new int[] {1, 0, 0}, new int[] {}, allocator)) {
            assertThatThrownBy(() ->
                            identity(padded(OptionalInt.of(1 << 20), kilobyte), ElementType.STRING, 1, x, allocator))
                    .isInstanceOf(SignatureMismatchException.class)
                    .hasMessage("Cannot feed column 'x': expected at most 2147483647 bytes of padded strings, found "
                            + "%d. Lower blockRows".formatted(3L * (1 << 30) - 1_024 + 1));
        }
    }

    @Test
    void padsBinaries(BufferAllocator allocator) {
        Program program = Programs.identity(ElementType.UINT8, Shape.of(-1, -1));
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1));
                var runner = session.runner(
                        program,
                        List.of(padded(OptionalInt.of(4), 255)),
                        List.of(Fetch.of("y", ElementType.UINT8.field("y", 1))),
                        allocator,
                        ledger);
                var x = Vectors.ragged(ElementType.UINT8, new int[] {2, 0, 3}, new int[] {}, allocator);
                var out = runner.run(List.of(x))) {
            var y = (VarBinaryVector) out.getVector("y");
            assertThat(y.get(0)).containsExactly(0, 1, -1, -1);
            assertThat(y.get(1)).containsExactly(-1, -1, -1, -1);
            assertThat(y.get(2)).containsExactly(2, 3, 4, -1);
        }
    }

    @Test
    void padsABlockWithoutRowsOrValues(BufferAllocator allocator) {
        Program program = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1, -1, 2));
            return Program.outputs("y", tf.reduceSum(x, tf.constant(1)));
        });
        var fetch = Fetch.of("y", ElementType.FLOAT64.field("y", 1));
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1));
                var runner = session.runner(
                        program, List.of(padded(OptionalInt.of(3), 1)), List.of(fetch), allocator, ledger);
                var none = Vectors.ragged(ElementType.FLOAT64, new int[] {}, new int[] {2}, allocator);
                var empty = Vectors.ragged(ElementType.FLOAT64, new int[] {0, 0}, new int[] {2}, allocator)) {
            try (var out = runner.run(List.of(none))) {
                assertThat(out.getRowCount()).isZero();
            }
            try (var out = runner.run(List.of(empty))) { // the input says how wide the inner lists are
                assertThat(out.getVector("y").getObject(1)).isEqualTo(List.of(3.0, 3.0));
            }
        }
    }

    @Test
    void refusesListsThatAreTooLong(BufferAllocator allocator) {
        int[] lengths = {128, 0, 7, 140, 150};
        try (var x = Vectors.ragged(ElementType.FLOAT32, lengths, new int[] {}, allocator)) {
            for (Feed feed : List.of(padded(OptionalInt.of(128)), new Feed.Mask("x", COLUMN, OptionalInt.of(128)))) {
                assertThatThrownBy(() -> identity(feed, ElementType.FLOAT32, 1, x, allocator))
                        .isInstanceOf(SignatureMismatchException.class)
                        .hasMessage("Cannot feed column 'x': expected at most 128 values in row 3, found 140");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("misfits")
    void refusesPaddingThatTheInputCannotHold(ElementType type, Object value, String found, BufferAllocator allocator) {
        try (var x = Vectors.ragged(type, new int[] {1}, new int[] {}, allocator)) {
            assertThatThrownBy(() -> identity(padded(OptionalInt.empty(), value), type, 1, x, allocator))
                    .isInstanceOf(SignatureMismatchException.class)
                    .hasMessage("Cannot run program 'y': expected padding of input 'x' to be of %s, found %s"
                            .formatted(type.dataType(), found));
        }
    }

    static Stream<Arguments> misfits() {
        return Stream.of(
                Arguments.of(ElementType.INT32, 0.5, "0.5"),
                Arguments.of(ElementType.INT32, 1L << 31, "2147483648"),
                Arguments.of(ElementType.INT64, Double.NaN, "NaN"),
                Arguments.of(ElementType.FLOAT32, "none", "none"),
                Arguments.of(ElementType.FLOAT64, true, "true"),
                Arguments.of(ElementType.BOOL, 1, "1"),
                Arguments.of(ElementType.INT8, 128, "128"),
                Arguments.of(ElementType.STRING, 0, "0"));
    }

    @Test
    void refusesPaddingOfAnotherKind() {
        assertThatThrownBy(() -> padded(OptionalInt.empty(), List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("Invalid padding: must be a number, a boolean or a string, found ");
        assertThatThrownBy(() -> padded(OptionalInt.of(-1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid width of lists: must not be negative, found -1");
    }

    static Stream<Arguments> typesOfMasks() {
        return typesAndLengths()
                .filter(arguments ->
                        MaskFeeder.TYPES.contains(((ElementType) arguments.get()[0]).dataType()));
    }

    @ParameterizedTest
    @MethodSource("typesOfMasks")
    void masksWhatIsNotPadding(ElementType type, int[] lengths, int more, BufferAllocator allocator) {
        int longest = Arrays.stream(lengths).max().orElse(0);
        int width = longest - more; // as wide as the longest, or wider by one
        var feed = new Feed.Mask("x", COLUMN, more == 0 ? OptionalInt.empty() : OptionalInt.of(width));
        try (var x = Vectors.ragged(ElementType.FLOAT64, lengths, new int[] {}, allocator)) {
            List<Object> expected = new ArrayList<>();
            for (int length : lengths) {
                List<Object> cell = new ArrayList<>();
                for (int i = 0; i < width; i++) {
                    cell.add(inColumn(type, i < length ? 1 : 0));
                }
                expected.add(cell);
            }
            assertThat(identity(feed, type, 1, x, allocator)).isEqualTo(expected);
        }
    }

    @Test
    void leavesNothingOpenWhereverMemoryRunsOut(BufferAllocator allocator) {
        Program program = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1, -1));
            var mask = Program.placeholder(tf, "mask", TFloat64.class, Shape.of(-1, -1));
            return Program.outputs("y", tf.math.mul(x, mask));
        });
        List<Feed> feeds = List.of(padded(OptionalInt.empty(), 5), new Feed.Mask("mask", COLUMN, OptionalInt.empty()));
        var fetch = Fetch.of("y", ElementType.FLOAT64.field("y", 1));
        int failures = 0;
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1));
                var x = Vectors.ragged(ElementType.FLOAT64, new int[] {40, 3, 0}, new int[] {}, allocator)) {
            for (boolean enough = false; !enough; failures++) {
                try (var small = allocator.newChildAllocator("small", 0, 64L * failures);
                        var runner = session.runner(program, feeds, List.of(fetch), small, ledger);
                        var out = runner.run(List.of(x))) {
                    enough = out.getRowCount() == 3;
                } catch (OutOfMemoryException e) {
                    assertThat(e).hasMessageStartingWith("Unable to allocate buffer");
                }
            }
        }
        assertThat(failures).isGreaterThan(10);
    }
}
