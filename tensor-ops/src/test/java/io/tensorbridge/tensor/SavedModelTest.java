package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.model.internal.ModelFiles;
import io.tensorbridge.model.internal.PrivateDirectory;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.Float8Vector;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.Graph;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Session;
import org.tensorflow.Signature;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.types.TFloat64;

@ExtendWith(NativeMemoryExtension.class)
class SavedModelTest {

    @TempDir
    static Path fixtures;

    @TempDir
    Path directory;

    /**
     * Makes a model {@code z = x + v} with a variable v = 7, {@code half = x / 2} beside it. Once, before any test:
     * TensorFlow Java's exporter leaves a handle open.
     */
    @BeforeAll
    static void export() throws IOException {
        try (var graph = new Graph()) {
            Ops tf = Ops.create(graph);
            var v = tf.withName("v").variable(Shape.scalar(), TFloat64.class);
            var assign = tf.assign(v, tf.constant(7.0));
            var x = tf.withName("in").placeholder(TFloat64.class, Placeholder.shape(Shape.of(-1)));
            var z = tf.withName("out").math.add(x, v);
            var half = tf.math.div(x, tf.constant(2.0));
            try (var session = new Session(graph)) {
                session.runner().addTarget(assign).run().close();
                SavedModelBundle.exporter(fixtures.resolve("sevens").toString())
                        .withTags("serve")
                        .withSession(session)
                        .withSignature(Signature.builder()
                                .key("serving_default")
                                .input("x", x)
                                .output("z", z)
                                .output("half", half)
                                .build())
                        .export();
            }
        }
    }

    /** Returns a copy of the model, for a test to spoil. */
    private Path model() throws IOException {
        Path from = fixtures.resolve("sevens");
        Path to = directory.resolve("sevens");
        try (var files = Files.walk(from)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.copy(file, to.resolve(from.relativize(file).toString()));
            }
        }
        return to;
    }

    @Test
    void loadsAModelWithItsVariables(BufferAllocator allocator) throws IOException {
        Program program = Program.fromSavedModel(model());
        assertThat(program.name()).isEqualTo("sevens");
        assertThat(program.signature().inputs())
                .extracting(TensorSpec::toString)
                .containsExactly("x: DT_DOUBLE[?]");
        assertThat(program.signature().outputs())
                .extracting(TensorSpec::toString)
                .containsExactly("half: DT_DOUBLE[?]", "z: DT_DOUBLE[?]");
        // loading is not part of what the outputs need, so restoring the variable does not cost the alias
        assertThat(program.copiesInputsBecauseOf()).isEmpty();

        var fetch = Fetch.of("z", ElementType.FLOAT64.field("z", 0));
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1));
                var runner = session.runner(
                        program, List.of(Feed.of("x", "x")), List.of(fetch), allocator, new TransferLedger());
                var x = Vectors.doubles("x", allocator, 1, 2);
                var out = runner.run(List.of(x))) {
            assertThat(((Float8Vector) out.getVector("z")).get(1)).isEqualTo(9);
        }
    }

    @Test
    void leavesNoFilesBehind() throws IOException {
        Program program = Program.fromSavedModel(model());
        List<Path> before = privateFiles();
        ProgramSession.load(program, SessionOptions.onCallingThread(1)).close();
        assertThat(privateFiles()).isEqualTo(before);
    }

    private static List<Path> privateFiles() throws IOException {
        try (var files = Files.list(PrivateDirectory.ofThisProcess().path())) {
            return files.sorted().toList();
        }
    }

    @Test
    void doesNotNeedItsDirectoryOnceItIsRead() throws IOException {
        Path model = model();
        Program program = Program.fromSavedModel(model);
        PrivateDirectory.delete(model);
        ProgramSession.load(program, SessionOptions.onCallingThread(1)).close();
    }

    @Test
    void refusesFilesThatWereChangedOnTheirWay() throws IOException {
        Program program = Program.fromSavedModel(model());
        String data = "variables/variables.data-00000-of-00001";
        byte[] tampered = program.files().bytes(data).clone();
        tampered[0] ^= 1;
        Program shipped = program.movedBy(files -> files.movedBy(
                (path, contents) -> path.equals(data) ? () -> new ByteArrayInputStream(tampered) : contents));
        assertThatThrownBy(() -> ProgramSession.load(shipped, SessionOptions.onCallingThread(1)))
                .isInstanceOf(ProgramException.class)
                .hasMessageMatching(
                        Pattern.quote("Cannot load program 'sevens': expected files of SHA-256 %s, found %s in "
                                        .formatted(
                                                program.sha256(),
                                                program.files()
                                                        .with(data, tampered)
                                                        .digest()))
                                + "/\\S+, so they were changed on their way\\. Run it again; if it fails again on this machine, check its disk and memory");
    }

    @Test
    void saysWhereFilesCannotBeWritten() throws IOException {
        Program program = Program.fromSavedModel(model());
        Program shipped = program.movedBy(files -> files.movedBy((path, contents) -> () -> {
            throw new FileSystemException("saved_model.pb", null, "No space left on device");
        }));
        assertThatThrownBy(() -> ProgramSession.load(shipped, SessionOptions.onCallingThread(1)))
                .isInstanceOf(ProgramException.class)
                .hasMessageMatching(
                        "Cannot load program 'sevens': cannot write its files to /\\S+ \\(java\\.nio\\.file\\.FileSystemException: saved_model\\.pb: No space left on device\\)\\. Mend "
                                + Pattern.quote(System.getProperty("java.io.tmpdir"))
                                + ", or name another directory with java\\.io\\.tmpdir");
    }

    @Test
    void refusesToHaveFilesMovedToOtherContents() throws IOException {
        Program program = Program.fromSavedModel(model());
        ModelFiles other = ModelFiles.ofGraph(new byte[0]);
        assertThatThrownBy(() -> program.movedBy(files -> other))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Cannot move the files of program 'sevens': expected SHA-256 %s, found %s"
                        .formatted(program.sha256(), other.digest()));
    }

    @Test
    void refusesADirectoryThatIsNotThere() {
        Path missing = directory.resolve("iris");
        assertThatThrownBy(() -> Program.fromSavedModel(missing))
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot load model 'iris': expected a directory that holds saved_model.pb, found no directory %s"
                                .formatted(missing));
    }

    @Test
    void refusesADirectoryWithoutAModel() throws IOException {
        Files.writeString(directory.resolve("notes.txt"), "nothing here");
        assertThatThrownBy(() -> Program.fromSavedModel(directory))
                .isInstanceOf(ProgramException.class)
                .hasMessage("Cannot load model '%s': expected saved_model.pb in %s, found [notes.txt]"
                        .formatted(directory.getFileName(), directory));
    }

    @Test
    void refusesAnEmptyFile() throws IOException {
        Path model = model();
        Files.write(model.resolve("saved_model.pb"), new byte[0]);
        assertThatThrownBy(() -> Program.fromSavedModel(model))
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot load model 'sevens': expected a saved model, found saved_model.pb to be empty. Export it again");
    }

    @Test
    void refusesATruncatedFile() throws IOException {
        Path model = model();
        byte[] bytes = Files.readAllBytes(model.resolve("saved_model.pb"));
        Files.write(model.resolve("saved_model.pb"), java.util.Arrays.copyOf(bytes, bytes.length / 2));
        assertThatThrownBy(() -> Program.fromSavedModel(model))
                .isInstanceOf(ProgramException.class)
                .hasMessageStartingWith(
                        "Cannot load model 'sevens': expected a saved model, found saved_model.pb of %d bytes to be corrupt ("
                                .formatted(bytes.length / 2))
                .hasMessageEndingWith("). Export it again");
    }

    @Test
    void refusesAModelWithoutItsVariables() throws IOException {
        Path model = model();
        Files.delete(model.resolve("variables/variables.index"));
        assertThatThrownBy(() -> Program.fromSavedModel(model))
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot load model 'sevens': expected variables/variables.index, since the model has variables, found no such file. Copy the whole directory");
    }

    @Test
    void refusesCorruptVariablesWhenItLoads() throws IOException {
        Path model = model();
        Path data = model.resolve("variables/variables.data-00000-of-00001");
        byte[] bytes = Files.readAllBytes(data);
        bytes[0] ^= 1;
        Files.write(data, bytes);
        Program program = Program.fromSavedModel(model);
        assertThatThrownBy(() -> ProgramSession.load(program, SessionOptions.onCallingThread(1)))
                .isInstanceOf(ProgramException.class)
                .hasMessageStartingWith("Cannot load program 'sevens': ")
                .hasMessageContaining("Checksum does not match");
    }

    @Test
    void refusesASignatureThatIsNotThere() throws IOException {
        Path model = model();
        assertThatThrownBy(() -> Program.fromSavedModel(model, "classify"))
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot load model 'sevens': expected a signature 'classify', found [serving_default]. Name one with fromSavedModel(path, \"…\")");
    }

    /** Makes the signature's output mean another tensor. */
    private static void rename(String output, String tensor, Path model) throws IOException {
        Path file = model.resolve("saved_model.pb");
        var saved = SavedModel.parseFrom(Files.readAllBytes(file)).toBuilder();
        var metaGraph = saved.getMetaGraphsBuilder(0);
        var signature = metaGraph.getSignatureDefOrThrow("serving_default").toBuilder();
        signature.putOutputs(
                output,
                signature.getOutputsOrThrow(output).toBuilder().setName(tensor).build());
        metaGraph.putSignatureDef("serving_default", signature.build());
        Files.write(file, saved.build().toByteArray());
    }

    @Test
    void refusesASignatureOfTensorsThatAreNotThere() throws IOException {
        Path model = model();
        for (String tensor : List.of("nowhere:0", "out:first")) {
            rename("z", tensor, model);
            assertThatThrownBy(() -> Program.fromSavedModel(model))
                    .isInstanceOf(ProgramException.class)
                    .hasMessage(
                            "Cannot load model 'sevens': expected tensor '%s', which its signature calls 'z', found none in its graph. Export it again"
                                    .formatted(tensor));
        }
    }

    @Test
    void refusesAnOutputThatIsAnInput() throws IOException {
        Path model = model();
        rename("z", "in:0", model);
        assertThatThrownBy(() -> Program.fromSavedModel(model))
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot load model 'sevens': output 'z' of signature 'serving_default' is an input as well, which TensorFlow does not hand back. Export the model with an identity there");
    }

    @Test
    void refusesATensorThatItsOperationDoesNotHave(BufferAllocator allocator) throws IOException {
        Path model = model();
        rename("z", "out:1", model);
        Program program = Program.fromSavedModel(model);
        var fetch = Fetch.of("z", ElementType.FLOAT64.field("z", 0));
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1))) {
            assertThatThrownBy(() -> session.runner(
                            program, List.of(Feed.of("x", "x")), List.of(fetch), allocator, new TransferLedger()))
                    .isInstanceOf(ProgramException.class)
                    .hasMessage("Cannot run program 'sevens': its graph has no tensor 'out:1'");
        }
    }
}
