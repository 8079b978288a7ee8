package io.tensorbridge;

import static io.tensorbridge.BadInput.driver;

import io.tensorbridge.model.ModelFolder;
import io.tensorbridge.model.ModelTarget;
import io.tensorbridge.model.internal.PrivateDirectory;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.Programs;
import io.tensorbridge.tensor.TensorValue;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.tensorflow.ndarray.Shape;

/** Programs that were saved, and to which something was done since; and places where none can be saved. */
final class BadSavedPrograms {

    private static final Path DIRECTORY = Path.of("target", "bad-programs");
    private static final String JSON = "program.json";

    private final List<BadInput> cases = new ArrayList<>();

    private BadSavedPrograms() {}

    static List<BadInput> cases() {
        try {
            if (Files.exists(DIRECTORY)) {
                PrivateDirectory.delete(DIRECTORY);
            }
            var programs = new BadSavedPrograms();
            programs.addFiles();
            programs.addPlaces();
            return programs.cases;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private interface Change {
        void on(Path program) throws IOException;
    }

    /** A saved program to which something was done, and what is said of it after {@code Cannot load model …: }. */
    private void add(String what, String name, Change change, String message) throws IOException {
        Path place = save(name);
        change.on(place);
        cases.add(driver(
                71,
                what,
                spark -> Program.load(ModelFolder.of(place)).program(),
                "Cannot load model '%s': %s".formatted(name, message)));
    }

    private static Path save(String name) {
        Path place = DIRECTORY.resolve(name);
        Programs.plusThree()
                .warmUp(Map.of("x", TensorValue.of(Shape.of(1), 1.0)))
                .save(ModelTarget.of(place));
        return place;
    }

    private static void replace(Path file, String from, String to) throws IOException {
        Files.writeString(file, Files.readString(file).replace(from, to));
    }

    private void addFiles() throws IOException {
        Path sound = save("sound");
        String version = Pattern.compile("\"writtenBy\" : \"(.*)\"")
                .matcher(Files.readString(sound.resolve(JSON)))
                .results()
                .findFirst()
                .orElseThrow()
                .group(1);
        add(
                "a program that a later version saved",
                "newer",
                program -> Files.writeString(program.resolve(JSON), """
                        {"format": 2, "writtenBy": "Tensorbridge 9.1"}"""),
                "expected format 1 in file 'program.json', which %s reads, found format 2, written by Tensorbridge 9.1. Load it with that version, or save it again with this one"
                        .formatted(version));
        add(
                "a program that was not saved to its end",
                "unfinished",
                program -> Files.delete(program.resolve(JSON)),
                "expected file 'program.json' of a saved program at '%s', found [files/graph.pb, signature.pb, warmup.pb]. Mend the path, or save the program again"
                        .formatted(DIRECTORY.resolve("unfinished")));
        add(
                "a program whose description was changed",
                "changed",
                program -> replace(program.resolve(JSON), "\"name\" : \"z\"", "\"name\" : \"y\""),
                "expected a saved program, found file 'program.json' to be damaged (what it says is not what was written). Copy it again, or save the program again");
        add(
                "a program without one of its files",
                "missing",
                program -> Files.delete(program.resolve("files/graph.pb")),
                "expected file 'files/graph.pb', which program.json lists, found none at '%s'. Copy all files of it, or save the program again"
                        .formatted(DIRECTORY.resolve("missing")));
        add(
                "a program of which a file is longer",
                "longer",
                program -> Files.write(program.resolve("warmup.pb"), new byte[1000]),
                "expected %d bytes in file 'warmup.pb', found 1000. Copy it again, or save the program again"
                        .formatted(Files.size(sound.resolve("warmup.pb"))));
        cases.add(driver(
                71,
                "a saved program where a saved model is asked for",
                spark -> Program.fromSavedModel(sound),
                "Cannot load model 'sound': expected saved_model.pb at '%s', found a saved program. Load it with program()"
                        .formatted(sound)));
    }

    private void addPlaces() throws IOException {
        Path sound = save("taken");
        Path others = Files.createDirectories(DIRECTORY.resolve("others"));
        Files.writeString(others.resolve("notes.txt"), "mine");
        Program program = Programs.plusThree();
        cases.add(driver(
                71,
                "a place where a program is saved already",
                spark -> Models.save(spark, program, sound.toString()),
                "Cannot save program 'z': expected nothing at '%s', found a saved program. Save it elsewhere, or replace that one with Models.overwrite(…)"
                        .formatted(sound)));
        cases.add(driver(
                71,
                "a place where there are other files",
                spark -> Models.overwrite(spark, program, others.toString()),
                "Cannot save program 'z': expected nothing at '%s', found other files. Save it elsewhere, or remove them"
                        .formatted(others)));
        cases.add(
                driver(
                        66,
                        "a place that no file system is for",
                        spark -> Models.save(spark, program, "gs://me:hidden@programs/plus?token=1"),
                        "Cannot save program to 'gs://programs/plus': expected a scheme that Hadoop has a file system for, found 'gs'. Add its connector to Spark's class path"));
        cases.add(
                driver(
                        66,
                        "a model that no file system is for",
                        spark -> Models.at(spark, "gs://me:hidden@models/iris?token=1"),
                        "Cannot load model 'gs://models/iris': expected a scheme that Hadoop has a file system for, found 'gs'. Add its connector to Spark's class path"));
    }
}
