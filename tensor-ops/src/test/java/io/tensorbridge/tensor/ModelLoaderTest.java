package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.model.ModelFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.Float8Vector;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.Graph;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.types.TFloat64;

@ExtendWith(NativeMemoryExtension.class)
class ModelLoaderTest {

    @TempDir
    static Path fixtures;

    @TempDir
    Path directory;

    @BeforeAll
    static void export() throws IOException {
        SevensModel.export(fixtures.resolve("sevens"));
    }

    private static ModelLoader sevens() {
        return Program.load(ModelFolder.of(fixtures.resolve("sevens")));
    }

    private ModelLoader checkpoint() throws IOException {
        return Program.load(ModelFolder.of(
                SevensModel.checkpoint(fixtures.resolve("sevens"), directory.resolve("training"), "model.ckpt-100")));
    }

    /** Writes a graph of x, {@code scaled = 2 x}, {@code [first, rest] = split(scaled + 1)} and {@code z = first + rest}. */
    private Path graph() throws IOException {
        try (var graph = new Graph()) {
            Ops tf = Ops.create(graph);
            var x = tf.withName("x").placeholder(TFloat64.class, Placeholder.shape(Shape.of(-1, 2)));
            var scaled = tf.withName("scaled").math.mul(x, tf.constant(2.0));
            var parts = tf.withName("parts").split(tf.constant(1), tf.math.add(scaled, tf.constant(1.0)), 2L);
            tf.withName("z").math.add(parts.output().get(0), parts.output().get(1));
            return Files.write(
                    directory.resolve("frozen.pb"), graph.toGraphDef().toByteArray());
        }
    }

    private ModelLoader graphLoader() throws IOException {
        return Program.load(ModelFolder.of(graph()));
    }

    /** Feeds the same doubles to every input, and returns the first output. */
    private static List<Double> run(Program program, BufferAllocator allocator, double... values) {
        String output = program.signature().outputs().get(0).name();
        List<Feed> feeds = program.signature().inputs().stream()
                .map(input -> Feed.of(input.name(), "x"))
                .toList();
        var fetch = Fetch.of(output, ElementType.FLOAT64.field("out", 0));
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1));
                var runner = session.runner(program, feeds, List.of(fetch), allocator, new TransferLedger());
                var x = Vectors.doubles("x", allocator, values);
                var out = runner.run(List.of(x))) {
            var column = (Float8Vector) out.getVector("out");
            return IntStream.range(0, out.getRowCount()).mapToObj(column::get).toList();
        }
    }

    @Test
    void takesASignatureByItsName(BufferAllocator allocator) {
        Program halves = sevens().signature("halves").savedModel();
        assertThat(halves.signature())
                .hasToString("ProgramSignature[inputs=[x: DT_DOUBLE[?]], outputs=[half: DT_DOUBLE[?]]]");
        assertThat(run(halves, allocator, 3)).containsExactly(1.5);
        assertThat(halves.sessionKey()).isEqualTo(sevens().savedModel().sessionKey());
    }

    @Test
    void takesAMetagraphByItsTags() throws IOException {
        Path model = SevensModel.copy(fixtures.resolve("sevens"), directory.resolve("tagged"));
        Path file = model.resolve("saved_model.pb");
        var saved = SavedModel.parseFrom(Files.readAllBytes(file)).toBuilder();
        var tuned = saved.getMetaGraphs(0).toBuilder();
        tuned.getMetaInfoDefBuilder().addTags("tuned");
        tuned.removeSignatureDef("serving_default");
        Files.write(file, saved.addMetaGraphs(tuned).build().toByteArray());
        ModelLoader loader = Program.load(ModelFolder.of(model));
        Program program = loader.tags("tuned", "serve").signature("halves").savedModel();
        ProgramSession.load(program, SessionOptions.onCallingThread(1)).close();
        assertThat(loader.signatures()).hasToString("""
                        Model tagged
                          tags [serve]
                            signature halves
                              input   x: DT_DOUBLE[?]
                              output  half: DT_DOUBLE[?]
                            signature serving_default
                              input   x: DT_DOUBLE[?]
                              output  half: DT_DOUBLE[?]
                              output  z: DT_DOUBLE[?]
                          tags [serve, tuned]
                            signature halves
                              input   x: DT_DOUBLE[?]
                              output  half: DT_DOUBLE[?]\
                        """);
        assertThatThrownBy(() -> loader.tags("tuned").savedModel())
                .hasMessage(
                        "Cannot load model 'tagged': expected a metagraph tagged [tuned], found [[serve], [serve, tuned]]. Name one with tags(\"serve\")");
    }

    @Test
    void listsTheSignatures() {
        ModelSignatures signatures = Program.signatures(fixtures.resolve("sevens"));
        assertThat(signatures.metaGraphs()).hasSize(1);
        assertThat(signatures.signature(List.of("serve"), "halves").orElseThrow())
                .hasToString(
                        sevens().signature("halves").savedModel().signature().toString());
        assertThat(signatures.signature(List.of("serve"), "thirds")).isEmpty();
        assertThat(ProgramFacts.signatures(sevens().savedModel())).containsExactly("halves", "serving_default");
    }

    @Test
    void takesAModelOutOfAnArchive(BufferAllocator allocator) throws IOException {
        Path archive = directory.resolve("sevens.zip");
        Path model = fixtures.resolve("sevens");
        try (var out = new ZipOutputStream(Files.newOutputStream(archive));
                var files = Files.walk(model)) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                out.putNextEntry(new ZipEntry("sevens/" + model.relativize(file)));
                Files.copy(file, out);
            }
        }
        Program program = Program.fromSavedModel(archive);
        assertThat(program)
                .isEqualTo(Program.fromSavedModel(model))
                .hasToString("sevens@" + program.sha256().substring(0, 8));
        assertThat(run(Program.fromSavedModel(archive, "halves"), allocator, 3)).containsExactly(1.5);
    }

    @Test
    void takesTheModelThatIsPinned() {
        String digest = sevens().savedModel().sha256();
        assertThat(sevens().sha256(digest.toUpperCase(Locale.ROOT)).savedModel().sha256())
                .isEqualTo(digest);
    }

    @Test
    void refusesAModelThatIsNotTheOnePinned() throws IOException {
        String other = "0".repeat(64);
        assertThatThrownBy(() -> sevens().sha256(other).savedModel())
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot load model 'sevens': expected SHA-256 %s, found %s. Copy the model again, or pin what was found with sha256(\"…\")"
                                .formatted(other, sevens().savedModel().sha256()));
        // before anything is made of it
        Path junk = Files.createDirectory(directory.resolve("junk"));
        Files.writeString(junk.resolve("saved_model.pb"), "no model");
        assertThatThrownBy(
                        () -> Program.load(ModelFolder.of(junk)).sha256(other).savedModel())
                .hasMessageStartingWith("Cannot load model 'junk': expected SHA-256 ");
        ModelLoader graph = graphLoader();
        assertThatThrownBy(() -> graph.sha256(other).graphDef("frozen.pb", List.of("x"), List.of("z")))
                .hasMessageStartingWith("Cannot load model 'frozen': expected SHA-256 ");
        ModelLoader checkpoint = checkpoint();
        assertThatThrownBy(() -> checkpoint.sha256(other).checkpoint("model.ckpt-100"))
                .hasMessageStartingWith("Cannot load model 'training': expected SHA-256 ");
    }

    @Test
    void refusesAPinThatIsNone() {
        assertThatThrownBy(() -> sevens().sha256("1f0c9a3b"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Invalid SHA-256: must be 64 hexadecimal digits, found '1f0c9a3b'. Take what sha256() of the program returns");
    }

    @Test
    void loadsAGraphByTheNamesOfTensors() throws IOException {
        ModelLoader loader = graphLoader();
        Program program = loader.graphDef("frozen.pb", List.of("x"), List.of("z"));
        assertThat(program.name()).isEqualTo("frozen");
        assertThat(program.signature())
                .hasToString("ProgramSignature[inputs=[x: DT_DOUBLE[?, 2]], outputs=[z: DT_DOUBLE[?, 1]]]");
        Program second = loader.graphDef("frozen.pb", List.of("x:0"), List.of("parts:1"));
        assertThat(second.signature())
                .hasToString("ProgramSignature[inputs=[x:0: DT_DOUBLE[?, 2]], outputs=[parts:1: DT_DOUBLE[?, 1]]]");
        assertThat(second.sha256()).isEqualTo(program.sha256());
        Program flat = loader.graphDef("frozen.pb", List.of("x"), List.of("scaled"));
        assertThat(flat.inputsOf(List.of("scaled"))).hasSize(1);
    }

    @Test
    void feedsTensorsThatTheGraphComputes() throws IOException {
        Program program = graphLoader().graphDef("frozen.pb", List.of("parts", "parts:1"), List.of("z"));
        assertThat(program.signature())
                .hasToString(
                        "ProgramSignature[inputs=[parts: DT_DOUBLE[?, 1], parts:1: DT_DOUBLE[?, 1]], outputs=[z: DT_DOUBLE[?, 1]]]");
        assertThat(program.inputsOf(List.of("z"))).hasSize(2);
        Program rows = ProgramRewrites.overRows(graphLoader().graphDef("frozen.pb", List.of("scaled:0"), List.of("z")));
        assertThat(rows.signature())
                .hasToString(
                        "ProgramSignature[inputs=[scaled:0: DT_DOUBLE[?, ?, 2]], outputs=[z: DT_DOUBLE[?, ?, 1]]]");
        assertThat(ProgramRewrites.segmented(program)).isEmpty();
    }

    @Test
    void refusesTensorsThatAGraphDoesNotHave() throws IOException {
        ModelLoader loader = graphLoader();
        assertThatThrownBy(() -> loader.graphDef("frozen.pb", List.of("y"), List.of("z")))
                .isInstanceOf(ProgramException.class)
                .hasMessageStartingWith(
                        "Cannot load model 'frozen': expected operation 'y' for input 'y', found operations [x, ")
                .hasMessageEndingWith("]. Name one of these");
        assertThatThrownBy(() -> loader.graphDef("frozen.pb", List.of("x"), List.of("parts:2")))
                .hasMessage(
                        "Cannot load model 'frozen': expected output 'parts:2' to be one of 2 tensors of operation 'parts', found no such. Name it as [parts:0, parts:1]");
        assertThatThrownBy(() -> loader.graphDef("frozen.pb", List.of("x"), List.of("parts:first")))
                .hasMessage(
                        "Cannot load model 'frozen': expected output 'parts:first' to be one of 2 tensors of operation 'parts', found no such. Name it as [parts:0, parts:1]");
        assertThatThrownBy(() -> loader.graphDef("frozen.pb", List.of(), List.of("z")))
                .hasMessage(
                        "Cannot load model 'frozen': expected inputs for all that outputs [z] need, found 'x' not among []. Name it as an input");
        assertThatThrownBy(() -> loader.graphDef("frozen.pb", List.of("x", "scaled"), List.of("z")))
                .hasMessage(
                        "Cannot load model 'frozen': expected input 'x' to be needed by outputs [z], found that it is not. Leave it out");
        assertThatThrownBy(() -> loader.graphDef("frozen.pb", List.of("x"), List.of("x")))
                .hasMessage(
                        "Cannot load model 'frozen': expected output 'x' to be computed, found an input, which TensorFlow does not hand back. Name an identity of it");
        assertThatThrownBy(() -> loader.graphDef("frozen.pb", List.of("x"), List.of()))
                .hasMessage("Cannot load model 'frozen': expected the name of an output, found none. Name one or more");
        assertThatThrownBy(() -> loader.graphDef("thawed.pb", List.of("x"), List.of("z")))
                .hasMessage(
                        "Cannot load model 'frozen': expected file 'thawed.pb' at '%s', found [frozen.pb]. Name one of these"
                                .formatted(directory.resolve("frozen.pb")));
        assertThatThrownBy(loader::savedModel)
                .hasMessage(
                        "Cannot load model 'frozen': expected saved_model.pb at '%s', found file 'frozen.pb'. Load a graph with graphDef(\"frozen.pb\", …)"
                                .formatted(directory.resolve("frozen.pb")));
    }

    @Test
    void refusesAFileThatIsNoGraph() throws IOException {
        Files.writeString(directory.resolve("text.pb"), "node { name: \"x\" }");
        ModelLoader loader = Program.load(ModelFolder.of(directory));
        assertThatThrownBy(() -> loader.graphDef("text.pb", List.of("x"), List.of("z")))
                .isInstanceOf(ProgramException.class)
                .hasMessageEndingWith(
                        "': expected a serialised GraphDef, found file 'text.pb' of 18 bytes to be none (Protocol message tag had invalid wire type.). Export it again, in binary form");
    }

    @Test
    void restoresACheckpointByASignature(BufferAllocator allocator) throws IOException {
        Program program = checkpoint().signature("serving_default").checkpoint("model.ckpt-100");
        assertThat(program.name()).isEqualTo("training");
        assertThat(program.restrictedTo(List.of("z")).signature())
                .hasToString("ProgramSignature[inputs=[x: DT_DOUBLE[?]], outputs=[z: DT_DOUBLE[?]]]");
        assertThat(run(program.restrictedTo(List.of("z")), allocator, 3)).containsExactly(10.0);
    }

    @Test
    void restoresACheckpointByTheNamesOfTensors(BufferAllocator allocator) throws IOException {
        Program program = checkpoint().checkpoint("model.ckpt-100", List.of("in"), List.of("out:0"));
        assertThat(program.signature())
                .hasToString("ProgramSignature[inputs=[in: DT_DOUBLE[?]], outputs=[out:0: DT_DOUBLE[?]]]");
        assertThat(run(program, allocator, 3)).containsExactly(10.0);
    }

    @Test
    void refusesACheckpointWithoutAllOfItsFiles() throws IOException {
        ModelLoader loader = checkpoint();
        assertThatThrownBy(loader::savedModel)
                .hasMessage(
                        "Cannot load model 'training': expected saved_model.pb at '%s', found file 'model.ckpt-100.meta'. Load a checkpoint with checkpoint(\"model.ckpt-100\")"
                                .formatted(directory.resolve("training")));
        assertThatThrownBy(() -> loader.checkpoint("model.ckpt-200"))
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot load model 'training': expected file 'model.ckpt-200.meta' at '%s', found [model.ckpt-100.data-00000-of-00001, model.ckpt-100.index, model.ckpt-100.meta]. Name one of these"
                                .formatted(directory.resolve("training")));
        Files.delete(directory.resolve("training/model.ckpt-100.index"));
        assertThatThrownBy(() -> loader.checkpoint("model.ckpt-100"))
                .hasMessage(
                        "Cannot load model 'training': expected file 'model.ckpt-100.index', since the model has variables, found no such file. Copy all files of the checkpoint");
    }
}
