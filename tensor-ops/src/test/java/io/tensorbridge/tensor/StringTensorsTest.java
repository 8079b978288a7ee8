package io.tensorbridge.tensor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_TSTR_LARGE;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_TSTR_OFFSET;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_TSTR_SMALL;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_TSTR_VIEW;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_TString_AssignView;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_TString_Copy;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_TString_Dealloc;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_TString_GetDataPointer;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_TString_GetSize;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_TString_GetType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.OutOfMemoryException;
import org.apache.arrow.memory.util.MemoryUtil;
import org.apache.arrow.vector.BaseVariableWidthVector;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.ipc.message.ArrowFieldNode;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.LongPointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.internal.c_api.TF_TString;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TString;

@ExtendWith(NativeMemoryExtension.class)
class StringTensorsTest {

    private static final SessionOptions OPTIONS = SessionOptions.onCallingThread(1);
    private static final int MEGABYTE = 1 << 20;

    private static final byte[][] EDGES = {
        {},
        bytes(21),
        bytes(22),
        bytes(23),
        bytes(MEGABYTE),
        {},
        "a\0b\0".getBytes(UTF_8),
        "\0".repeat(30).getBytes(UTF_8),
        "naïve 🚀🇨🇭".getBytes(UTF_8),
        "🚀".repeat(20).getBytes(UTF_8),
        {(byte) 0xFF, (byte) 0xC0, (byte) 0x80},
        bytes(22), // the last, so that nothing can be read after it
    };

    private final TransferLedger ledger = new TransferLedger();

    private static byte[] bytes(int size) {
        byte[] bytes = new byte[size];
        for (int i = 0; i < size; i++) {
            bytes[i] = (byte) (i * 31 + size);
        }
        return bytes;
    }

    private BlockRunner runner(ProgramSession session, Program program, ElementType out, BufferAllocator allocator) {
        int rank = program.signature().outputs().get(0).shape().numDimensions() - 1;
        return session.runner(
                program, List.of(Feed.of("x", "x")), List.of(Fetch.of("y", out.field("y", rank))), allocator, ledger);
    }

    @ParameterizedTest
    @EnumSource
    void keepsEveryByte(ElementTypeTest.Use use, BufferAllocator allocator) {
        Program program = use.program(ElementType.STRING, Shape.of(-1));
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner = runner(session, program, ElementType.STRING, allocator);
                var text = Vectors.strings(new VarCharVector("x", allocator), EDGES);
                var binary = Vectors.strings(new VarBinaryVector("x", allocator), EDGES);
                var ofText = runner.run(List.of(text));
                var ofBinary = runner.run(List.of(binary))) {
            for (int row = 0; row < EDGES.length; row++) {
                assertThat(((VarCharVector) ofText.getVector("y")).get(row)).isEqualTo(EDGES[row]);
                assertThat(((VarCharVector) ofBinary.getVector("y")).get(row)).isEqualTo(EDGES[row]);
            }
        }
    }

    @Test
    void readsNothingAfterTheEndOfAColumn(BufferAllocator allocator) {
        Program program = Programs.identity(ElementType.STRING, Shape.of(-1));
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner = runner(session, program, ElementType.STRING, allocator);
                var whole = Vectors.strings(new VarCharVector("x", allocator), "abc".getBytes(UTF_8), bytes(22));
                var x = new VarCharVector("x", allocator)) {
            // a buffer that ends with its text
            ArrowBuf text = whole.getDataBuffer().slice(0, 25);
            x.loadFieldBuffers(
                    new ArrowFieldNode(2, /* nullCount= */ 0),
                    List.of(allocator.getEmpty(), whole.getOffsetBuffer(), text));
            try (var out = runner.run(List.of(x))) {
                assertThat(((VarCharVector) out.getVector("y")).get(1)).isEqualTo(bytes(22));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {22, 23, 5_000})
    void givesAnOutputAsABinaryIfItsFieldSaysSo(int size, BufferAllocator allocator) {
        Program program = Programs.identity(ElementType.STRING, Shape.of(-1));
        var fetch = Fetch.of("y", ElementType.UINT8.field("y", 0));
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner = session.runner(program, List.of(Feed.of("x", "x")), List.of(fetch), allocator, ledger);
                var x = Vectors.strings(new VarCharVector("x", allocator), bytes(size));
                var out = runner.run(List.of(x))) {
            assertThat(((VarBinaryVector) out.getVector("y")).get(0)).isEqualTo(bytes(size));
        }
    }

    @Test
    void shapesListsAndFlatListsOfStrings(BufferAllocator allocator) {
        Program program = Programs.identity(ElementType.STRING, Shape.of(-1, 2, 3));
        var flat = new Feed.Dense("x", Feed.Column.of(0, "x"), Optional.of(Shape.of(2, 3)));
        var fetch = Fetch.of("y", ElementType.STRING.field("y", 2));
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner = session.runner(program, List.of(flat), List.of(fetch), allocator, ledger);
                var x = Vectors.counting(ElementType.STRING, 2, new int[] {6}, allocator);
                var out = runner.run(List.of(x))) {
            assertThat(out.getVector("y").getObject(1))
                    .hasToString("[[\"6······\",\"7·······\",\"8········\"],"
                            + "[\"9·········\",\"10··········\",\"11···········\"]]");
        }
    }

    @Test
    void computesWithStringsOfEverySize(BufferAllocator allocator) {
        Program program = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TString.class, Shape.of(-1));
            var twice = tf.strings.join(List.of(x, x));
            return Program.outputs("twice", twice)
                    .and("length", tf.strings.stringLength(twice))
                    .and("first", tf.strings.substr(x, tf.constant(0), tf.constant(22)))
                    .and("backwards", tf.reverse(x, tf.constant(new int[] {0})))
                    .and("again", tf.gather(x, tf.range(tf.constant(0), tf.size(x), tf.constant(1)), tf.constant(0)))
                    .and("hash", tf.strings.toHashBucketFast(x, 1L << 40))
                    .and("same", tf.math.equal(x, tf.strings.substr(twice, tf.constant(0), tf.constant(1 << 30))));
        });
        List<Fetch> fetches = program.signature().outputs().stream()
                .map(output -> Fetch.of(
                        output.name(),
                        ElementType.of(output.elementType()).orElseThrow().field(output.name(), 0)))
                .toList();
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner = session.runner(program, List.of(Feed.of("x", "x")), fetches, allocator, ledger);
                var x = Vectors.strings(new VarCharVector("x", allocator), EDGES);
                var out = runner.run(List.of(x))) {
            for (int row = 0; row < EDGES.length; row++) {
                byte[] edge = EDGES[row];
                byte[] twice = Arrays.copyOf(edge, 2 * edge.length);
                System.arraycopy(edge, 0, twice, edge.length, edge.length);
                assertThat(text(out.getVector("twice"), row)).isEqualTo(twice);
                assertThat(((IntVector) out.getVector("length")).get(row)).isEqualTo(2 * edge.length);
                assertThat(text(out.getVector("first"), row)).isEqualTo(Arrays.copyOf(edge, Math.min(22, edge.length)));
                assertThat(text(out.getVector("backwards"), EDGES.length - 1 - row))
                        .isEqualTo(edge);
                assertThat(text(out.getVector("again"), row)).isEqualTo(edge);
                assertThat(out.getVector("same").getObject(row)).isEqualTo((byte) (edge.length == 0 ? 1 : 0));
            }
            var hash = (BigIntVector) out.getVector("hash");
            assertThat(hash.get(0)).isEqualTo(hash.get(5)).isNotEqualTo(hash.get(1));
            assertThat(hash.get(2)).isEqualTo(hash.get(11));
        }
    }

    private static byte[] text(FieldVector vector, int row) {
        return ((BaseVariableWidthVector) vector).isNull(row) ? new byte[0] : ((VarCharVector) vector).get(row);
    }

    @Test
    void letsAProgramOverwriteStringsOfItsOwn(BufferAllocator allocator) {
        byte[] huge = bytes(MEGABYTE);
        Program program = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TString.class, Shape.of(-1));
            var shorter = tf.inplaceUpdate(x, tf.constant(new int[] {3, 4}), tf.array("", "tiny"));
            return Program.outputs(
                    "y", tf.inplaceUpdate(shorter, tf.constant(new int[] {1}), tf.array("l".repeat(99))));
        });
        assertThat(program.copiesInputsBecauseOf()).contains("InplaceUpdate");
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner = runner(session, program, ElementType.STRING, allocator);
                var x = Vectors.strings(new VarCharVector("x", allocator), EDGES)) {
            for (int run = 0; run < 3; run++) {
                try (var out = runner.run(List.of(x))) {
                    var y = (VarCharVector) out.getVector("y");
                    assertThat(y.get(1)).isEqualTo("l".repeat(99).getBytes(UTF_8));
                    assertThat(y.get(3)).isEmpty();
                    assertThat(y.get(4)).isEqualTo("tiny".getBytes(UTF_8));
                    assertThat(y.get(9)).isEqualTo(EDGES[9]);
                }
                assertThat(x.get(4)).isEqualTo(huge);
            }
            assertThat(NativeTensors.liveTensors()).isZero();
        }
    }

    @Test
    void givesAProgramThatKeepsItsInputMemoryThatNoAllocatorMisses(BufferAllocator allocator) {
        Program program = Programs.kept(ElementType.STRING, Shape.of(-1));
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner = runner(session, program, ElementType.STRING, allocator)) {
            for (int run = 0; run < 3; run++) {
                try (var x = Vectors.strings(new VarCharVector("x", allocator), EDGES);
                        var out = runner.run(List.of(x))) {
                    assertThat(out.getRowCount()).isEqualTo(EDGES.length);
                }
                assertThat(NativeTensors.liveTensors()).isEqualTo(1); // that of the variable
            }
        }
        assertThat(NativeTensors.liveTensors()).isZero();
        assertThat(allocator.getAllocatedMemory()).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void closesEverythingWhenTheProgramFails(ElementTypeTest.Use use, BufferAllocator allocator) {
        Program numbers = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TString.class, Shape.of(-1));
            if (use == ElementTypeTest.Use.ALIASES_IT) {
                return Program.outputs("y", tf.strings.toNumber(x, org.tensorflow.types.TFloat64.class));
            }
            var first = tf.inplaceUpdate(x, tf.constant(new int[] {0}), tf.array("1"));
            return Program.outputs("y", tf.strings.toNumber(first, org.tensorflow.types.TFloat64.class));
        });
        try (var session = ProgramSession.load(numbers, OPTIONS);
                var runner = runner(session, numbers, ElementType.FLOAT64, allocator);
                var x = Vectors.strings(
                        new VarCharVector("x", allocator),
                        "7".getBytes(UTF_8),
                        "x".repeat(40).getBytes(UTF_8))) {
            assertThatThrownBy(() -> runner.run(List.of(x)))
                    .isInstanceOf(ProgramException.class)
                    .hasMessageStartingWith(
                            "Program 'y' failed: expected TensorFlow to run it, found an error: StringToNumberOp could not correctly convert string: xxxx");
            assertThat(NativeTensors.liveTensors()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, MEGABYTE, 3 * MEGABYTE}) // nothing, less than the tensor, less than the output
    void closesEverythingWhenThereIsNoMemoryForACopy(long limit, BufferAllocator allocator) {
        Program program = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TString.class, Shape.of(-1));
            return Program.outputs("y", tf.strings.join(List.of(x, x)));
        });
        try (var small = allocator.newChildAllocator("small", 0, limit);
                var session = ProgramSession.load(program, OPTIONS);
                var runner = runner(session, program, ElementType.STRING, small);
                var x = Vectors.strings(new VarCharVector("x", allocator), bytes(MEGABYTE), bytes(MEGABYTE))) {
            assertThatThrownBy(() -> runner.run(List.of(x))).isInstanceOf(OutOfMemoryException.class);
            assertThat(NativeTensors.liveTensors()).isZero();
            assertThat(small.getAllocatedMemory()).isZero();
        }
    }

    @Test
    void refusesOffsetsThatPointBeyondTheText(BufferAllocator allocator) {
        Program program = Programs.identity(ElementType.STRING, Shape.of(-1));
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner = runner(session, program, ElementType.STRING, allocator);
                var x = Vectors.strings(new VarCharVector("x", allocator), bytes(10), bytes(10), bytes(10))) {
            long capacity = x.getDataBuffer().capacity();
            for (int wrong : new int[] {9, -1, (int) capacity + 1}) { // falls, negative, too large
                x.getOffsetBuffer().setInt(3 * Integer.BYTES, wrong);
                assertThatThrownBy(() -> runner.run(List.of(x)))
                        .isInstanceOf(SignatureMismatchException.class)
                        .hasMessage("Cannot feed column 'x': its %d bytes end before its last value", capacity);
            }
            x.getOffsetBuffer().setInt(3 * Integer.BYTES, 30);
        }
    }

    @Test
    void refusesNumbersForStrings(BufferAllocator allocator) {
        Program program = Programs.identity(ElementType.STRING, Shape.of(-1));
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner = runner(session, program, ElementType.STRING, allocator);
                var x = Vectors.doubles("x", allocator, 1)) {
            assertThatThrownBy(() -> runner.run(List.of(x)))
                    .isInstanceOf(SignatureMismatchException.class)
                    .hasMessage("Cannot feed column 'x': expected DT_STRING, found Arrow type FloatingPoint(DOUBLE)");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 21, 22, 23, 24, 1_000, 100_000})
    void readsHeadersAsTensorFlowDoes(int size) {
        byte[] content = bytes(size);
        try (var from = new BytePointer(content);
                var strings = new TF_TString(3)) {
            MemoryUtil.setMemory(strings.address(), 3L * StringTensors.HEADER_BYTES, (byte) 0);
            var owned = strings.getPointer(0);
            TF_TString_Copy(owned, from, size);
            assertThat(TF_TString_GetType(owned)).isEqualTo(size <= 22 ? TF_TSTR_SMALL : TF_TSTR_LARGE);
            assertReads(owned, content);

            var view = strings.getPointer(1);
            TF_TString_AssignView(view, from, size);
            assertThat(TF_TString_GetType(view)).isEqualTo(TF_TSTR_VIEW);
            assertReads(view, content);
            TF_TString_Dealloc(owned);
        }
    }

    private static void assertReads(TF_TString string, byte[] content) {
        assertThat(StringTensors.sizeOf(string.address()))
                .isEqualTo(TF_TString_GetSize(string))
                .isEqualTo(content.length);
        assertThat(StringTensors.addressOf(string.address()))
                .isEqualTo(TF_TString_GetDataPointer(string).address());
        byte[] found = new byte[content.length];
        MemoryUtil.copyFromMemory(StringTensors.addressOf(string.address()), found, 0, found.length);
        assertThat(found).isEqualTo(content);
    }

    @Test
    void readsOffsetsAsTensorFlowDoes() {
        try (var string = new TF_TString(1)) {
            for (int size : new int[] {0, 5, 300, 70_000}) {
                MemoryUtil.putInt(string.address(), size << 2 | TF_TSTR_OFFSET);
                MemoryUtil.putInt(string.address() + Integer.BYTES, 4711);
                assertThat(StringTensors.sizeOf(string.address())).isEqualTo(TF_TString_GetSize(string));
                assertThat(StringTensors.addressOf(string.address()))
                        .isEqualTo(TF_TString_GetDataPointer(string).address())
                        .isEqualTo(string.address() + 4711);
            }
            MemoryUtil.putLong(string.address(), 0);
        }
    }

    @Test
    void refusesMoreBytesThanAVectorHolds(BufferAllocator allocator) {
        int count = 2048; // of a megabyte each, all of them views of the same
        try (var megabyte = new BytePointer(MEGABYTE);
                var dims = new LongPointer(1)) {
            var tensor = NativeTensors.allocate(
                    ElementType.STRING, new long[] {count}, (long) count * StringTensors.HEADER_BYTES, dims);
            var headers = new TF_TString(new NativeTensors.Address(NativeTensors.addressOf(tensor), 0));
            MemoryUtil.setMemory(headers.address(), (long) count * StringTensors.HEADER_BYTES, (byte) 0);
            for (int i = 0; i < count; i++) {
                TF_TString_AssignView(headers.position(i), megabyte, MEGABYTE);
            }
            assertThatThrownBy(() -> StringTensors.arrowOf(tensor, count, allocator, ledger, "y", "Program 'p' failed"))
                    .isInstanceOf(ProgramException.class)
                    .hasMessage("Program 'p' failed: expected at most 2147483647 bytes of strings of output 'y', "
                            + "found 2147483648. Lower blockRows");
        }
    }

    @ParameterizedTest
    @EnumSource
    void leavesNoStringBehind(ElementTypeTest.Use use, BufferAllocator allocator) throws IOException {
        assumeTrue(Files.exists(Path.of("/proc/self/statm")), "no /proc to read the size of the process from");
        Program program = use.program(ElementType.STRING, Shape.of(-1));
        // large strings and few, so that they outweigh what the Java heap grows by
        byte[][] strings = new byte[20][];
        Arrays.setAll(strings, i -> bytes(200_000));
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner = runner(session, program, ElementType.STRING, allocator);
                var x = Vectors.strings(new VarCharVector("x", allocator), strings)) {
            long before = 0;
            for (int run = 0; run < 300; run++) {
                if (run == 50) {
                    before = residentBytes();
                }
                runner.run(List.of(x)).close();
            }
            long written = 250L * 20 * 200_000;
            assertThat(residentBytes() - before).isLessThan(written / 4);
        }
    }

    private static long residentBytes() throws IOException {
        String[] pages = Files.readString(Path.of("/proc/self/statm")).split(" ", 3);
        return Long.parseLong(pages[1]) * 4096;
    }

    @Test
    void refusesNulls(BufferAllocator allocator) {
        Program program = Programs.identity(ElementType.STRING, Shape.of(-1, -1));
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner = runner(session, program, ElementType.STRING, allocator);
                var x = (ListVector) Vectors.counting(ElementType.STRING, 3, new int[] {2}, allocator)) {
            ((VarCharVector) x.getDataVector()).setNull(4);
            assertThatThrownBy(() -> runner.run(List.of(x)))
                    .isInstanceOf(SignatureMismatchException.class)
                    .hasMessage("Cannot feed column 'x': 1 of its 6 values are null");
        }
    }
}
