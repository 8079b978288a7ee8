package io.tensorbridge.tensor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.ListVector;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.core.ReduceSum;
import org.tensorflow.op.core.Stack;
import org.tensorflow.types.TFloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TString;

@ExtendWith(NativeMemoryExtension.class)
class TolerantRunnerTest {

    /** Reads numbers: a scalar, a vector of two and a string of each. */
    private static final Program NUMBERS = Program.build(tf -> {
                var x = Program.placeholder(tf, "x", TString.class, Shape.of(-1));
                var number = tf.strings.toNumber(x, TFloat32.class);
                return Program.outputs("n", number)
                        .and("v", tf.stack(List.of(number, tf.math.neg(number)), Stack.axis(1L)))
                        .and("s", tf.strings.join(List.of(x, x)));
            })
            .named("numbers");

    private static final List<Fetch> FETCHES = List.of(
            Fetch.of("n", ElementType.FLOAT32.field("n", 0)),
            Fetch.of("v", ElementType.FLOAT32.field("v", 1)),
            Fetch.of("s", ElementType.STRING.field("s", 0)));

    private static String refused(String value) {
        return "StringToNumberOp could not correctly convert string: " + value;
    }

    @AutoClose
    private final ProgramSession session = ProgramSession.load(NUMBERS, SessionOptions.onCallingThread(1));

    private final TransferLedger ledger = new TransferLedger();
    private int runs; // of parts of blocks

    private BlockRunner runner(BufferAllocator allocator) {
        return runner(NUMBERS, allocator);
    }

    private BlockRunner runner(Program program, BufferAllocator allocator) {
        List<Feed> feeds = List.of(Feed.of("x", "x"));
        return TolerantRunner.of(
                session.runner(program, feeds, FETCHES, allocator, ledger),
                program,
                feeds,
                FETCHES,
                "why",
                () -> runs++,
                allocator,
                ledger);
    }

    private BlockRunner runner(ProgramSession other, Program program, List<Fetch> fetches, BufferAllocator allocator) {
        List<Feed> feeds = List.of(Feed.of("x", "x"));
        return TolerantRunner.of(
                other.runner(program, feeds, fetches, allocator, ledger),
                program,
                feeds,
                fetches,
                "why",
                () -> runs++,
                allocator,
                ledger);
    }

    private static VarCharVector strings(BufferAllocator allocator, String... values) {
        return Vectors.strings(
                new VarCharVector("x", allocator),
                Arrays.stream(values).map(value -> value.getBytes(UTF_8)).toArray(byte[][]::new));
    }

    /** Returns the rows of a result as text, for one comparison. */
    private static List<String> rows(VectorSchemaRoot result) {
        var n = (Float4Vector) result.getVector("n");
        var v = (ListVector) result.getVector("v");
        var s = (VarCharVector) result.getVector("s");
        var why = (VarCharVector) result.getVector("why");
        List<String> rows = new ArrayList<>();
        for (int row = 0; row < result.getRowCount(); row++) {
            rows.add("%s %s %s %s".formatted(n.getObject(row), v.getObject(row), s.getObject(row), why.getObject(row)));
        }
        return rows;
    }

    private static String passed(int n) {
        return "%d.0 [%d.0,-%d.0] %d%d null".formatted(n, n, n, n, n);
    }

    private static String failed(String reason) {
        return "null null null " + reason;
    }

    @Test
    void givesNullsAndAReasonForTheRowsThatFail(BufferAllocator allocator) {
        try (var runner = runner(allocator);
                var x = strings(allocator, "1", "two", "3", "4", "", "6", "7", "acht");
                var result = runner.run(List.of(x))) {
            assertThat(rows(result))
                    .containsExactly(
                            passed(1),
                            failed(refused("two")),
                            passed(3),
                            passed(4),
                            failed(refused("").strip()),
                            passed(6),
                            passed(7),
                            failed(refused("acht")));
            assertThat(result.getSchema().getFields())
                    .allSatisfy(field -> assertThat(field.isNullable()).isTrue());
        }
    }

    @Test
    void givesABlockThatPassesAsItIs(BufferAllocator allocator) {
        try (var runner = runner(allocator);
                var x = strings(allocator, "1", "2", "3");
                var result = runner.run(List.of(x))) {
            assertThat(rows(result)).containsExactly(passed(1), passed(2), passed(3));
            assertThat(result.getVector("why").getNullCount()).isEqualTo(3);
            assertThat(ledger.copiedBytes(CopyReason.GROUPED)).isZero();
            assertThat(runs).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 8, 9, 100})
    void passesOverABlockWithoutARowThatPasses(int rows, BufferAllocator allocator) {
        String[] values = IntStream.range(0, rows).mapToObj(row -> "bad").toArray(String[]::new);
        try (var runner = runner(allocator);
                var x = strings(allocator, values);
                var result = runner.run(List.of(x))) {
            assertThat(rows(result)).hasSize(rows).containsOnly(failed(refused("bad")));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 62, 63, 64, 99})
    void runsGoodRowsInBlocks(int bad, BufferAllocator allocator) {
        String[] values = IntStream.range(0, 100)
                .mapToObj(row -> row == bad ? "bad" : "5")
                .toArray(String[]::new);
        try (var runner = runner(allocator);
                var x = strings(allocator, values);
                var result = runner.run(List.of(x))) {
            for (int row = 0; row < 100; row++) {
                assertThat(rows(result).get(row)).isEqualTo(row == bad ? failed(refused("bad")) : passed(5));
            }
            assertThat(runs).isBetween(8 + 5, 8 + 7 + 2); // of 13 rows, then of 2, then of one
        }
    }

    @Test
    void takesANullForARowThatFails(BufferAllocator allocator) {
        try (var runner = runner(allocator);
                var x = strings(allocator, "1", "2", "3");
                var nulls = strings(allocator, "1", "2")) {
            x.setNull(1);
            nulls.setNull(0);
            nulls.setNull(1);
            String reason = "Expected a value in column 'x', found null";
            try (var result = runner.run(List.of(x));
                    var none = runner.run(List.of(nulls))) {
                assertThat(rows(result)).containsExactly(passed(1), failed(reason), passed(3));
                assertThat(rows(none)).containsExactly(failed(reason), failed(reason));
            }
            assertThat(runs).isEqualTo(1);
        }
    }

    @Test
    void leavesOutAtOnceWhatAChecksRefuses(BufferAllocator allocator) {
        Program checked = NUMBERS.checking("x", InputCheck.image(1));
        try (var runner = runner(checked, allocator);
                var x = strings(allocator, "1", "BM", "3");
                var result = runner.run(List.of(x))) {
            String reason = "Not an image: expected JPEG, PNG, GIF or BMP, found bytes that begin with '%d'";
            assertThat(rows(result))
                    .containsExactly(
                            failed(reason.formatted(1)),
                            failed(
                                    "The picture is cut short: expected the width and height of a BMP, found 2 bytes without them"),
                            failed(reason.formatted(3)));
            assertThat(runs).isZero();
        }
    }

    @Test
    void endsWhenItIsToldTo(BufferAllocator allocator) {
        List<Feed> feeds = List.of(Feed.of("x", "x"));
        try (var inner = session.runner(NUMBERS, feeds, FETCHES, allocator, ledger);
                var runner = TolerantRunner.of(
                        inner,
                        NUMBERS,
                        feeds,
                        FETCHES,
                        "why",
                        () -> {
                            if (++runs == 3) {
                                throw new CancellationException("Enough");
                            }
                        },
                        allocator,
                        ledger);
                var x = strings(allocator, "1", "2", "3", "four")) {
            assertThatThrownBy(() -> runner.run(List.of(x))).isInstanceOf(CancellationException.class);
            assertThat(runs).isEqualTo(3);
        }
    }

    @Test
    void needsARowForEachRow(BufferAllocator allocator) {
        Program half = Program.build(tf -> {
                    var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1));
                    return Program.outputs(
                            "y", tf.unique(x, tf.constant(new int[] {0})).y());
                })
                .named("unique");
        List<Fetch> fetches = List.of(Fetch.of("y", ElementType.FLOAT64.field("y", 0)));
        try (var other = ProgramSession.load(half, SessionOptions.onCallingThread(1));
                var runner = runner(other, half, fetches, allocator);
                var x = Vectors.doubles("x", allocator, 1, 1, 2)) {
            assertThatThrownBy(() -> runner.run(List.of(x)))
                    .isInstanceOf(ProgramException.class)
                    .hasMessage(
                            "Program 'unique' failed: expected one row of output 'y' for each of 3 rows, found 2. Leave out reasons(…) if the program changes the number of rows");
        }
    }

    @Test
    void needsARowForEachRowWhereOnlySingleOnesHaveRun(BufferAllocator allocator) {
        Program sum = Program.build(tf -> {
                    var x = Program.placeholder(tf, "x", TString.class, Shape.of(-1));
                    var number = tf.strings.toNumber(x, TFloat32.class);
                    return Program.outputs("y", tf.reduceSum(number, tf.constant(0), ReduceSum.keepDims(true)));
                })
                .named("sum");
        List<Fetch> fetches = List.of(Fetch.of("y", ElementType.FLOAT32.field("y", 0)));
        try (var other = ProgramSession.load(sum, SessionOptions.onCallingThread(1));
                var runner = runner(other, sum, fetches, allocator);
                var x = strings(allocator, "1", "2", "three", "4")) { // in parts of a row each
            assertThatThrownBy(() -> runner.run(List.of(x)))
                    .isInstanceOf(ProgramException.class)
                    .hasMessage(
                            "Program 'sum' failed: expected one row of output 'y' for each of 2 rows, found 1. Leave out reasons(…) if the program changes the number of rows");
        }
    }

    @Test
    void takesRowsThatPassOneByOneAlone(BufferAllocator allocator) {
        Program single = Program.build(tf -> {
                    var x = Program.placeholder(tf, "x", TString.class, Shape.of(-1));
                    var one = tf.reshape(x, tf.constant(new int[] {1}));
                    return Program.outputs("y", tf.strings.toNumber(one, TFloat32.class));
                })
                .named("single");
        List<Fetch> fetches = List.of(Fetch.of("y", ElementType.FLOAT32.field("y", 0)));
        try (var other = ProgramSession.load(single, SessionOptions.onCallingThread(1));
                var runner = runner(other, single, fetches, allocator);
                var x = strings(allocator, "1", "2", "three");
                var result = runner.run(List.of(x))) {
            assertThat(result.getVector("y").getObject(0)).isEqualTo(1f);
            assertThat(result.getVector("y").getObject(1)).isEqualTo(2f);
            assertThat(result.getVector("y").isNull(2)).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3}) // the first and the last value of the middle cell
    void takesANullInsideOfACellForARowThatFails(int value, BufferAllocator allocator) {
        Program twice = Program.build(tf -> {
                    var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1, 2));
                    return Program.outputs("y", tf.math.add(x, x));
                })
                .named("twice");
        List<Fetch> fetches = List.of(Fetch.of("y", ElementType.FLOAT64.field("y", 1)));
        try (var other = ProgramSession.load(twice, SessionOptions.onCallingThread(1));
                var runner = runner(other, twice, fetches, allocator);
                FieldVector x = Vectors.counting(ElementType.FLOAT64, 3, new int[] {2}, allocator)) {
            ((Float8Vector) ((ListVector) x).getDataVector()).setNull(value);
            try (var result = runner.run(List.of(x))) {
                assertThat(result.getVector("y").getObject(0)).hasToString("[0.0,2.0]");
                assertThat(result.getVector("y").isNull(1)).isTrue();
                assertThat(result.getVector("y").getObject(2)).hasToString("[8.0,10.0]");
                assertThat(result.getVector("why").getObject(1))
                        .hasToString("Expected values alone in column 'x', found null among them");
            }
        }
    }

    @Test
    void doesNotTakeOtherFailuresForARows(BufferAllocator allocator) {
        try (var runner = runner(allocator);
                var x = strings(allocator, "1", "2");
                var wrong = new VarBinaryVector("y", allocator)) {
            assertThatThrownBy(() -> runner.run(List.of(x, wrong)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("Cannot run program 'numbers': expected 1 columns, found 2");
            session.close();
            assertThatThrownBy(() -> runner.run(List.of(x))).isInstanceOf(IllegalStateException.class);
        }
    }

    /** Programs that fail for a reason that is no row's own, whatever TensorFlow calls it. */
    static Stream<Arguments> failuresOfPrograms() {
        Program withoutKernel = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TString.class, Shape.of(-1));
            var number = tf.dtypes.cast(tf.strings.toNumber(x, TFloat32.class), TFloat16.class);
            var square = tf.reshape(number, tf.constant(new int[] {-1, 1, 1}));
            return Program.outputs("y", tf.reshape(tf.linalg.cholesky(square), tf.constant(new int[] {-1})));
        });
        Program withoutMemory = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TString.class, Shape.of(-1));
            var number = tf.strings.toNumber(x, TFloat32.class);
            var first = tf.slice(number, tf.constant(new int[] {0}), tf.constant(new int[] {1}));
            var size = tf.math.mul(tf.dtypes.cast(first, TInt64.class), tf.constant(1L << 46));
            var huge = tf.random.randomUniform(size, TFloat32.class);
            return Program.outputs("y", tf.math.add(number, tf.reduceMax(huge, tf.constant(0))));
        });
        return Stream.of(
                Arguments.of(withoutKernel, ElementType.FLOAT16, "No OpKernel was registered"),
                Arguments.of(withoutMemory, ElementType.FLOAT32, "OOM when allocating"));
    }

    @ParameterizedTest
    @MethodSource("failuresOfPrograms")
    void failsForWhatIsNoRowsOwn(Program program, ElementType type, String message, BufferAllocator allocator) {
        List<Fetch> fetches = List.of(Fetch.of("y", type.field("y", 0)));
        try (var other = ProgramSession.load(program, SessionOptions.onCallingThread(1));
                var runner = runner(other, program, fetches, allocator);
                var x = strings(allocator, "1", "2", "3")) {
            assertThatThrownBy(() -> runner.run(List.of(x)))
                    .isInstanceOf(ProgramException.class)
                    .hasMessageContaining(message);
            assertThat(runs).isZero();
        }
    }

    @Test
    @Timeout(60)
    void failsForARunThatDoesNotEnd(BufferAllocator allocator) {
        Program loop = Loops.ofFunctions();
        List<Feed> feeds =
                List.of(new Feed.Parameter("x", TensorValue.of(1.0)), new Feed.Parameter("step", TensorValue.of(0.0)));
        List<Fetch> fetches = List.of(Fetch.of("y", ElementType.FLOAT64.field("y", 0)));
        var options = SessionOptions.onCallingThread(1).runLimit(Duration.ofMillis(200));
        try (var other = ProgramSession.load(loop, options);
                var runner = TolerantRunner.of(
                        other.runner(loop, feeds, fetches, allocator, ledger),
                        loop,
                        feeds,
                        fetches,
                        "why",
                        () -> runs++,
                        allocator,
                        ledger)) {
            assertThatThrownBy(() -> runner.run(List.of(), 3))
                    .isInstanceOf(ProgramException.class)
                    .hasMessageContaining("expected a run to end within 200 ms");
            assertThat(runs).isZero();
        }
    }

    @Test
    void findsARowThatFails(BufferAllocator allocator) {
        try (var runner = session.runner(NUMBERS, List.of(Feed.of("x", "x")), FETCHES, allocator, ledger);
                var x = strings(allocator, "1", "2", "3", "4", "5", "six", "7");
                var good = strings(allocator, "1", "2");
                var first = strings(allocator, "one", "2", "3");
                var bad = strings(allocator, "one", "two")) {
            Optional<FailingRow> found = FailingRow.find(runner, List.of(x), 7, () -> runs++, allocator, ledger);
            assertThat(found.map(FailingRow::row)).contains(5);
            assertThat(found.flatMap(row -> row.failure().refusal())).contains(refused("six"));
            assertThat(runs).isLessThanOrEqualTo(5);
            assertThat(FailingRow.find(runner, List.of(first), 3, () -> {}, allocator, ledger))
                    .hasValueSatisfying(row -> assertThat(row.row()).isZero());
            assertThat(FailingRow.find(runner, List.of(good), 2, () -> {}, allocator, ledger))
                    .isEmpty();
            assertThat(FailingRow.find(runner, List.of(bad), 2, () -> {}, allocator, ledger))
                    .isEmpty();
        }
    }

    @Test
    void blamesNoRowForAProgramThatNeedsSeveral(BufferAllocator allocator) {
        Program pairs = Program.build(tf -> {
                    var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1));
                    return Program.outputs("y", tf.reshape(x, tf.constant(new int[] {-1, 2})));
                })
                .named("pairs");
        List<Fetch> fetches = List.of(Fetch.of("y", ElementType.FLOAT64.field("y", 1)));
        try (var other = ProgramSession.load(pairs, SessionOptions.onCallingThread(1));
                var runner = other.runner(pairs, List.of(Feed.of("x", "x")), fetches, allocator, ledger);
                var x = Vectors.doubles("x", allocator, 1, 2, 3, 4, 5)) {
            assertThat(FailingRow.find(runner, List.of(x), 5, () -> {}, allocator, ledger))
                    .isEmpty();
        }
    }

    @Test
    void saysWhatTensorFlowSaysWithoutWhereInTheGraph() {
        assertThat(
                        NativeSession.sentenceOf(
                                "{{function_node __wrapped}} {{function_node body}}Unknown image\nformat.\n\t [[{{node Decode}}]]\n\t [[Map]]"))
                .isEqualTo("Unknown image format.");
        assertThat(
                        NativeSession.sentenceOf(
                                "2 root error(s) found.\n  (0) INVALID_ARGUMENT: Not a number\n\t [[{{node A}}]]\n  (1) INVALID_ARGUMENT: Other\n0 successful operations."))
                .isEqualTo("Not a number");
        assertThat(NativeSession.sentenceOf("Plain")).isEqualTo("Plain");
    }
}
