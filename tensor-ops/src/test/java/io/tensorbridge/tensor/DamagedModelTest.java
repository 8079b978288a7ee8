package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.tensorbridge.model.ModelFolder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SortedMap;
import java.util.TreeMap;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.proto.SavedModel;

/** What is wrong with a saved model's files is told when the model is read, not when it is loaded or run. */
@ExtendWith(NativeMemoryExtension.class)
class DamagedModelTest {

    private static final String INDEX = "variables/variables.index";
    private static final String DATA = "variables/variables.data-00000-of-00001";

    @TempDir
    static Path fixtures;

    @TempDir
    Path directory;

    private Path model;

    @BeforeAll
    static void export() throws IOException {
        SevensModel.export(fixtures.resolve("sevens"));
    }

    @BeforeEach
    void copy() throws IOException {
        model = SevensModel.copy(fixtures.resolve("sevens"), directory.resolve("sevens"));
    }

    private static AbstractThrowableAssert<?, ?> refusalOf(Path path) {
        return assertThatThrownBy(() -> Program.fromSavedModel(path)).isInstanceOf(ProgramException.class);
    }

    private AbstractThrowableAssert<?, ?> refusal() {
        return refusalOf(model);
    }

    private void cut(String path, int percent) throws IOException {
        byte[] bytes = Files.readAllBytes(model.resolve(path));
        Files.write(model.resolve(path), Arrays.copyOf(bytes, bytes.length * percent / 100));
    }

    @Test
    void refusesAPathWhereNothingIs() {
        Path missing = directory.resolve("iris");
        refusalOf(missing)
                .hasMessage("Cannot load model 'iris': expected a model at '%s', found nothing there. Mend the path"
                        .formatted(missing));
    }

    @Test
    void refusesAnEmptyDirectory() throws IOException {
        Path empty = Files.createDirectory(directory.resolve("iris"));
        refusalOf(empty)
                .hasMessage(
                        "Cannot load model 'iris': expected a model at '%s', found no file there. Mend the path, or export the model again"
                                .formatted(empty));
    }

    @Test
    void refusesADirectoryWithoutAModel() throws IOException {
        Path other = Files.createDirectory(directory.resolve("iris"));
        Files.writeString(other.resolve("notes.txt"), "nothing here");
        refusalOf(other)
                .hasMessage(
                        "Cannot load model 'iris': expected saved_model.pb at '%s', found [notes.txt]. Mend the path, or export the model again"
                                .formatted(other));
    }

    @Test
    void namesTheFolderThatHoldsTheModel() throws IOException {
        Path versions = directory.resolve("versions");
        Files.createDirectory(versions);
        Files.move(model, versions.resolve("1"));
        refusalOf(versions)
                .hasMessage(
                        "Cannot load model 'versions': expected saved_model.pb at '%s', found file '1/saved_model.pb'. Load that folder"
                                .formatted(versions));
    }

    @ParameterizedTest
    @ValueSource(strings = {"iris.keras", "iris.h5", "iris.weights.h5", "iris.HDF5"})
    void refusesKerasOwnFormats(String file) throws IOException {
        Path keras = Files.write(directory.resolve(file), new byte[] {1, 2, 3});
        String message =
                "': expected saved_model.pb, found file '%s' in Keras' own format. Export it with model.export(\"…\"), and load that"
                        .formatted(file);
        refusalOf(keras).hasMessageEndingWith(message);
        Path holder = Files.createDirectory(directory.resolve("holder"));
        Files.move(keras, holder.resolve(file));
        refusalOf(holder).hasMessage("Cannot load model 'holder" + message);
    }

    @Test
    void refusesAnEmptyFile() throws IOException {
        cut("saved_model.pb", 0);
        refusal()
                .hasMessage(
                        "Cannot load model 'sevens': expected a model in file 'saved_model.pb', found it to be empty. Export it again");
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 50, 90, 99})
    void refusesAFileThatIsCutShort(int percent) throws IOException {
        cut("saved_model.pb", percent);
        refusal()
                .hasMessage(
                        "Cannot load model 'sevens': expected a saved model, found file 'saved_model.pb' of %d bytes to be corrupt (While parsing a protocol message, the input ended unexpectedly in the middle of a field.  This could mean either that the input has been truncated or that an embedded message misreported its own length.). Copy it again, or export it again"
                                .formatted(Files.size(model.resolve("saved_model.pb"))));
    }

    @Test
    void refusesText() throws IOException {
        Files.writeString(model.resolve("saved_model.pb"), "saved_model_schema_version: 1");
        refusal()
                .hasMessageStartingWith(
                        "Cannot load model 'sevens': expected a saved model, found file 'saved_model.pb' of 29 bytes to be corrupt (")
                .hasMessageEndingWith("). Copy it again, or export it again");
    }

    @Test
    void refusesAModelWithoutMetagraphs() throws IOException {
        Files.write(
                model.resolve("saved_model.pb"),
                SavedModel.newBuilder().setSavedModelSchemaVersion(1).build().toByteArray());
        refusal()
                .hasMessage(
                        "Cannot load model 'sevens': expected a metagraph tagged [serve], found []. Export the model again");
    }

    @Test
    void refusesTagsThatAreNotThere() {
        assertThatThrownBy(() ->
                        Program.load(ModelFolder.of(model)).tags("serve", "gpu").savedModel())
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot load model 'sevens': expected a metagraph tagged [serve, gpu], found [[serve]]. Name one with tags(\"serve\")");
    }

    @Test
    void refusesASignatureThatIsNotThere() {
        assertThatThrownBy(() -> Program.fromSavedModel(model, "classify"))
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot load model 'sevens': expected a signature 'classify', found [halves, serving_default]. Name one with signature(\"halves\")");
    }

    @ParameterizedTest
    @ValueSource(strings = {INDEX, DATA})
    void refusesAModelWithoutAFileOfItsVariables(String path) throws IOException {
        Files.delete(model.resolve(path));
        refusal()
                .hasMessage(
                        "Cannot load model 'sevens': expected file '%s', since the model has variables, found no such file. Copy the whole directory"
                                .formatted(path));
    }

    @Test
    void refusesAModelWithoutItsVariables() throws IOException {
        Files.delete(model.resolve(INDEX));
        Files.delete(model.resolve(DATA));
        Files.delete(model.resolve("variables"));
        refusal()
                .hasMessage(
                        "Cannot load model 'sevens': expected file '%s', since the model has variables, found no such file. Copy the whole directory"
                                .formatted(INDEX));
    }

    @Test
    void takesAModelWithoutVariablesIfItsOutputsNeedNone() throws IOException {
        Files.delete(model.resolve(INDEX));
        Files.delete(model.resolve(DATA));
        ProgramSession.load(Program.fromSavedModel(model, "halves"), SessionOptions.onCallingThread(1))
                .close();
    }

    @Test
    void refusesAnIndexThatIsCutShort() throws IOException {
        cut(INDEX, 90);
        refusal()
                .hasMessage(
                        "Cannot load model 'sevens': expected the index of a checkpoint, found file '%s' of %d bytes to have another kind of file. Copy it again, or export it again"
                                .formatted(INDEX, Files.size(model.resolve(INDEX))));
    }

    @Test
    void refusesVariablesThatAreCutShort() throws IOException {
        cut(DATA, 50);
        refusal()
                .hasMessage(
                        "Cannot load model 'sevens': expected variable 'v' to end at byte 8 of file '%s', found the file to have 4. Copy it again"
                                .formatted(DATA));
    }

    @Test
    void refusesVariablesThatWereChanged() throws IOException {
        byte[] bytes = Files.readAllBytes(model.resolve(DATA));
        bytes[0] ^= 1;
        Files.write(model.resolve(DATA), bytes);
        refusal()
                .hasMessage(
                        "Cannot load model 'sevens': expected the values of variable 'v' as they were written, found others from byte 0 of file '%s' on. Copy it again, or export it again"
                                .formatted(DATA));
    }

    @Test
    void refusesTheVariablesOfAnotherModel() throws IOException {
        Path file = model.resolve("saved_model.pb");
        String names = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        // the name under which the variable is restored, a string of one character, and not that of its operation
        Files.write(file, names.replace("B\001v", "B\001w").getBytes(StandardCharsets.ISO_8859_1));
        refusal()
                .hasMessage(
                        "Cannot load model 'sevens': expected variable 'w', which the model restores, found none of that name in file '%s'. Copy the files of one model"
                                .formatted(INDEX));
    }

    @Test
    void refusesVariablesThatNothingRestores() throws IOException {
        Path file = model.resolve("saved_model.pb");
        var saved = SavedModel.parseFrom(Files.readAllBytes(file)).toBuilder();
        saved.getMetaGraphsBuilder(0).clearSaverDef();
        Files.write(file, saved.build().toByteArray());
        refusal()
                .hasMessage(
                        "Cannot load model 'sevens': expected variable 'v', which its outputs need, to be restored when it is loaded, found that nothing does. Export it again, with that variable saved");
    }

    @Test
    void refusesLinks() throws IOException {
        Path target = directory.resolve("elsewhere");
        Files.move(model.resolve(INDEX), target);
        Files.createSymbolicLink(model.resolve(INDEX), target);
        refusal()
                .hasMessage(
                        "Cannot load model 'sevens': expected files alone at '%s', found '%s' to be a link. Copy the files themselves"
                                .formatted(model, INDEX));
    }

    @Test
    void followsALinkToTheModelItself() throws IOException {
        Path latest = Files.createSymbolicLink(directory.resolve("latest"), model);
        ProgramSession.load(Program.fromSavedModel(latest), SessionOptions.onCallingThread(1))
                .close();
    }

    @Test
    void refusesFilesThatMayNotBeRead() {
        ModelFolder forbidden = new Listed("s3a://models/iris", 100) {
            @Override
            public InputStream open(String path) throws IOException {
                throw new AccessDeniedException("s3a://models/iris/" + path);
            }
        };
        assertThatThrownBy(() -> Program.load(forbidden).savedModel())
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot load model 'iris': expected a model that can be read at 's3a://models/iris', found no permission. Let the driver's user read it");
    }

    @Test
    void refusesDirectoriesThatMayNotBeRead() throws IOException {
        Files.setPosixFilePermissions(model, java.util.Set.of());
        assumeThat(Files.isReadable(model))
                .as("the super-user reads everything")
                .isFalse();
        refusal()
                .hasMessage(
                        "Cannot load model 'sevens': expected a model that can be read at '%s', found no permission. Let the driver's user read it"
                                .formatted(model));
    }

    @Test
    void refusesFilesThatCannotBeRead() {
        ModelFolder broken = new Listed("s3a://models/iris", 100) {
            @Override
            public InputStream open(String path) throws IOException {
                throw new IOException("Connection reset");
            }
        };
        assertThatThrownBy(() -> Program.load(broken).savedModel())
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot load model 'iris': expected a model that can be read at 's3a://models/iris', found that it cannot (Connection reset). Try again, or copy it elsewhere");
    }

    @Test
    void refusesMoreThanAProtobufHolds() {
        var large = new Listed("iris", 1L << 31);
        assertThatThrownBy(() -> Program.load(large).savedModel())
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot load model 'iris': expected at most 2147483647 bytes in file 'saved_model.pb', found 2147483648. Keep large values as variables of a saved model");
    }

    @Test
    void refusesMoreFilesThanAModelHas() {
        var many = new Listed("iris", 1) {
            @Override
            public SortedMap<String, Long> list() {
                SortedMap<String, Long> lengths = super.list();
                for (int i = 0; i < 10_000; i++) {
                    lengths.put("photo" + i, 1L);
                }
                return lengths;
            }
        };
        assertThatThrownBy(() -> Program.load(many).savedModel())
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot load model 'iris': expected a model of at most 10000 files and 1099511627776 bytes at 'iris', found 10001 files and 10001 bytes. Mend the path");
    }

    /** A folder of a saved model that says to be so long. */
    private static class Listed implements ModelFolder {

        private final String location;
        private final long length;

        Listed(String location, long length) {
            this.location = location;
            this.length = length;
        }

        @Override
        public String location() {
            return location;
        }

        @Override
        public SortedMap<String, Long> list() {
            SortedMap<String, Long> lengths = new TreeMap<>();
            lengths.put("saved_model.pb", length);
            return lengths;
        }

        @Override
        public InputStream open(String path) throws IOException {
            return new ByteArrayInputStream(new byte[0]);
        }
    }
}
