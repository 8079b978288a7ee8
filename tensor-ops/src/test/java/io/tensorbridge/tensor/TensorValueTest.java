package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.List;
import java.util.stream.Stream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.Float8Vector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TString;

@ExtendWith(NativeMemoryExtension.class)
class TensorValueTest {

    private final TransferLedger ledger = new TransferLedger();

    static Stream<TensorValue> values() {
        return Stream.of(
                TensorValue.of(1.5f),
                TensorValue.of(1.5),
                TensorValue.of(-3),
                TensorValue.of(1L << 40),
                TensorValue.of(true),
                TensorValue.of("naïve"),
                TensorValue.of(Shape.of(2, 1), 1f, 2f),
                TensorValue.of(Shape.of(3), 1.0, 2.0, 3.0),
                TensorValue.of(Shape.of(0, 4), new int[0]),
                TensorValue.of(Shape.of(2), 1L, 2L),
                TensorValue.of(Shape.of(2), true, false),
                TensorValue.of(Shape.of(2), "", "b"));
    }

    @ParameterizedTest
    @MethodSource("values")
    void travels(TensorValue value) throws Exception {
        var bytes = new ByteArrayOutputStream();
        try (var out = new ObjectOutputStream(bytes)) {
            out.writeObject(value);
        }
        try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            assertThat(in.readObject()).isEqualTo(value).hasSameHashCodeAs(value);
        }
    }

    @Test
    void differsByTypeShapeAndElements() {
        assertThat(values().distinct()).hasSize(12);
        assertThat(TensorValue.of(Shape.of(2, 1), 1f, 2f)).isNotEqualTo(TensorValue.of(Shape.of(1, 2), 1f, 2f));
        assertThat(TensorValue.of(Shape.of(2), "a", "b")).isNotEqualTo(TensorValue.of(Shape.of(2), "a", "c"));
        assertThat(TensorValue.of(0)).isNotEqualTo(TensorValue.of(0f)).isNotEqualTo("DT_INT32[]");
        assertThat(TensorValue.of(Shape.of(2, 1), 1f, 2f)).hasToString("DT_FLOAT[2, 1]");
    }

    @Test
    void sharesNothing() {
        float[] given = {1, 2};
        var value = TensorValue.of(Shape.of(2), given);
        given[0] = 9;
        value.shape().asArray()[0] = 9;
        assertThat(value).isEqualTo(TensorValue.of(Shape.of(2), 1f, 2f));
    }

    @Test
    void copiesTensors() {
        try (var floats = TFloat32.tensorOf(StdArrays.ndCopyOf(new float[][] {{1, 2}, {3, 4}}));
                var number = TInt32.scalarOf(7);
                var strings = TString.vectorOf("a", "a string that is too long to lie inline")) {
            assertThat(TensorValue.copyOf(floats)).isEqualTo(TensorValue.of(Shape.of(2, 2), 1f, 2f, 3f, 4f));
            assertThat(TensorValue.copyOf(number)).isEqualTo(TensorValue.of(7));
            assertThat(TensorValue.copyOf(strings))
                    .isEqualTo(TensorValue.of(Shape.of(2), "a", "a string that is too long to lie inline"));
        }
    }

    @Test
    void refusesValuesThatDoNotFillTheShape() {
        assertThatThrownBy(() -> TensorValue.of(Shape.of(2, 2), 1f, 2f))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid tensor value: expected 4 values for shape [2, 2], found 2");
        assertThatThrownBy(() -> TensorValue.of(Shape.of(-1), 1f))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid shape: must be known and have at most 254 dimensions, found [?]");
        assertThatThrownBy(() -> TensorValue.of(Shape.unknown(), 1f))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid shape: must be known, found [..]");
    }

    private static Program scale() {
        return Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1, 2));
            var by = Program.placeholder(tf, "by", TFloat64.class, Shape.of(2));
            return Program.outputs("y", tf.math.mul(x, by));
        });
    }

    @Test
    void feedsAllRunsOfARunner(BufferAllocator allocator) {
        Program program = scale();
        List<Feed> feeds =
                List.of(Feed.of("x", "x"), new Feed.Parameter("by", TensorValue.of(Shape.of(2), 10.0, 100.0)));
        var fetch = Fetch.of("y", ElementType.FLOAT64.field("y", 1));
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1));
                var runner = session.runner(program, feeds, List.of(fetch), allocator, ledger)) {
            for (int rows : new int[] {0, 1, 7, 8, 9, 1_000}) {
                try (var x = Vectors.counting(ElementType.FLOAT64, rows, new int[] {2}, allocator);
                        var out = runner.run(List.of(x))) {
                    for (int row = 0; row < rows; row++) {
                        assertThat(out.getVector("y").getObject(row))
                                .isEqualTo(List.of(20.0 * row, 100 * (2.0 * row + 1)));
                    }
                }
            }
        }
    }

    @Test
    void feedsStringsToAllRuns(BufferAllocator allocator) {
        Program program = Programs.identity(ElementType.STRING, Shape.of(-1, -1));
        String longer = "a string that is too long to lie inline";
        var feed = new Feed.Parameter("x", TensorValue.of(Shape.of(2, 2), "", "b", longer, "naïve"));
        var fetch = Fetch.of("y", ElementType.STRING.field("y", 1));
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1));
                var runner = session.runner(program, List.of(feed), List.of(fetch), allocator, ledger)) {
            for (int run = 0; run < 3; run++) {
                try (var out = runner.run(List.of(), 2)) {
                    assertThat(out.getVector("y").getObject(0)).hasToString("[\"\",\"b\"]");
                    assertThat(out.getVector("y").getObject(1)).hasToString("[\"%s\",\"naïve\"]".formatted(longer));
                }
            }
        }
    }

    @Test
    void survivesItsRunnerInAnOutputMadeOfIt(BufferAllocator allocator) {
        Program program = Programs.identity(ElementType.FLOAT64, Shape.of(-1));
        var feed = new Feed.Parameter("x", TensorValue.of(Shape.of(3), 1.0, 2.0, 3.0));
        var fetch = Fetch.of("y", ElementType.FLOAT64.field("y", 0));
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1))) {
            var runner = session.runner(program, List.of(feed), List.of(fetch), allocator, ledger);
            try (var first = runner.run(List.of(), 3);
                    var second = runner.run(List.of(), 3)) {
                runner.close();
                assertThat(((Float8Vector) first.getVector("y")).get(2)).isEqualTo(3);
                assertThat(((Float8Vector) second.getVector("y")).get(2)).isEqualTo(3);
            }
        }
    }

    @Test
    void isMadeAnewForAProgramThatWritesToIt(BufferAllocator allocator) {
        Program program = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1));
            return Program.outputs("y", tf.inplaceAdd(x, tf.constant(new int[] {0}), tf.constant(new double[] {100})));
        });
        var feed = new Feed.Parameter("x", TensorValue.of(Shape.of(2), 1.0, 2.0));
        var fetch = Fetch.of("y", ElementType.FLOAT64.field("y", 0));
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1));
                var runner = session.runner(program, List.of(feed), List.of(fetch), allocator, ledger)) {
            for (int run = 0; run < 3; run++) {
                try (var out = runner.run(List.of(), 2)) {
                    assertThat(((Float8Vector) out.getVector("y")).get(0)).isEqualTo(101);
                }
            }
        }
    }

    @Test
    void mustBeWhatTheInputIs(BufferAllocator allocator) {
        Program program = scale();
        var fetch = Fetch.of("y", ElementType.FLOAT64.field("y", 1));
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1))) {
            for (var value : List.of(TensorValue.of(Shape.of(2), 1f, 2f), TensorValue.of(1.0))) {
                List<Feed> feeds = List.of(Feed.of("x", "x"), new Feed.Parameter("by", value));
                assertThatThrownBy(() -> session.runner(program, feeds, List.of(fetch), allocator, ledger))
                        .isInstanceOf(SignatureMismatchException.class)
                        .hasMessage("Cannot run program 'y': expected a value of DT_DOUBLE[2] for input 'by', found "
                                + value);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 1_000})
    void feedsTheNumberOfRows(int rows, BufferAllocator allocator) {
        Program program = Program.build(tf -> {
            var n = Program.placeholder(tf, "n", TInt32.class, Shape.scalar());
            return Program.outputs("y", tf.range(tf.constant(0), n, tf.constant(1)));
        });
        var fetch = Fetch.of("y", ElementType.INT32.field("y", 0));
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1));
                var runner =
                        session.runner(program, List.of(new Feed.RowCount("n")), List.of(fetch), allocator, ledger)) {
            try (var out = runner.run(List.of(), rows)) {
                assertThat(out.getRowCount()).isEqualTo(rows);
            }
            assertThatThrownBy(() -> runner.run(List.of()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("Cannot tell the rows of a block without columns: give their number with "
                            + "run(columns, rows)");
        }
    }
}
