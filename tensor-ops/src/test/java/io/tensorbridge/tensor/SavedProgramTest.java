package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import io.tensorbridge.model.ModelFolder;
import io.tensorbridge.model.ModelPolicy;
import io.tensorbridge.model.ModelTarget;
import io.tensorbridge.model.internal.ModelFiles;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.Float8Vector;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TString;

@ExtendWith(NativeMemoryExtension.class)
class SavedProgramTest {

    @TempDir
    static Path fixtures;

    @TempDir
    Path directory;

    private static Path sevens;

    @BeforeAll
    static void export() throws IOException {
        sevens = fixtures.resolve("sevens");
        SevensModel.export(sevens);
        SevensModel.checkpoint(sevens, fixtures.resolve("training"), "model.ckpt-1");
        zip(sevens, fixtures.resolve("sevens.zip"));
    }

    private static void zip(Path folder, Path archive) throws IOException {
        try (var out = new ZipOutputStream(Files.newOutputStream(archive));
                var files = Files.walk(folder)) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                out.putNextEntry(new ZipEntry(folder.relativize(file).toString()));
                Files.copy(file, out);
            }
        }
    }

    /** {@code z = 2 x + 1} and others beside it, whose order is neither that of the alphabet nor that of a map. */
    private static Program built() {
        return Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1));
            var b = Program.placeholder(tf, "b", TFloat64.class, Shape.of(-1));
            var a = Program.placeholder(tf, "a", TFloat64.class, Shape.unknown());
            var twice = tf.withName("twice").math.mul(x, tf.constant(2.0));
            return Program.outputs("z", tf.math.add(twice, tf.constant(1.0)))
                    .and("m", tf.math.add(tf.math.add(b, x), a))
                    .and("k", tf.math.neg(a));
        });
    }

    private static Program checked() {
        return Program.build(tf -> {
                    var content = Program.placeholder(tf, "content", TString.class, Shape.of(-1));
                    return Program.outputs("text", tf.strings.lower(content));
                })
                .checking("content", InputCheck.image(123_456_789_012L));
    }

    private static Program program(String kind) {
        Program model = Program.fromSavedModel(sevens);
        return switch (kind) {
            case "built" -> built();
            case "built with other outputs" -> built().restrictedTo(List.of("k", "z"));
            case "of a GraphDef" -> Program.fromGraphDef(ProgramGraph.of(built()), "twice", "twice:0");
            case "of a saved model" -> model;
            case "of another signature" -> Program.fromSavedModel(sevens, "halves");
            case "of a zip" -> Program.fromSavedModel(fixtures.resolve("sevens.zip"));
            case "of a checkpoint" ->
                Program.load(ModelFolder.of(fixtures.resolve("training")))
                        .checkpoint("model.ckpt-1", List.of("in"), List.of("out"));
            case "cut" -> model.cutAt("out");
            case "fetching" -> model.fetching("inner", "half");
            case "cut of a graph" -> built().fetching("twice");
            case "joined" -> built().restrictedTo(List.of("z")).then(model, Map.of("x", "z"));
            case "joined graphs" -> Programs.plusThree().then(built(), Map.of("x", "z"));
            case "per row" ->
                Program.build(tf -> {
                            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of());
                            return Program.outputs("z", tf.math.add(x, tf.constant(1.0)));
                        })
                        .perRow();
            case "rows, then a model" -> program("per row").then(model, Map.of("x", "z"));
            case "named" -> model.named("the \"seven\"\\ of\n/ \u00e4\ud83d\ude00");
            case "warmed up" -> model.warmUp(Map.of("x", TensorValue.of(Shape.of(2), 1.0, Double.NaN)));
            case "warmed up with text" ->
                Program.build(tf -> {
                            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1));
                            var text = Program.placeholder(tf, "text", TString.class, Shape.of(-1, 2));
                            return Program.outputs("z", tf.math.neg(x)).and("y", tf.strings.lower(text));
                        })
                        .warmUp(Map.of(
                                "x", TensorValue.of(Shape.of(0), new double[0]),
                                "text", TensorValue.of(Shape.of(1, 2), "", "\u00e4")));
            case "checked" -> checked();
            case "joined after what is checked" ->
                checked()
                        .then(
                                Program.build(tf -> Program.outputs(
                                        "length",
                                        tf.strings.stringLength(
                                                Program.placeholder(tf, "content", TString.class, Shape.of(-1))))),
                                Map.of("content", "text"));
            case "with copies" -> Programs.kept(ElementType.FLOAT64, Shape.of(-1));
            default -> throw new IllegalArgumentException(kind);
        };
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "built",
                "built with other outputs",
                "of a GraphDef",
                "of a saved model",
                "of another signature",
                "of a zip",
                "of a checkpoint",
                "cut",
                "fetching",
                "cut of a graph",
                "joined",
                "joined graphs",
                "per row",
                "rows, then a model",
                "named",
                "warmed up",
                "warmed up with text",
                "checked",
                "joined after what is checked",
                "with copies"
            })
    void comesBackEqual(String kind, BufferAllocator allocator) {
        Program program = program(kind);
        SavedFiles saved = SavedFiles.of(program);
        Program loaded = Program.load(saved)
                .policy(ModelPolicy.standard().allowOps("AssignVariableOp"))
                .program();
        assertThat(loaded).isEqualTo(program).hasSameHashCodeAs(program).hasToString(program.toString());
        assertThat(loaded.name()).isEqualTo(program.name());
        assertThat(loaded.sha256()).isEqualTo(program.sha256());
        assertThat(loaded.signature()).hasToString(program.signature().toString()); // unknown shapes equal none
        assertThat(loaded.tags()).isEqualTo(program.tags());
        assertThat(loaded.form()).isEqualTo(program.form());
        assertThat(loaded.warmUp()).isEqualTo(program.warmUp());
        assertThat(loaded.checks()).isEqualTo(program.checks());
        assertThat(loaded.copiesInputsBecauseOf()).isEqualTo(program.copiesInputsBecauseOf());
        assertThat(results(loaded, allocator)).isEqualTo(results(program, allocator));
        // and what is saved of it is the same again
        assertThat(SavedFiles.of(loaded).contents).usingRecursiveComparison().isEqualTo(saved.contents);
    }

    /** Feeds 1, 2, 3 to every input of numbers, and returns the outputs that need no others. */
    private static List<List<Double>> results(Program program, BufferAllocator allocator) {
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1));
                var x = Vectors.doubles("x", allocator, 1, 2, 3)) {
            return program.signature().outputs().stream()
                    .filter(output -> output.elementType() == ElementType.FLOAT64.dataType())
                    .map(output -> {
                        Program one = program.restrictedTo(List.of(output.name()));
                        List<Feed> feeds = one.signature().inputs().stream()
                                .map(input -> Feed.of(input.name(), "x"))
                                .toList();
                        var fetch = Fetch.of(output.name(), ElementType.FLOAT64.field(output.name(), 0));
                        try (var runner = session.runner(one, feeds, List.of(fetch), allocator, new TransferLedger());
                                var out = runner.run(List.of(x))) {
                            var column = (Float8Vector) out.getVector(output.name());
                            return List.of(column.get(0), column.get(1), column.get(2));
                        }
                    })
                    .toList();
        }
    }

    @Test
    void isAModelThatTensorFlowReadsByItself() throws IOException {
        SavedFiles saved = SavedFiles.of(Program.fromSavedModel(sevens));
        assertThat(saved.contents.keySet())
                .contains("files/saved_model.pb", "files/variables/variables.index", "program.json", "signature.pb");
        assertThat(saved.bytes("files/saved_model.pb")).isEqualTo(Files.readAllBytes(sevens.resolve("saved_model.pb")));
    }

    @Test
    void isReadFromAnArchive() throws IOException {
        Program model = Program.fromSavedModel(sevens);
        Path place = directory.resolve("saved");
        model.save(ModelTarget.of(place));
        zip(directory, fixtures.resolve("saved.zip"));
        assertThat(Program.load(ModelFolder.of(fixtures.resolve("saved.zip"))).program())
                .isEqualTo(model);
    }

    @Test
    void isDescribedInWords() {
        Program program = Programs.plusThree().named("plus");
        SavedFiles saved = new SavedFiles();
        String sha256 = program.save(saved);
        assertThat(new String(saved.bytes("program.json"), java.nio.charset.StandardCharsets.UTF_8))
                .isEqualTo(
                        """
                        {
                          "format" : 1,
                          "writtenBy" : "%s",
                          "name" : "plus",
                          "form" : "GRAPH_DEF",
                          "tags" : [ ],
                          "inputs" : [ "x" ],
                          "outputs" : [ "z" ],
                          "checks" : { },
                          "sha256" : "%s",
                          "files" : {
                            "files/graph.pb" : {
                              "bytes" : %d,
                              "sha256" : "%s"
                            },
                            "signature.pb" : {
                              "bytes" : %d,
                              "sha256" : "%s"
                            }
                          },
                          "check" : "%s"
                        }""",
                        LibraryVersion.current(),
                        program.sha256(),
                        program.bytes(),
                        ModelFiles.of(saved.contents).sha256("files/graph.pb"),
                        saved.bytes("signature.pb").length,
                        ModelFiles.of(saved.contents).sha256("signature.pb"),
                        sha256);
    }

    @Test
    void writesTheDescriptionLast() {
        assertThat(SavedFiles.of(program("warmed up")).written)
                .endsWith("program.json")
                .contains("warmup.pb", "signature.pb");
    }

    @Test
    void isPinnedByWhatSavingReturned() {
        SavedFiles saved = new SavedFiles();
        String sha256 = Programs.plusThree().named("plus").save(saved);
        Program unpinned = saved.load();
        assertThat(unpinned.unpinnedModels()).containsExactly(entry("plus", sha256));
        assertThat(Program.load(saved).sha256(sha256).program().unpinnedModels())
                .isEmpty();

        SavedFiles other = SavedFiles.of(Programs.plusThree().named("minus"));
        assertThat(other.load().sha256()).isEqualTo(unpinned.sha256());
        assertThatThrownBy(() -> Program.load(other).sha256(sha256).program())
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot load model 'saved': expected SHA-256 %s, found %s. Copy the model again, or pin what was found with sha256(\"…\")",
                        sha256, other.load().unpinnedModels().get("minus"));
    }

    @Test
    void isHeldToThePolicyThoughItWasBuilt() {
        Program reads = Program.build(tf -> {
            var path = Program.placeholder(tf, "path", TString.class, Shape.of());
            return Program.outputs("bytes", tf.withName("read").io.readFile(path));
        });
        SavedFiles saved = SavedFiles.of(reads);
        assertThatThrownBy(saved::load).isInstanceOf(ProgramException.class).hasMessage("""
                        Cannot load model 'saved': expected what its policy allows, found more:
                          - operation 'read': expected an operation that a model may have, found ReadFile, which reads or writes files that it names itself. Export the model without it, or allow it: ModelPolicy.standard().allowOps("ReadFile")""");
        assertThat(Program.load(saved)
                        .policy(ModelPolicy.standard().allowOps("ReadFile"))
                        .program())
                .isEqualTo(reads);
    }

    @Test
    void findsOutAnewWhatADescriptionCouldLieAbout() {
        Program copied = Programs.kept(ElementType.FLOAT64, Shape.of(-1));
        Program loaded = Program.load(SavedFiles.of(copied))
                .policy(ModelPolicy.standard().allowOps("AssignVariableOp"))
                .program();
        assertThat(loaded.copiesInputsBecauseOf()).contains("AssignVariableOp");
        assertThat(new String(
                        SavedFiles.of(copied).bytes("program.json"), java.nio.charset.StandardCharsets.ISO_8859_1))
                .doesNotContain("Assign");
    }

    @Test
    void refusesTheFilesOfAnotherModel() {
        SavedFiles saved = SavedFiles.of(Programs.plusThree());
        saved.contents.put("files/graph.pb", SavedFiles.of(built()).bytes("files/graph.pb"));
        assertThatThrownBy(saved::load)
                .isInstanceOf(ProgramException.class)
                .hasMessageContaining("bytes in file 'files/graph.pb', found");
    }

    @Test
    void saysThatASaveFailed() {
        ModelTarget full = new ModelTarget() {
            @Override
            public String location() {
                return "memory/full";
            }

            @Override
            public OutputStream create(String path) throws IOException {
                throw new IOException("No space left on device");
            }
        };
        assertThatThrownBy(() -> Programs.plusThree().save(full))
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot save program 'z': expected 'memory/full' to take its files, found that it does not (No space left on device). Try again, or save it elsewhere");
    }
}
