package io.tensorbridge.tensor;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.Float8Vector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.core.Squeeze;
import org.tensorflow.op.image.DecodeJpeg;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TString;

@ExtendWith(NativeMemoryExtension.class)
class ProgramJoinTest {

    @TempDir
    Path directory;

    /** {@code out = in * factor} over doubles, whose other operations have the same names in all that are made so. */
    private static Program times(String in, String out, double factor) {
        return Program.build(tf -> {
            var x = Program.placeholder(tf, in, TFloat64.class, Shape.of(-1));
            return Program.outputs(
                    out,
                    tf.withName("product").math.mul(x, tf.withName("factor").constant(factor)));
        });
    }

    private static List<String> strings(List<?> values) {
        return values.stream().map(String::valueOf).toList();
    }

    @Test
    void feedsOutputsToInputsOfTheirNames() {
        Program joined = times("x", "y", 2).then(times("y", "z", 5));
        assertThat(joined.name()).isEqualTo("y+z");
        assertThat(joined.signature())
                .hasToString("ProgramSignature[inputs=[x: DT_DOUBLE[?]], outputs=[z: DT_DOUBLE[?]]]");
        assertThat(strings(joined.tensors())).containsExactly("product: DT_DOUBLE[?]", "product_1: DT_DOUBLE[?]");
        try (var x = TFloat64.vectorOf(1, 2)) {
            assertThat(TensorFlowRun.values(joined, Map.of("x", x))).containsEntry("z", "DT_DOUBLE[2] [10.0, 20.0]");
            assertThat(TensorFlowRun.values(joined.fetching("y", "product_1"), Map.of("x", x)))
                    .containsEntry("y", "DT_DOUBLE[2] [2.0, 4.0]")
                    .containsEntry("z", "DT_DOUBLE[2] [10.0, 20.0]");
        }
    }

    @Test
    void joinsAProgramToItself() {
        Program twice = times("x", "x", 2);
        Program eightfold = twice.then(twice).then(twice);
        try (var x = TFloat64.vectorOf(1, 2)) {
            assertThat(TensorFlowRun.values(eightfold, Map.of("x", x))).containsEntry("x", "DT_DOUBLE[2] [8.0, 16.0]");
        }
    }

    @Test
    void feedsWhatItIsToldTo() {
        Program sum = Program.build(tf -> {
            var a = Program.placeholder(tf, "a", TFloat64.class, Shape.of(-1));
            var b = Program.placeholder(tf, "b", TFloat64.class, Shape.of(-1));
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(3));
            return Program.outputs("sum", tf.math.add(a, tf.math.mul(tf.math.add(b, x), tf.constant(100.0))));
        });
        Program first = times("x", "y", 2);
        Program joined = sum.after(first, Map.of("a", "y"));
        assertThat(joined).isEqualTo(first.then(sum, Map.of("a", "y")));
        // x is one input of both, and known to be of three rows
        assertThat(strings(joined.signature().inputs())).containsExactly("x: DT_DOUBLE[3]", "b: DT_DOUBLE[?]");
        try (var x = TFloat64.vectorOf(1, 2, 3);
                var b = TFloat64.vectorOf(7, 8, 9)) {
            assertThat(TensorFlowRun.values(joined, Map.of("x", x, "b", b)))
                    .containsEntry("sum", "DT_DOUBLE[3] [802.0, 1004.0, 1206.0]");
        }
    }

    @Test
    void givesWhatBothGiveInTurn() {
        Program first = Program.fromGraphDef(TextGraphs.graph(TextGraphs.CALL_OF_OUTER, TextGraphs.FUNCTIONS), "call")
                .named("first");
        // another function of the same name, called on what the first gives
        Program second = Program.fromGraphDef(
                        TextGraphs.graph(
                                TextGraphs.CALL_OF_OUTER,
                                TextGraphs.FUNCTIONS
                                        .replace("int_val: 2", "int_val: 1")
                                        .replace("\"Square\"", "\"Neg\"")
                                        .replace("type:DT", "type: DT")),
                        "call:1",
                        "call")
                .named("second");
        Program widened = Program.build(tf -> {
            var call = Program.placeholder(tf, "call", TFloat64.class, Shape.of(-1, 2));
            return Program.outputs("wide", tf.concat(List.of(call, call), tf.constant(1)));
        });
        Program joined = first.then(widened).then(second, Map.of("x", "wide"));
        try (var x = TFloat64.tensorOf(NdArrays.wrap(Shape.of(2, 4), DataBuffers.of(1.5, 2, 3, 4, 9, 8, 7.25, 6)));
                var one = TensorFlowRun.run(first, Map.of("x", x));
                var two = TensorFlowRun.run(widened, Map.of("call", one.get(0)))) {
            assertThat(TensorFlowRun.values(joined, Map.of("x", x)))
                    .isEqualTo(TensorFlowRun.values(second, Map.of("x", two.get(0))))
                    .containsEntry("call", "DT_DOUBLE[2, 1] [-72.0, -512.0]");
            Program inside = joined.cutAt("call_1/first/twice", "call/first/twice");
            assertThat(TensorFlowRun.values(inside, Map.of("x", x)))
                    .containsEntry("call_1/first/twice", "DT_DOUBLE[2, 4] [3.0, 4.0, 6.0, 8.0, 18.0, 16.0, 14.5, 12.0]")
                    .containsEntry(
                            "call/first/twice",
                            "DT_DOUBLE[2, 4] [128.0, 72.0, 128.0, 72.0, 648.0, 512.0, 648.0, 512.0]");
        }
    }

    @Test
    void joinsRowsToBlocks() {
        Program decode = Program.build(tf -> {
                    var text = Program.placeholder(tf, "text", TString.class, Shape.scalar());
                    var parts = tf.reshape(tf.strings.toNumber(text), tf.constant(new int[] {1}));
                    return Program.outputs("number", parts);
                })
                .perRow();
        Program model = Program.build(tf -> {
            var number = Program.placeholder(tf, "number", TFloat32.class, Shape.of(-1, 1));
            return Program.outputs("sum", tf.reduceSum(number, tf.constant(0)));
        });
        Program joined = decode.then(model);
        assertThat(joined.signature())
                .hasToString("ProgramSignature[inputs=[text: DT_STRING[?]], outputs=[sum: DT_FLOAT[1]]]");
        try (var text = TString.vectorOf("1.5", "20", "-300")) {
            assertThat(TensorFlowRun.values(joined, Map.of("text", text))).containsEntry("sum", "DT_FLOAT[1] [-278.5]");
        }
    }

    @Test
    void decodesPicturesOfDifferentSizesBeforeAModel() {
        Program decode = Program.build(tf -> {
            var file = Program.placeholder(tf, "file", TString.class, Shape.scalar());
            var pixels = tf.dtypes.cast(tf.image.decodeJpeg(file, DecodeJpeg.channels(3L)), TFloat32.class);
            var scaled = tf.math.div(
                    tf.image.resizeBilinear(tf.expandDims(pixels, tf.constant(0)), tf.constant(new int[] {4, 5})),
                    tf.constant(255f));
            return Program.outputs("image", tf.squeeze(scaled, Squeeze.axis(List.of(0L))));
        });
        Program model = Program.build(tf -> {
            var image = Program.placeholder(tf, "image", TFloat32.class, Shape.of(-1, 4, 5, 3));
            return Program.outputs("colour", tf.withName("colour").math.mean(image, tf.constant(new int[] {1, 2})));
        });
        Program joined = decode.perRow().then(model);
        assertThat(joined.signature())
                .hasToString("ProgramSignature[inputs=[file: DT_STRING[?]], outputs=[colour: DT_FLOAT[?, 3]]]");
        List<byte[]> files = List.of(jpeg(9, 7, 0x204080), jpeg(30, 20, 0xff8000), jpeg(1, 1, 0xffffff));
        try (var all = TString.tensorOfBytes(NdArrays.vectorOfObjects(files.toArray(byte[][]::new)))) {
            String found = TensorFlowRun.values(joined, Map.of("file", all)).get("colour");
            List<String> oneByOne = new ArrayList<>();
            for (byte[] bytes : files) {
                try (var file = TString.tensorOfBytes(NdArrays.scalarOfObject(bytes));
                        var image = TensorFlowRun.run(decode, Map.of("file", file));
                        var block = TFloat32.tensorOf(
                                Shape.of(1, 4, 5, 3),
                                image.get(0).asRawTensor().data().asFloats())) {
                    String colour = requireNonNull(
                            TensorFlowRun.values(model, Map.of("image", block)).get("colour"));
                    oneByOne.add(colour.replaceAll(".*\\] \\[|\\]$", ""));
                }
            }
            assertThat(found).isEqualTo("DT_FLOAT[3, 3] [" + String.join(", ", oneByOne) + "]");
        }
    }

    private static byte[] jpeg(int width, int height, int colour) {
        var picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                picture.setRGB(x, y, x < width / 2 ? colour : colour / 3);
            }
        }
        var bytes = new ByteArrayOutputStream();
        try {
            assertThat(ImageIO.write(picture, "jpeg", bytes)).isTrue();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    @Test
    void refusesRowsOfAProgramWithoutInputs() {
        Program constant = Program.build(tf -> Program.outputs("one", tf.constant(1.0)));
        assertThatThrownBy(constant::perRow)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Cannot run program 'one' row by row: expected inputs, found none");
    }

    @Test
    void namesAllThatDoesNotFit() {
        Program first = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1, 2));
            return Program.outputs("a", tf.math.neg(x)).and("b", tf.math.neg(x));
        });
        Program second = Program.build(tf -> {
            var a = Program.placeholder(tf, "a", TFloat64.class, Shape.of(-1));
            var b = Program.placeholder(tf, "b", TFloat32.class, Shape.of(-1, 2));
            var x = Program.placeholder(tf, "x", TFloat32.class, Shape.of(-1, 2));
            return Program.outputs("z", tf.math.neg(a)).and("y", tf.math.add(b, x));
        });
        assertThatThrownBy(() -> first.named("first").then(second.named("second"), Map.of("c", "a", "b", "d")))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot join program 'first' to program 'second':
                          - input 'b': expected one of the outputs [a, b] to feed it, found no output 'd'
                          - input 'c': expected one of the inputs [a, b, x], found no input of that name
                          - input 'a': expected DT_DOUBLE[?], found DT_DOUBLE[?, 2] of output 'a'
                          - input 'x' of both: expected DT_DOUBLE[?, 2] like the first program's, found DT_FLOAT[?, 2]""");
        assertThatThrownBy(() -> first.named("first").then(times("x", "y", 2)))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot join program 'first' to program 'y':
                          - expected an output named like one of the inputs [x], found outputs [a, b]. Say which feeds which with then(program, Map.of("input", "output"))""");
    }

    /** {@code out} is what a table of this value at 1, 2 and 3, and -1 elsewhere, gives for {@code in}. */
    private Program table(String name, String in, String out, double... values) throws IOException {
        var text = """
                node { name: "%s" op: "Placeholder" attr { key: "dtype" value { type: DT_DOUBLE } }
                  attr { key: "shape" value { shape { dim { size: -1 } } } } }
                node { name: "key" op: "Cast" input: "%s" attr { key: "SrcT" value { type: DT_DOUBLE } }
                  attr { key: "DstT" value { type: DT_INT64 } } }
                node { name: "table" op: "HashTableV2" attr { key: "key_dtype" value { type: DT_INT64 } }
                  attr { key: "value_dtype" value { type: DT_DOUBLE } } attr { key: "shared_name" value { s: "t" } } }
                node { name: "keys" op: "Const" attr { key: "dtype" value { type: DT_INT64 } }
                  attr { key: "value" value { tensor { dtype: DT_INT64 tensor_shape { dim { size: 3 } }
                    int64_val: 1 int64_val: 2 int64_val: 3 } } } }
                node { name: "values" op: "Const" attr { key: "dtype" value { type: DT_DOUBLE } }
                  attr { key: "value" value { tensor { dtype: DT_DOUBLE tensor_shape { dim { size: 3 } }
                    double_val: %s double_val: %s double_val: %s } } } }
                node { name: "none" op: "Const" attr { key: "dtype" value { type: DT_DOUBLE } }
                  attr { key: "value" value { tensor { dtype: DT_DOUBLE tensor_shape {} double_val: -1 } } } }
                node { name: "import" op: "LookupTableImportV2" input: "table" input: "keys" input: "values"
                  attr { key: "Tin" value { type: DT_INT64 } } attr { key: "Tout" value { type: DT_DOUBLE } } }
                node { name: "init" op: "NoOp" input: "^import" }
                node { name: "find" op: "LookupTableFindV2" input: "table" input: "key" input: "none"
                  attr { key: "Tin" value { type: DT_INT64 } } attr { key: "Tout" value { type: DT_DOUBLE } } }
                node { name: "call" op: "PartitionedCall" input: "find"
                  attr { key: "Tin" value { list { type: DT_DOUBLE } } }
                  attr { key: "Tout" value { list { type: DT_DOUBLE } } }
                  attr { key: "f" value { func { name: "scaled" attr { key: "T" value { type: DT_DOUBLE } } } } } }
                versions { producer: 1882 }
                """.formatted(in, in, values[0], values[1], values[2]);
        return TextGraphs.savedModel(
                directory.resolve(name),
                TextGraphs.graph(text, TextGraphs.FUNCTIONS),
                Map.of(in, info(in)),
                Map.of(out, info("call")));
    }

    private static TensorInfo info(String tensor) {
        return Signatures.info(tensor + ":0", new TensorSpec(tensor, DataType.DT_DOUBLE, Shape.of(-1)));
    }

    private static List<Double> run(Program program, BufferAllocator allocator) {
        String output = program.signature().outputs().get(0).name();
        var fetch = Fetch.of(output, ElementType.FLOAT64.field("out", 0));
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1));
                var runner = session.runner(
                        program,
                        List.of(Feed.of(program.signature().inputs().get(0).name(), "x")),
                        List.of(fetch),
                        allocator,
                        new TransferLedger());
                var x = Vectors.doubles("x", allocator, 1, 2, 3, 4);
                var out = runner.run(List.of(x))) {
            var column = (Float8Vector) out.getVector("out");
            return IntStream.range(0, out.getRowCount()).mapToObj(column::get).toList();
        }
    }

    @Test
    void cutsASavedModelWithItsTables(BufferAllocator allocator) throws IOException {
        Program model = table("model", "x", "y", 10, 20, 30);
        assertThat(run(model, allocator)).containsExactly(400.0, 1600.0, 3600.0, 4.0);
        Program find = model.cutAt("find");
        assertThat(find.sessionKey()).isEqualTo(model.sessionKey());
        assertThat(run(find, allocator)).containsExactly(10.0, 20.0, 30.0, -1.0);
        Program twice = model.cutAt("twice");
        assertThat(twice.files().paths()).isEqualTo(model.files().paths());
        assertThat(run(twice, allocator)).containsExactly(20.0, 40.0, 60.0, -2.0);
    }

    @Test
    void givesOneTensorUnderTwoNames(BufferAllocator allocator) throws IOException {
        Program model = table("model", "x", "y", 10, 20, 30);
        Program both =
                model.fetching("found", "find").fetching("again", "find:0").fetching("call");
        assertThat(both.sessionKey()).isEqualTo(model.sessionKey());
        List<Fetch> fetches = both.signature().outputs().stream()
                .map(output -> Fetch.of(output.name(), ElementType.FLOAT64.field(output.name(), 0)))
                .toList();
        try (var session = ProgramSession.load(model, SessionOptions.onCallingThread(1));
                var runner =
                        session.runner(both, List.of(Feed.of("x", "x")), fetches, allocator, new TransferLedger());
                var x = Vectors.doubles("x", allocator, 1, 2, 3, 4);
                var out = runner.run(List.of(x))) {
            assertThat(out.getFieldVectors().stream().map(column -> column.getObject(0)))
                    .containsExactly(400.0, 10.0, 10.0, 400.0);
        }
    }

    @Test
    void joinsGraphsToASavedModelOnEitherSide(BufferAllocator allocator) throws IOException {
        Program model = table("model", "x", "y", 10, 20, 30);
        Program joined = times("x", "x", 0.5).then(model).then(times("y", "z", 0.25));
        assertThat(joined.form()).isEqualTo(Program.Form.SAVED_MODEL);
        assertThat(run(joined, allocator)).containsExactly(1.0, 100.0, 100.0, 400.0);
        assertThat(run(joined.cutAt("find"), allocator)).containsExactly(-1.0, 10.0, 10.0, 20.0);
        assertThat(run(joined.cutAt("twice"), allocator)).containsExactly(-2.0, 20.0, 20.0, 40.0);
    }

    @Test
    void joinsTwoCutsOfOneModel(BufferAllocator allocator) throws IOException {
        Program model = table("model", "x", "y", 1.0 / 2, 1, 3.0 / 2);
        Program joined = model.then(model, Map.of("x", "y")); // (2 * 0.5)² = 1, and 1 again
        assertThat(run(joined, allocator)).containsExactly(1.0, 4.0, 4.0, 4.0);
        Program half = model.cutAt("twice").then(model, Map.of("x", "twice"));
        assertThat(run(half, allocator)).containsExactly(1.0, 4.0, 9.0, 4.0);
    }

    @Test
    void refusesTwoModelsThatAreBothInitialised() throws IOException {
        Program one = table("one", "x", "y", 1, 2, 3);
        Program other = table("other", "y", "z", 3, 2, 1);
        assertThatThrownBy(() -> one.then(other))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot join program 'one' to program 'other': expected variables and tables in one of two saved models at most, found 'table' in the first and 'table' in the second. Export both as one model, or one of them as a graph of constants");
    }

    @Test
    void joinsASavedModelToOneThatNeedsNoFiles(BufferAllocator allocator) throws IOException {
        Program model = table("model", "x", "y", 10, 20, 30);
        Program stateless = TextGraphs.savedModel(
                directory.resolve("stateless"),
                ProgramGraph.of(times("y", "z", 0.25)),
                Map.of("y", info("y")),
                Map.of("z", info("product")));
        assertThat(run(model.then(stateless), allocator)).containsExactly(100.0, 400.0, 900.0, 1.0);
        assertThat(run(stateless.then(model, Map.of("x", "z")), allocator)).containsExactly(4.0, 4.0, 4.0, 400.0);
    }
}
