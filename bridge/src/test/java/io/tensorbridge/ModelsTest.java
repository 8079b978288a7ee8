package io.tensorbridge;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.ProgramException;
import io.tensorbridge.tensor.SevensModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.commons.io.FileUtils;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class ModelsTest {

    @TempDir
    static Path fixtures;

    private static Path model;

    @BeforeAll
    static void export() throws IOException {
        model = fixtures.resolve("sevens");
        SevensModel.export(model);
    }

    @BeforeEach
    void register(SparkSession spark) {
        spark.conf().set("fs.memory.impl", MemoryFileSystem.class.getName());
    }

    @AfterEach
    void forget(SparkSession spark) {
        spark.conf().unset("fs.memory.impl");
        MemoryFileSystem.FILES.clear();
    }

    private static void putModel(String folder) throws IOException {
        try (var files = Files.walk(model)) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                MemoryFileSystem.FILES.put(folder + "/" + model.relativize(file), Files.readAllBytes(file));
            }
        }
    }

    private static void putArchive(String path) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var out = new ZipOutputStream(bytes);
                var files = Files.walk(model)) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                out.putNextEntry(new ZipEntry(model.relativize(file).toString()));
                Files.copy(file, out);
            }
        }
        MemoryFileSystem.FILES.put(path, bytes.toByteArray());
    }

    @Test
    void readsADirectory(SparkSession spark) {
        Program program = Models.at(spark, model.toUri().toString()).savedModel();
        assertThat(program).isEqualTo(Program.fromSavedModel(model));
        assertThat(Models.at(spark, model.toString()).signature("halves").savedModel())
                .isEqualTo(Program.fromSavedModel(model, "halves"));
    }

    @Test
    void readsWhatHadoopAloneCanFind(SparkSession spark) throws IOException {
        putModel("/models/sevens");
        Program program = Models.at(spark, "memory:///models/sevens").savedModel();
        assertThat(program).isEqualTo(Program.fromSavedModel(model));
        List<Double> z = mapBlocks(program)
                .fetch("z", "z")
                .apply(spark.createDataset(List.of(1.0, 2.0), Encoders.DOUBLE()).toDF("x"))
                .select("z")
                .as(Encoders.DOUBLE())
                .collectAsList();
        assertThat(z).containsExactly(8.0, 9.0);
    }

    @Test
    void readsAnArchive(SparkSession spark) throws IOException {
        putArchive("/models/sevens.zip");
        assertThat(Models.at(spark, "memory:///models/sevens.zip").savedModel())
                .isEqualTo(Program.fromSavedModel(model));
    }

    @Test
    void readsACheckpointAndAGraph(SparkSession spark) throws IOException {
        Path checkpoint = SevensModel.checkpoint(model, fixtures.resolve("training"), "model.ckpt-1");
        assertThat(Models.at(spark, checkpoint.toString())
                        .checkpoint("model.ckpt-1", List.of("in"), List.of("out"))
                        .signature()
                        .outputs())
                .hasSize(1);
    }

    @Test
    void listsTheSignaturesOfAModelThatIsExplained(SparkSession spark) {
        Program program = Models.at(spark, model.toString()).savedModel();
        assertThat(mapBlocks(program)
                        .explain(spark.createDataset(List.of(1.0), Encoders.DOUBLE())
                                .toDF("x")))
                .startsWith("""
                        MapBlocks %s
                          model   signatures halves, serving_default
                          feed    x <- column 'x': DT_DOUBLE[?], on null fail
                        """.formatted(program));
    }

    @ParameterizedTest
    @ValueSource(strings = {"gs", "s3a"}) // Hadoop knows the class for the latter, which is not there
    void refusesSchemesThatHadoopDoesNotHave(String scheme, SparkSession spark) {
        assertThatThrownBy(() -> Models.at(spark, scheme + "://user:secret@models/iris?token=1234"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot load model '%s://models/iris': expected a scheme that Hadoop has a file system for, found '%s'. Add its connector to Spark's class path",
                        scheme, scheme)
                .hasNoCause();
    }

    @Test
    void refusesWhatIsNoUri(SparkSession spark) {
        assertThatThrownBy(() -> Models.at(spark, ""))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot load model '': expected a URI, found none (Can not create a Path from an empty string). Mend the URI");
    }

    @Test
    void followsNoLinksOfThisMachine(SparkSession spark, @TempDir Path folder) throws IOException {
        Path linked = folder.resolve("linked");
        FileUtils.copyDirectory(model.toFile(), linked.toFile());
        Files.createDirectories(linked.resolve("assets"));
        Files.createSymbolicLink(linked.resolve("assets/notes"), Files.writeString(folder.resolve("notes"), "mine"));
        String at = "file:" + linked.toAbsolutePath();
        assertThatThrownBy(() -> Models.at(spark, at).savedModel())
                .isInstanceOf(ProgramException.class)
                .hasMessageContaining("expected files alone at '%s', found 'assets/notes' to be a link".formatted(at));
    }

    @Test
    void saysNothingOfSecrets(SparkSession spark) throws IOException {
        MemoryFileSystem.FILES.put("/models/unreachable/saved_model.pb", new byte[10]);
        assertThatThrownBy(() -> Models.at(spark, "memory://me:hidden@host/models/unreachable")
                        .savedModel())
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot load model 'unreachable': expected a model that can be read at 'memory://host/models/unreachable', found that it cannot (No answer from memory://host/models/unreachable/saved_model.pb, try https://host/). Try again, or copy it elsewhere")
                .satisfies(thrown -> {
                    for (Throwable t = thrown; t != null; t = t.getCause()) {
                        assertThat(t.getMessage()).doesNotContain("hidden", "secret", "1234");
                    }
                });
    }

    @Test
    void saysThatSomethingMayNotBeRead(SparkSession spark) {
        assertThatThrownBy(() -> Models.at(spark, "memory://me:hidden@host/forbidden/iris")
                        .savedModel())
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot load model 'iris': expected a model that can be read at 'memory://host/forbidden/iris', found no permission. Let the driver's user read it")
                .rootCause()
                .hasMessage("memory://host/forbidden/iris");
    }
}
