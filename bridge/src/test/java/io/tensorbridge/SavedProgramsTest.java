package io.tensorbridge;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.ProgramException;
import io.tensorbridge.tensor.Programs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class SavedProgramsTest {

    private static final Path KERAS = Path.of("src/test/resources/models/keras");

    @TempDir
    Path directory;

    @BeforeEach
    void register(SparkSession spark) {
        spark.conf().set("fs.memory.impl", MemoryFileSystem.class.getName());
    }

    @AfterEach
    void forget(SparkSession spark) {
        spark.conf().unset("fs.memory.impl");
        MemoryFileSystem.FILES.clear();
        MemoryFileSystem.room = Long.MAX_VALUE;
        MemoryFileSystem.MOVES.set(Long.MAX_VALUE);
        MemoryFileSystem.beforeRename = () -> {};
    }

    /** Returns the directories in which there are files. */
    private static Set<String> directories() {
        return MemoryFileSystem.FILES.keySet().stream()
                .map(path -> path.substring(0, path.indexOf('/', "/models/".length())))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static List<Double> z(Program program, SparkSession spark) {
        Dataset<Row> x =
                spark.createDataset(List.of(1.0, 2.0), Encoders.DOUBLE()).toDF("x");
        return mapBlocks(program)
                .fetch("z", "z")
                .apply(x)
                .select("z")
                .as(Encoders.DOUBLE())
                .collectAsList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"flowers", "words", "exported"})
    void keepsModelsWithTheirVariablesAndTables(String model, SparkSession spark) throws IOException {
        Program program = Program.fromSavedModel(KERAS.resolve(model));
        for (String uri :
                List.of("memory:///models/" + model, directory.resolve(model).toString())) {
            Models.save(spark, program, uri);
            assertThat(Models.at(spark, uri).program()).isEqualTo(program).hasToString(program.toString());
        }
        // the same files are what TensorFlow reads by itself
        assertThat(Program.fromSavedModel(directory.resolve(model).resolve("files"))
                        .sha256())
                .isNotEmpty();
        assertThat(MemoryFileSystem.FILES).containsKey("/models/" + model + "/files/saved_model.pb");
    }

    @Test
    void keepsWhatATableHolds(SparkSession spark) {
        Program words = Program.fromSavedModel(KERAS.resolve("words"));
        String uri = directory.resolve("words").toUri().toString();
        Models.save(spark, words, uri);
        Program loaded = Models.at(spark, uri).program();
        assertThat(loaded.signature().inputs()).hasSize(1);
        String input = loaded.signature().inputs().get(0).name();
        String output = loaded.signature().outputs().get(0).name();
        Dataset<Row> text =
                spark.createDataset(List.of("good", "bad"), Encoders.STRING()).toDF("text");
        List<List<Row>> results = List.of(words, loaded).stream()
                .map(program -> mapBlocks(program)
                        .feed(input, "text")
                        .fetch(output, "out")
                        .apply(text)
                        .select("out")
                        .collectAsList())
                .toList();
        assertThat(results.get(1)).hasSize(2).isEqualTo(results.get(0));
    }

    @Test
    void runsWhatWasMovedElsewhere(SparkSession spark) throws IOException {
        Models.save(spark, Programs.plusThree(), directory.resolve("here").toString());
        Files.move(directory.resolve("here"), directory.resolve("there"));
        assertThat(z(Models.at(spark, directory.resolve("there").toString()).program(), spark))
                .containsExactly(4.0, 5.0);
    }

    @Test
    void overwritesAProgramAndNothingElse(SparkSession spark) {
        String uri = "memory:///models/plus";
        Models.save(spark, Programs.plusThree(), uri);
        assertThatThrownBy(() -> Models.save(spark, Programs.plusThree(), uri))
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot save program 'z': expected nothing at 'memory:///models/plus', found a saved program. Save it elsewhere, or replace that one with Models.overwrite(…)");
        Program other = Programs.plusThree().named("other");
        Models.overwrite(spark, other, uri);
        assertThat(Models.at(spark, uri).program()).isEqualTo(other);
        Models.overwrite(spark, other, "memory:///models/new");
        assertThat(Models.at(spark, "memory:///models/new").program()).isEqualTo(other);
        assertThat(directories()).containsExactly("/models/new", "/models/plus");

        assertThatThrownBy(() -> Models.overwrite(spark, other, "memory:///models"))
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot save program 'other': expected nothing at 'memory:///models', found other files. Save it elsewhere, or remove them");
        assertThatThrownBy(() -> Models.overwrite(spark, other, "memory:///models/plus/program.json"))
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot save program 'other': expected nothing at 'memory:///models/plus/program.json', found a file. Save it elsewhere");
        assertThatThrownBy(() -> Models.save(spark, other, "memory:///"))
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot save program 'other': expected a directory to save it in, found the root of 'memory:///'. Name one below it");
    }

    @Test
    void savesInAnEmptyDirectory(SparkSession spark) throws IOException {
        Path empty = Files.createDirectories(directory.resolve("empty"));
        Models.save(spark, Programs.plusThree(), empty.toString());
        assertThat(Models.at(spark, empty.toString()).program()).isEqualTo(Programs.plusThree());
        assertThat(directory).isDirectoryNotContaining("glob:**_tensorbridge*");
    }

    @Test
    void leavesNothingOfASaveThatFailed(SparkSession spark) {
        String uri = "memory:///models/plus";
        MemoryFileSystem.room = 10;
        assertThatThrownBy(() -> Models.save(spark, Programs.plusThree(), uri))
                .isInstanceOf(ProgramException.class)
                .hasMessageStartingWith(
                        "Cannot save program 'z': expected 'memory:///models/plus' to take its files, found that it does not (No space left for memory:/models/_tensorbridge-")
                .hasMessageNotContaining("1234");
        assertThat(MemoryFileSystem.FILES).isEmpty();
    }

    @Test
    void keepsTheOldProgramIfTheNewOneFails(SparkSession spark) {
        String uri = "memory:///models/plus";
        Models.save(spark, Programs.plusThree(), uri);
        Program other = Programs.plusThree().named("other");
        MemoryFileSystem.room = 10;
        assertThatThrownBy(() -> Models.overwrite(spark, other, uri)).isInstanceOf(ProgramException.class);
        assertThat(Models.at(spark, uri).program()).isEqualTo(Programs.plusThree());

        MemoryFileSystem.room = Long.MAX_VALUE;
        var moves = new AtomicInteger();
        MemoryFileSystem.beforeRename = () -> {
            if (moves.incrementAndGet() == 2) { // the old one has gone already
                throw new IOException("Moved too often");
            }
        };
        assertThatThrownBy(() -> Models.overwrite(spark, other, uri))
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot save program 'other': expected 'memory:///models/plus' to take its files, found that it does not (Moved too often). Try again, or save it elsewhere");
        assertThat(moves).hasValue(3);
        assertThat(Models.at(spark, uri).program()).isEqualTo(Programs.plusThree());
        assertThat(directories()).containsExactly("/models/plus");
    }

    /** Lets the second move, which brings the new program to its place, break off after so many files. */
    private static void breakOffAfter(int files) {
        var moves = new AtomicInteger();
        MemoryFileSystem.beforeRename =
                () -> MemoryFileSystem.MOVES.set(moves.incrementAndGet() == 2 ? files : Long.MAX_VALUE);
    }

    private static void assertBrokenOff(SparkSession spark, Program program, String uri) {
        assertThatThrownBy(() -> Models.overwrite(spark, program, uri))
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot save program 'other': expected '%s' to take its files, found that it does not (Broken off). Try again, or save it elsewhere",
                        uri);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2}) // of which program.json is the second
    void putsTheOldProgramBackIfTheNewOneCameInPart(int files, SparkSession spark) {
        String uri = "memory:///models/plus";
        Models.save(spark, Programs.plusThree(), uri);
        breakOffAfter(files);
        assertBrokenOff(spark, Programs.plusThree().named("other"), uri);
        assertThat(Models.at(spark, uri).program()).isEqualTo(Programs.plusThree());
        assertThat(directories()).containsExactly("/models/plus");
        assertThat(MemoryFileSystem.FILES).hasSize(3);
    }

    @Test
    void leavesTheNewProgramIfItCameAsAWhole(SparkSession spark) {
        String uri = "memory:///models/plus";
        Models.save(spark, Programs.plusThree(), uri);
        breakOffAfter(3);
        Program other = Programs.plusThree().named("other");
        assertBrokenOff(spark, other, uri);
        assertThat(Models.at(spark, uri).program()).isEqualTo(other);
        assertThat(directories()).containsExactly("/models/plus");
        assertThat(MemoryFileSystem.FILES).hasSize(3);
    }

    @Test
    void keepsTheOldProgramBesideItsPlaceIfItCannotBePutBack(SparkSession spark) {
        String uri = "memory:///models/plus";
        Models.save(spark, Programs.plusThree(), uri);
        var moves = new AtomicInteger();
        MemoryFileSystem.beforeRename =
                () -> MemoryFileSystem.MOVES.set(moves.incrementAndGet() == 1 ? Long.MAX_VALUE : 1);
        assertBrokenOff(spark, Programs.plusThree().named("other"), uri);
        assertThat(moves).hasValue(3);
        String beside = directories().stream()
                .filter(name -> name.startsWith("/models/_tensorbridge-"))
                .collect(Collectors.joining());
        assertThat(Models.at(spark, "memory://" + beside).program()).isEqualTo(Programs.plusThree());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "notes.txt",
                "files/notes.txt",
                "signature.pb.bak",
                "warmup.pb", // of which it has none
                "data/2024/rows.csv"
            })
    void overwritesNoProgramWithAnotherFileBesideIt(String path, SparkSession spark) {
        Models.save(spark, Programs.plusThree(), "memory:///models/plus");
        MemoryFileSystem.FILES.put("/models/plus/" + path, new byte[1]);
        assertNotOverwritten(spark);
    }

    private static void assertNotOverwritten(SparkSession spark) {
        Map<String, byte[]> before = Map.copyOf(MemoryFileSystem.FILES);
        assertThatThrownBy(() -> Models.overwrite(spark, Programs.plusThree(), "memory:///models/plus"))
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot save program 'z': expected nothing at 'memory:///models/plus', found other files. Save it elsewhere, or remove them");
        assertThat(MemoryFileSystem.FILES).containsExactlyInAnyOrderEntriesOf(before);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "{\"name\": \"my-project\", \"version\": \"1.0\"}", "[]", "files: all", "{\"format\": 2}"})
    void overwritesNoProjectThatHasFilesOfTheseNames(String json, SparkSession spark) {
        MemoryFileSystem.FILES.put("/models/plus/program.json", json.getBytes(StandardCharsets.UTF_8));
        assertNotOverwritten(spark);
        MemoryFileSystem.FILES.put("/models/plus/signature.pb", new byte[] {1, 2, 3});
        MemoryFileSystem.FILES.put("/models/plus/files/data.csv", new byte[] {1, 2, 3});
        assertNotOverwritten(spark);
        MemoryFileSystem.FILES.put("/models/plus/warmup.pb", new byte[] {1, 2, 3});
        assertNotOverwritten(spark);
    }

    @ParameterizedTest
    @ValueSource(strings = {"signature.pb", "files/graph.pb"})
    void overwritesAProgramThatIsDamaged(String path, SparkSession spark) {
        String uri = "memory:///models/plus";
        Models.save(spark, Programs.plusThree(), uri);
        MemoryFileSystem.FILES.put("/models/plus/" + path, new byte[1]);
        Models.overwrite(spark, Programs.plusThree(), uri);
        MemoryFileSystem.FILES.remove("/models/plus/" + path);
        Models.overwrite(spark, Programs.plusThree(), uri);
        assertThat(Models.at(spark, uri).program()).isEqualTo(Programs.plusThree());
        assertThat(directories()).containsExactly("/models/plus");
    }

    @Test
    void tellsOneOfTwoThatTheOtherSavedThere(SparkSession spark) {
        String uri = "memory:///models/plus";
        Program other = Programs.plusThree().named("other");
        MemoryFileSystem.beforeRename = () -> {
            MemoryFileSystem.beforeRename = () -> {};
            Models.save(spark, other, uri);
        };
        assertThatThrownBy(() -> Models.save(spark, Programs.plusThree(), uri))
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot save program 'z': expected nothing at 'memory:///models/plus', found what somebody else saved there meanwhile. Save it elsewhere, or again");
        assertThat(Models.at(spark, uri).program()).isEqualTo(other);
        assertThat(directories()).containsExactly("/models/plus");
        assertThat(MemoryFileSystem.FILES).hasSize(3);
    }

    @Test
    void keepsWhatSomebodySavedWhileAProgramWasReplaced(SparkSession spark) {
        String uri = "memory:///models/plus";
        Models.save(spark, Programs.plusThree(), uri);
        Program other = Programs.plusThree().named("other");
        var moves = new AtomicInteger();
        MemoryFileSystem.beforeRename = () -> {
            if (moves.incrementAndGet() == 2) { // the old one has gone already
                Models.save(spark, other, uri);
            }
        };
        assertThatThrownBy(() -> Models.overwrite(spark, Programs.plusThree().named("third"), uri))
                .isInstanceOf(ProgramException.class)
                .hasMessageContaining("found what somebody else saved there meanwhile");
        assertThat(Models.at(spark, uri).program()).isEqualTo(other);
        assertThat(MemoryFileSystem.FILES).hasSize(3);
    }

    @Test
    void saysThatAPlaceMayNotBeWritten(SparkSession spark) {
        assertThatThrownBy(() -> Models.save(spark, Programs.plusThree(), "memory://me:hidden@host/forbidden/plus"))
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot save program 'z': expected a place that can be written at 'memory://host/forbidden/plus', found no permission. Let the driver's user write there");
    }

    @Test
    void refusesSchemesThatHadoopDoesNotHave(SparkSession spark) {
        assertThatThrownBy(() -> Models.save(spark, Programs.plusThree(), "gs://user:secret@models/iris?token=1234"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot save program to 'gs://models/iris': expected a scheme that Hadoop has a file system for, found 'gs'. Add its connector to Spark's class path");
    }
}
