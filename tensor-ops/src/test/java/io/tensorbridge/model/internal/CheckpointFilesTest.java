package io.tensorbridge.model.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.model.ModelFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;

class CheckpointFilesTest {

    private static final String PREFIX = "variables/variables";
    private static final String INDEX = "variables/variables.index";
    private static final String DATA = "variables/variables.data-00000-of-00001";

    @TempDir
    static Path written;

    @TempDir
    Path directory;

    /** Writes a checkpoint as TensorFlow does: numbers of several sizes, an empty tensor, strings long and short. */
    @BeforeAll
    static void write() {
        try (var graph = new Graph();
                var session = new Session(graph)) {
            Ops tf = Ops.create(graph);
            List<Operand<?>> tensors = List.of(
                    tf.array(1.5f, 2.5f, 3.5f),
                    tf.constant(7.0),
                    tf.constant(new int[0]),
                    tf.constant(8.0), // where the empty one is, and before it by name
                    tf.array("", "seven", "x".repeat(300), "é"),
                    tf.constant(new long[1000]),
                    tf.array(true, false));
            var save = tf.train.save(
                    tf.constant(written.resolve(PREFIX).toString()),
                    tf.array("floats", "double", "empty", "afterwards", "strings", "longs", "layer/booleans"),
                    tf.array("", "", "", "", "", "", ""),
                    tensors);
            session.runner().addTarget(save).run().close();
        }
    }

    @BeforeEach
    void copy() throws IOException {
        Files.createDirectories(directory.resolve("variables"));
        for (String path : List.of(INDEX, DATA)) {
            Files.copy(written.resolve(path), directory.resolve(path));
        }
    }

    private CheckpointFiles read() throws IOException {
        return CheckpointFiles.read(ModelFiles.copyOf(ModelFolder.of(directory)), PREFIX);
    }

    private byte[] bytes(String path) throws IOException {
        return Files.readAllBytes(directory.resolve(path));
    }

    @Test
    void readsWhatTensorFlowWrites() throws IOException {
        CheckpointFiles checkpoint = read();
        assertThat(checkpoint.typeOf("floats")).contains(DataType.DT_FLOAT);
        assertThat(checkpoint.typeOf("strings")).contains(DataType.DT_STRING);
        assertThat(checkpoint.typeOf("layer/booleans")).contains(DataType.DT_BOOL);
        assertThat(checkpoint.typeOf("nothing")).isEmpty();
        assertThatCode(checkpoint::checkValues).doesNotThrowAnyException();
    }

    @Test
    void findsEveryChangeOfTheIndex() throws IOException {
        byte[] sound = bytes(INDEX);
        for (int i = 0; i < sound.length; i++) {
            byte[] changed = sound.clone();
            changed[i] ^= 0x10;
            Files.write(directory.resolve(INDEX), changed);
            if (isOfTheFooter(i, sound.length)) {
                continue; // where the table says things of itself, and what fills the footer up
            }
            assertThatThrownBy(this::read)
                    .as("byte %d of %d", i, sound.length)
                    .isInstanceOf(ModelFileException.class)
                    .hasMessageStartingWith("expected the index of a checkpoint, found file '%s' of %d bytes to have "
                            .formatted(INDEX, sound.length))
                    .hasMessageEndingWith(". Copy it again, or export it again");
        }
    }

    private static boolean isOfTheFooter(int i, int length) {
        return i >= length - 48 && i < length - 8;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 10, 50, 90, 99})
    void findsAnIndexThatIsCutShort(int percent) throws IOException {
        byte[] sound = bytes(INDEX);
        Files.write(directory.resolve(INDEX), Arrays.copyOf(sound, sound.length * percent / 100));
        assertThatThrownBy(this::read)
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining(
                        "found file '%s' of %d bytes to have ".formatted(INDEX, sound.length * percent / 100));
    }

    @Test
    void findsEveryChangeOfTheValues() throws IOException {
        byte[] sound = bytes(DATA);
        int found = 0;
        for (int i = 0; i < sound.length; i += 7) {
            byte[] changed = sound.clone();
            changed[i] ^= 1;
            Files.write(directory.resolve(DATA), changed);
            assertThatThrownBy(() -> read().checkValues())
                    .as("byte %d of %d", i, sound.length)
                    .isInstanceOf(ModelFileException.class)
                    .hasMessageMatching(
                            "expected the values of variable '.+' as they were written, found others from byte \\d+ of file '%s' on\\. Copy it again, or export it again"
                                    .formatted(DATA));
            found++;
        }
        assertThat(found).isGreaterThan(1000);
    }

    @Test
    void findsValuesThatAreCutShort() throws IOException {
        byte[] sound = bytes(DATA);
        Files.write(directory.resolve(DATA), Arrays.copyOf(sound, sound.length - 1));
        assertThatThrownBy(this::read)
                .isInstanceOf(ModelFileException.class)
                .hasMessage(
                        "expected variable 'layer/booleans' to end at byte %d of file '%s', found the file to have %d. Copy it again"
                                .formatted(sound.length, DATA, sound.length - 1));
    }

    @ParameterizedTest
    @ValueSource(strings = {INDEX, DATA})
    void findsAFileToBeMissing(String path) throws IOException {
        Files.delete(directory.resolve(path));
        assertThatThrownBy(this::read)
                .isInstanceOf(ModelFileException.class)
                .hasMessage(
                        "expected file '%s', since the model has variables, found no such file. Copy the whole directory"
                                .formatted(path));
    }
}
