package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.tensorbridge.model.ModelFolder;
import io.tensorbridge.model.ModelPolicy;
import io.tensorbridge.model.ModelTarget;
import io.tensorbridge.model.internal.ModelFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TUint8;

/** What is wrong with a saved program is told when it is read; what comes back is equal, or nothing does. */
@ExtendWith(NativeMemoryExtension.class)
class DamagedProgramTest {

    private static final String JSON = "program.json";
    private static final byte[][] NO_STRINGS = {};

    private static Program program() {
        return Programs.plusThree().named("plus").warmUp(Map.of("x", TensorValue.of(Shape.of(1), 1.0)));
    }

    private final SavedFiles saved = SavedFiles.of(program());

    private AbstractThrowableAssert<?, ?> refusal() {
        return assertThatThrownBy(saved::load).isInstanceOf(ProgramException.class);
    }

    private String json() {
        return new String(saved.bytes(JSON), StandardCharsets.UTF_8);
    }

    private void json(String json) {
        saved.contents.put(JSON, json.getBytes(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 32, 128})
    void refusesEveryByteThatIsAnother(int flip) {
        List<String> accepted = new ArrayList<>();
        for (var file : saved.contents.entrySet()) {
            byte[] bytes = file.getValue();
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] ^= (byte) flip;
                if (!(catchThrowable(saved::load) instanceof ProgramException)) {
                    accepted.add(file.getKey() + " at " + i);
                }
                bytes[i] ^= (byte) flip;
            }
        }
        assertThat(accepted).isEmpty();
        assertThat(saved.load()).isEqualTo(program());
    }

    @Test
    void refusesEveryFileThatIsCutShort() {
        List<String> accepted = new ArrayList<>();
        for (var file : Map.copyOf(saved.contents).entrySet()) {
            for (int length = 0; length < file.getValue().length; length++) {
                saved.contents.put(file.getKey(), Arrays.copyOf(file.getValue(), length));
                if (!(catchThrowable(saved::load) instanceof ProgramException)) {
                    accepted.add(file.getKey() + " of " + length);
                }
            }
            saved.contents.put(file.getKey(), file.getValue());
        }
        assertThat(accepted).isEmpty();
        assertThat(saved.load()).isEqualTo(program());
    }

    @ParameterizedTest
    @ValueSource(strings = {"files/graph.pb", "signature.pb", "warmup.pb"})
    void refusesAFileThatIsMissing(String path) {
        saved.contents.remove(path);
        refusal()
                .hasMessage(
                        "Cannot load model 'saved': expected file '%s', which program.json lists, found none at 'memory/saved'. Copy all files of it, or save the program again",
                        path);
    }

    @Test
    void refusesWhatWasNotSavedToItsEnd() {
        saved.contents.remove(JSON);
        refusal()
                .hasMessage(
                        "Cannot load model 'saved': expected file 'program.json' of a saved program at 'memory/saved', found [files/graph.pb, signature.pb, warmup.pb]. Mend the path, or save the program again");
    }

    @Test
    void refusesFilesOfAnotherLengthOrContents() {
        byte[] graph = saved.bytes("files/graph.pb");
        saved.contents.put("files/graph.pb", new byte[10]);
        refusal()
                .hasMessage(
                        "Cannot load model 'saved': expected %d bytes in file 'files/graph.pb', found 10. Copy it again, or save the program again",
                        graph.length);
        byte[] other = new byte[graph.length];
        saved.contents.put("files/graph.pb", other);
        refusal()
                .hasMessage(
                        "Cannot load model 'saved': expected file 'files/graph.pb' of SHA-256 %s, found %s. Copy it again, or save the program again",
                        ModelFiles.ofGraph(graph).sha256("graph.pb"),
                        ModelFiles.ofGraph(other).sha256("graph.pb"));
    }

    @Test
    void readsNothingThatIsNotListed() {
        saved.contents.put("files/other.pb", new byte[10]);
        saved.contents.put("_SUCCESS", new byte[0]);
        saved.contents.put(".program.json.crc", new byte[8]);
        assertThat(saved.load()).isEqualTo(program());
        assertThat(saved.load().bytes()).isEqualTo(program().bytes());
    }

    @Test
    void saysWhichVersionWroteAFormatOfTheFuture() {
        json("""
                {"format": 7, "writtenBy": "Tensorbridge 9.1", "parts": [[[]]]}""");
        refusal()
                .hasMessage(
                        "Cannot load model 'saved': expected format 1 in file 'program.json', which %s reads, found format 7, written by Tensorbridge 9.1. Load it with that version, or save it again with this one",
                        LibraryVersion.current());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"format\" : 1 | \"format\" : 0 | field 'format' is no format",
                "\"format\" : 1 | \"format\" : -1 | field 'format' is no format",
                "\"format\" : 1 | \"format\" : 1.0 | field 'format' is no format",
                "\"format\" : 1 | \"format\" : \"1\" | field 'format' is no format",
                "\"format\" : 1 | \"format\" : 99999999999 | field 'format' is no format",
                "\"format\" : 1 | \"formats\" : 1 | field 'format' is no format",
                "\"name\" : \"plus\" | \"name\" : 7 | field 'name' is no string",
                "\"name\" : \"plus\" | \"name\" : \"  \" | field 'name' is no string",
                "\"name\" : \"plus\" | \"nama\" : \"plus\" | field 'nama' is unknown",
                "\"name\" : \"plus\" | \"name\" : \"minus\" | what it says is not what was written",
                "\"checks\" : { } | \"checks\" : [ ] | field 'checks' has others than this version knows",
                "\"checks\" : { } | \"checks\" : { \"x\" : 1 } | field 'checks' has others than this version knows",
                "\"checks\" : { } | \"checks\" : { \"x\" : { \"kind\" : \"sound\", \"maxPixels\" : 1 } } | field 'checks' has others than this version knows",
                "\"checks\" : { } | \"checks\" : { \"x\" : { \"kind\" : \"image\", \"maxPixels\" : 0 } } | field 'checks' has others than this version knows",
                "\"checks\" : { } | \"checks\" : { \"x\" : { \"kind\" : \"image\", \"maxPixels\" : 1 } } | what it says is not what was written",
                "\"checks\" : { } | \"checks\" : { \"x\" : { \"kind\" : \"image\", \"maxPixels\" : 1, \"more\" : 1 } } | field 'checks' has others than this version knows",
                "\"checks\" : { } | \"checks\" : { \"x\" : { \"kind\" : \"image\", \"maxPixels\" : 1.5 } } | field 'checks' has others than this version knows",
                "\"checks\" : { } | \"checks\" : { \"x\" : { \"kind\" : \"image\", \"maxPixels\" : 18446744073709551617 } } | field 'checks' has others than this version knows",
                "[ \"z\" ] | [ \"z\", \"z\" ] | field 'outputs' has a name twice",
                "\"signature.pb\" | \"files/other.pb\" | field 'files' lists what no saved program has",
                "\"bytes\" : 9, | \"bytes\" : 18446744073709551625, | file 'files/graph.pb' has no length",
                "\"bytes\" : 9, | \"bytes\" : 0, | what it says is not what was written",
                "GRAPH_DEF | JAVA_OBJECT | field 'form' is none of [GRAPH_DEF, SAVED_MODEL]",
                "\"tags\" : [ ] | \"tags\" : { } | field 'tags' is no list",
                "[ \"x\" ] | [ \"x\", 1 ] | field 'inputs' is no list of strings",
                "[ \"x\" ] | [ \"x\", \"x\" ] | field 'inputs' has a name twice",
                "\"signature.pb\" | \"../signature.pb\" | '../signature.pb' is no file of a saved program",
                "\"files/graph.pb\" | \"files/../graph.pb\" | 'files/../graph.pb' is no file of a saved program",
                "\"files/graph.pb\" | \"/etc/passwd\" | '/etc/passwd' is no file of a saved program",
                "\"files/graph.pb\" | \"files//graph.pb\" | 'files//graph.pb' is no file of a saved program",
                "\"files/graph.pb\" | \"files/a\\\\..\\\\b\" | 'files/a\\..\\b' is no file of a saved program",
                "\"files/graph.pb\" | \"files/./graph.pb\" | 'files/./graph.pb' is no file of a saved program",
                "\"files/graph.pb\" | \"files/\" | 'files/' is no file of a saved program",
                "\"files/graph.pb\" | \"program.json\" | 'program.json' is no file of a saved program",
                "\"signature.pb\" | \"warmup.pb\" | Duplicate field 'warmup.pb'",
                "\"bytes\" : 9, | \"bytes\" : -9, | file 'files/graph.pb' has no length",
                "\"bytes\" : 9, | \"bytes\" : 9.5, | file 'files/graph.pb' has no length",
                "\"bytes\" : 9, | \"bytes\" : 99999999999999, | file 'files/graph.pb' has no length",
                "\"bytes\" : 9, | \"bytes\" : 1e3, | file 'files/graph.pb' has no length",
                "\"bytes\" : 9, | \"bytes\" : 9, \"class\" : \"java.lang.Runtime\", | file 'files/graph.pb' has no length",
                "\"bytes\" : 9, | `` | file 'files/graph.pb' has no length",
                "\"files\" : { | \"more\" : 1, \"files\" : { | field 'more' is unknown",
                "\"files\" : { | \"name\" : \"plus\", \"files\" : { | Duplicate field 'name'",
            })
    void refusesADescriptionThatIsNone(String from, String to, String reason) {
        String generalised = json().replaceFirst("\"bytes\" : \\d+,", "\"bytes\" : 9,");
        assertThat(generalised).contains(from);
        json(generalised.replace(from, to));
        refusal()
                .hasMessage(
                        "Cannot load model 'saved': expected a saved program, found file 'program.json' to be damaged (%s). Copy it again, or save the program again",
                        reason);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "[]", "null", "7", "\"plus\"", "{}", "{\"format\":", "{} {}", "\u0000", "PK\u0003\u0004"})
    void refusesWhatIsNoDescription(String json) {
        json(json);
        refusal()
                .hasMessageStartingWith(
                        "Cannot load model 'saved': expected a saved program, found file 'program.json' to be damaged (")
                .hasMessageEndingWith("). Copy it again, or save the program again");
    }

    @Test
    void refusesWhatStandsBehindADescription() {
        json(json() + " {}");
        refusal().hasMessageContaining("found file 'program.json' to be damaged (Trailing token");
    }

    @Test
    void takesTheNextFormatForALaterOne() {
        json("{\"format\": 2}");
        refusal().hasMessageContaining("found format 2, written by a later version. Load it with that version");
    }

    @Test
    void refusesDescriptionsBeyondMeasure() {
        json("[".repeat(100_000));
        refusal().hasMessageContaining("nesting depth (9) exceeds the maximum allowed");
        json("{\"format\":" + "9".repeat(100_000));
        refusal().hasMessageContaining("exceeds the maximum allowed");
        json("{\"name\":\"" + "a".repeat(100_000) + "\"}");
        refusal().hasMessageContaining("exceeds the maximum allowed");
        json(" ".repeat(DescriptionJson.MOST_BYTES + 1));
        refusal()
                .hasMessage(
                        "Cannot load model 'saved': expected at most 16777216 bytes in file 'program.json', found 16777217. Copy it again, or save the program again");
    }

    /** Loses a file after having listed it so many times. */
    private record Losing(SavedFiles saved, String path, AtomicInteger lists) implements ModelFolder {

        @Override
        public String location() {
            return saved.location();
        }

        @Override
        public SortedMap<String, Long> list() {
            SortedMap<String, Long> lengths = saved.list();
            if (lists.getAndDecrement() <= 0) {
                lengths.remove(path);
            }
            return lengths;
        }

        @Override
        public InputStream open(String opened) throws IOException {
            if (opened.equals(path)) {
                throw new NoSuchFileException(path);
            }
            return saved.open(opened);
        }
    }

    @ParameterizedTest
    @CsvSource({"signature.pb, 1", "signature.pb, 9", "files/graph.pb, 1", "files/graph.pb, 2", "files/graph.pb, 9"})
    void saysThatAFileHasGoneMeanwhile(String path, int lists) {
        var losing = new Losing(saved, path, new AtomicInteger(lists));
        assertThatThrownBy(() -> Program.load(losing).program())
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot load model 'saved': expected file '%s' at 'memory/saved', found that it has gone since it was listed. Load the model when nobody changes it",
                        path)
                .cause()
                .cause()
                .isInstanceOf(NoSuchFileException.class);
    }

    @ParameterizedTest
    @CsvSource({"signature.pb, 67108864", "warmup.pb, 268435456"})
    void refusesToParseFilesBeyondMeasure(String path, long most) {
        String written = "\"%s\" : {\n      \"bytes\" : %d,".formatted(path, saved.bytes(path).length);
        String sound = json();
        assertThat(sound).contains(written);
        for (long bytes : new long[] {most + 1, Integer.MAX_VALUE, 1L << 40}) {
            json(sound.replace(written, "\"%s\" : {\n      \"bytes\" : %d,".formatted(path, bytes)));
            refusal()
                    .hasMessage(
                            "Cannot load model 'saved': expected at most %d bytes in file '%s', found %d. Copy it again, or save the program again",
                            most, path, bytes);
        }
        json(sound.replace(written, "\"%s\" : {\n      \"bytes\" : %d,".formatted(path, most)));
        refusal().hasMessageContaining("what it says is not what was written");
    }

    @Test
    void refusesToSaveMoreValuesThanItReads() {
        Program bytes = Program.build(tf -> Program.outputs(
                        "z", tf.bitwise.invert(Program.placeholder(tf, "x", TUint8.class, Shape.of(-1)))))
                .named("plus");
        int length = (256 << 20) + 1;
        Program warm = bytes.warmUp(
                Map.of("x", TensorValue.of(DataType.DT_UINT8, new long[] {length}, new byte[length], NO_STRINGS)));
        var target = new SavedFiles();
        assertThatThrownBy(() -> warm.save(target))
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot save program 'plus': expected at most 268435456 bytes in file 'warmup.pb', found 268435457. Give it fewer outputs, or fewer rows to be warmed up with");
        assertThat(target.contents).isEmpty();
    }

    @Test
    void refusesToSaveWhatItCouldNotRead() {
        Program named = Program.build(tf -> {
                    var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1));
                    return Program.outputs("z".repeat(100_000), tf.math.neg(x));
                })
                .named("plus");
        var target = new SavedFiles();
        assertThatThrownBy(() -> named.save(target))
                .isInstanceOf(ProgramException.class)
                .hasMessageStartingWith(
                        "Cannot save program 'plus': expected names that a file can hold, found others (String value length (")
                .hasMessageEndingWith("). Rename what they are of");
        assertThat(target.contents).isEmpty();
    }

    @Test
    void holdsTheSignatureToTheGraph() throws IOException {
        saved.signature(signature -> signature.putOutputs(
                "z",
                TensorInfo.newBuilder()
                        .setName("nowhere:0")
                        .setDtype(DataType.DT_DOUBLE)
                        .build()));
        refusal()
                .hasMessage(
                        "Cannot load model 'saved': expected tensor 'nowhere:0', which its signature calls 'z', found none in its graph. Export it again");
        saved.signature(signature -> signature.putOutputs(
                "z",
                TensorInfo.newBuilder()
                        .setName("Add:7")
                        .setDtype(DataType.DT_DOUBLE)
                        .build()));
        refusal()
                .hasMessageContaining(
                        "expected tensor 'Add:7', which its signature calls 'z', found none in its graph");
        saved.signature(signature -> signature.putOutputs(
                "z",
                TensorInfo.newBuilder()
                        .setName("Add:0")
                        .setDtype(DataType.DT_STRING)
                        .build()));
        refusal()
                .hasMessageContaining(
                        "expected tensor 'Add:0' of DT_STRING, as its signature says, found DT_DOUBLE in its graph");
        saved.signature(signature -> signature.putOutputs(
                "z",
                TensorInfo.newBuilder()
                        .setName("x:0")
                        .setDtype(DataType.DT_DOUBLE)
                        .build()));
        refusal()
                .hasMessageContaining("expected output 'z' of signature 'signature.pb' to be computed, found an input");
        saved.replace("signature.pb", new byte[] {1, 2, 3});
        refusal().hasMessageContaining("expected a signature in file 'signature.pb', found none (");
    }

    @Test
    void holdsTheDescriptionToTheSignature() throws IOException {
        saved.describe(was -> SavedFiles.with(was, was.form(), List.of("y"), was.outputs(), was.files()));
        refusal()
                .hasMessage(
                        "Cannot load model 'saved': expected input 'y' in file 'signature.pb', found [x]. Save the program again");
        saved.describe(was -> SavedFiles.with(was, was.form(), List.of("x"), List.of("z", "y"), was.files()));
        refusal()
                .hasMessage(
                        "Cannot load model 'saved': expected output 'y' in file 'signature.pb', found [z]. Save the program again");
        saved.describe(was -> SavedFiles.with(was, was.form(), List.of("x"), List.of(), was.files()));
        refusal()
                .hasMessage(
                        "Cannot load model 'saved': expected an output in file 'program.json', found none. Save the program again");
        saved.describe(was -> SavedFiles.with(was, Program.Form.SAVED_MODEL, List.of("x"), List.of("z"), was.files()));
        refusal()
                .hasMessage(
                        "Cannot load model 'saved': expected file 'files/saved_model.pb', found none. Save the program again");
    }

    @Test
    void holdsTheValuesToWarmItUpWithToTheSignature() throws IOException {
        saved.replace("warmup.pb", TensorProtos.write(Map.of("y", TensorValue.of(1.0))));
        refusal()
                .hasMessageContaining("expected values for its inputs in file 'warmup.pb', found others (")
                .hasMessageContaining("input 'y': no such input; the inputs are [x]");
        for (byte[] bytes : List.of(
                new byte[] {1},
                new byte[] {-1, -1, -1, -1, 7},
                new byte[] {4, 18, 2, 8, 1}, // a float32 scalar without a value
                new byte[] {4, 18, 2, 8, 127}, // of no known type
                new byte[] {8, 18, 6, 8, 1, 18, 2, 18, 0, 0})) {
            saved.replace("warmup.pb", bytes);
            refusal().hasMessageContaining("in file 'warmup.pb', found others (");
        }
    }

    @Test
    void holdsTheGraphToItsDigestAndThePolicy() throws IOException {
        SavedFiles reads = SavedFiles.of(Programs.kept(ElementType.FLOAT64, Shape.of(-1)));
        saved.replace("files/graph.pb", reads.bytes("files/graph.pb"));
        refusal()
                .hasMessageContaining("expected files of SHA-256 %s, found "
                        .formatted(program().sha256()));
        assertThatThrownBy(reads::load)
                .isInstanceOf(ProgramException.class)
                .hasMessageContaining("allow it: ModelPolicy.standard().allowOps(\"AssignVariableOp\")");
        assertThat(Program.load(reads)
                        .policy(ModelPolicy.standard().allowOps("AssignVariableOp"))
                        .program()
                        .name())
                .isEqualTo("y");
    }

    @Test
    void tellsASavedProgramFromASavedModel(@TempDir Path directory) {
        Program.load(saved); // is not looked at
        assertThatThrownBy(() -> Program.load(saved).savedModel())
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot load model 'saved': expected saved_model.pb at 'memory/saved', found a saved program. Load it with program()");
        saved.contents.clear();
        saved.contents.put("saved_model.pb", new byte[10]);
        refusal()
                .hasMessage(
                        "Cannot load model 'saved': expected a saved program at 'memory/saved', found a saved model. Load it with savedModel()");
    }

    @Test
    void writesOverNothing(@TempDir Path directory) {
        Path place = directory.resolve("new/plus");
        program().save(ModelTarget.of(place));
        assertThat(Program.load(ModelFolder.of(place)).program()).isEqualTo(program());
        assertThatThrownBy(() -> program().save(ModelTarget.of(place)))
                .isInstanceOf(ProgramException.class)
                .hasMessageStartingWith("Cannot save program 'plus': expected '%s' to take its files", place);
        assertThat(Program.load(ModelFolder.of(place)).program()).isEqualTo(program());
        assertThatThrownBy(() -> ModelTarget.of(place).create("../other")).isInstanceOf(IOException.class);
    }
}
