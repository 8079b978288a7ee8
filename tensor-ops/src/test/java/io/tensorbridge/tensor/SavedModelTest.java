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
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.Float8Vector;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.TensorInfo;

@ExtendWith(NativeMemoryExtension.class)
class SavedModelTest {

    @TempDir
    static Path fixtures;

    @TempDir
    Path directory;

    @BeforeAll
    static void export() throws IOException {
        SevensModel.export(fixtures.resolve("sevens"));
    }

    /** Returns a copy of the model, for a test to spoil. */
    private Path model() throws IOException {
        return SevensModel.copy(fixtures.resolve("sevens"), directory.resolve("sevens"));
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

    @ParameterizedTest
    @ValueSource(strings = {"saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"})
    void refusesFilesThatWereChangedOnTheirWay(String data) throws IOException {
        Program program = Program.fromSavedModel(model());
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

    /** Makes the signature's output mean another tensor. */
    private static void rename(String output, String tensor, Path model) throws IOException {
        change(output, model, info -> info.setName(tensor));
    }

    private static void change(String output, Path model, UnaryOperator<TensorInfo.Builder> change) throws IOException {
        Path file = model.resolve("saved_model.pb");
        var saved = SavedModel.parseFrom(Files.readAllBytes(file)).toBuilder();
        var metaGraph = saved.getMetaGraphsBuilder(0);
        var signature = metaGraph.getSignatureDefOrThrow("serving_default").toBuilder();
        signature.putOutputs(
                output,
                change.apply(signature.getOutputsOrThrow(output).toBuilder()).build());
        metaGraph.putSignatureDef("serving_default", signature.build());
        Files.write(file, saved.build().toByteArray());
    }

    @Test
    void refusesASignatureOfTensorsThatAreNotThere() throws IOException {
        Path model = model();
        for (String tensor : List.of("nowhere:0", "out:first", "out:1")) {
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
                        "Cannot load model 'sevens': expected output 'z' of signature 'serving_default' to be computed, found an input, which TensorFlow does not hand back. Export the model with an identity there");
    }

    @Test
    void refusesATensorOfAnotherTypeThanItsSignatureSays() throws IOException {
        Path model = model();
        change("z", model, info -> info.setDtype(DataType.DT_FLOAT));
        assertThatThrownBy(() -> Program.fromSavedModel(model))
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot load model 'sevens': expected tensor 'out:0' of DT_FLOAT, as its signature says, found DT_DOUBLE in its graph. Export it again");
    }
}
