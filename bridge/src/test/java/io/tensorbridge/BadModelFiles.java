package io.tensorbridge;

import static io.tensorbridge.BadInput.driver;

import io.tensorbridge.model.ModelFolder;
import io.tensorbridge.model.internal.PrivateDirectory;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.SevensModel;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveOutputStream;

/** Models whose files are not there, not all there, not sound, or not what was asked for. */
final class BadModelFiles {

    private static final Path DIRECTORY = Path.of("target", "bad-models");
    private static final Path SOUND = DIRECTORY.resolve("sevens");
    private static final String PB = "saved_model.pb";
    private static final String INDEX = "variables/variables.index";
    private static final String DATA = "variables/variables.data-00000-of-00001";
    private static final String CUT_SHORT =
            "While parsing a protocol message, the input ended unexpectedly in the middle of a field.  This could mean either that the input has been truncated or that an embedded message misreported its own length.";

    private final List<BadInput> cases = new ArrayList<>();

    private BadModelFiles() {}

    static List<BadInput> cases() {
        try {
            if (Files.exists(DIRECTORY)) {
                PrivateDirectory.delete(DIRECTORY);
            }
            SevensModel.export(SOUND);
            var files = new BadModelFiles();
            files.addGraphFiles();
            files.addPaths();
            files.addVariables();
            files.addNames();
            files.addArchives();
            files.addUris();
            return files.cases;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private interface Change {
        void on(Path model) throws IOException;
    }

    /** A copy of a sound model to which something was done, and what is said of it after {@code Cannot load model …: }. */
    private void add(int number, String what, String name, Change change, String message) throws IOException {
        Path model = SevensModel.copy(SOUND, DIRECTORY.resolve(name));
        change.on(model);
        add(number, what, ModelFolder.of(model), name, message);
    }

    private void add(int number, String what, ModelFolder folder, String name, String message) {
        cases.add(driver(
                number,
                what,
                spark -> Program.load(folder).savedModel(),
                "Cannot load model '%s': %s".formatted(name, message)));
    }

    private static void cut(Path file, int percent) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length * percent / 100));
    }

    private static void flip(Path file, int at) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[at] ^= 1;
        Files.write(file, bytes);
    }

    private void addGraphFiles() throws IOException {
        long length = Files.size(SOUND.resolve(PB));
        for (int percent : new int[] {10, 50, 90, 99}) {
            add(
                    38,
                    percent + " % of a saved model",
                    "cut" + percent,
                    model -> cut(model.resolve(PB), percent),
                    "expected a saved model, found file 'saved_model.pb' of %d bytes to be corrupt (%s). Copy it again, or export it again"
                            .formatted(length * percent / 100, CUT_SHORT));
        }
        add(
                38,
                "text in the place of a saved model",
                "text",
                model -> Files.writeString(model.resolve(PB), "meta_graphs { }"),
                "expected a saved model, found file 'saved_model.pb' of 15 bytes to be corrupt (Protocol message tag had invalid wire type.). Copy it again, or export it again");
        add(
                39,
                "a saved model of more than 2 GiB",
                new Pretended(Map.of(PB, 1L << 31)),
                "pretended",
                "expected at most 2147483647 bytes in file 'saved_model.pb', found 2147483648. Keep large values as variables of a saved model");
        add(
                59,
                "a saved model of 0 bytes",
                "empty",
                model -> cut(model.resolve(PB), 0),
                "expected a model in file 'saved_model.pb', found it to be empty. Export it again");
    }

    private void addPaths() throws IOException {
        String keras =
                "expected saved_model.pb, found file '%s' in Keras' own format. Export it with model.export(\"…\"), and load that";
        for (String file : List.of("iris.keras", "iris.h5")) {
            Path path = Files.write(DIRECTORY.resolve(file), new byte[] {1, 2, 3});
            add(56, "a file in Keras' own format", ModelFolder.of(path), "iris", keras.formatted(file));
        }
        Path holder = Files.createDirectory(DIRECTORY.resolve("keras"));
        Files.write(holder.resolve("model.keras"), new byte[] {1, 2, 3});
        add(56, "a directory with such a file", ModelFolder.of(holder), "keras", keras.formatted("model.keras"));
        Path missing = DIRECTORY.resolve("missing");
        add(
                57,
                "a path where nothing is",
                ModelFolder.of(missing),
                "missing",
                "expected a model at '%s', found nothing there. Mend the path".formatted(missing));
        add(
                57,
                "a model that may not be read",
                new Pretended(Map.of(PB, 100L)),
                "pretended",
                "expected a model that can be read at 'models/pretended', found no permission. Let the driver's user read it");
        Path empty = Files.createDirectory(DIRECTORY.resolve("nothing"));
        add(
                58,
                "an empty directory",
                ModelFolder.of(empty),
                "nothing",
                "expected a model at '%s', found no file there. Mend the path, or export the model again"
                        .formatted(empty));
        Path notes = Files.createDirectory(DIRECTORY.resolve("notes"));
        Files.writeString(notes.resolve("notes.txt"), "nothing here");
        add(
                58,
                "a directory without a model",
                ModelFolder.of(notes),
                "notes",
                "expected saved_model.pb at '%s', found [notes.txt]. Mend the path, or export the model again"
                        .formatted(notes));
    }

    private void addVariables() throws IOException {
        String missing =
                "expected file '%s', since the model has variables, found no such file. Copy the whole directory";
        add(
                60,
                "no directory of variables",
                "novariables",
                model -> PrivateDirectory.delete(model.resolve("variables")),
                missing.formatted(INDEX));
        for (String file : List.of(INDEX, DATA)) {
            add(
                    60,
                    "no " + file,
                    "no" + file.substring(file.length() - 5),
                    model -> Files.delete(model.resolve(file)),
                    missing.formatted(file));
        }
        add(
                60,
                "an index of variables that is cut short",
                "cutindex",
                model -> cut(model.resolve(INDEX), 50),
                "expected the index of a checkpoint, found file '%s' of %d bytes to have another kind of file. Copy it again, or export it again"
                        .formatted(INDEX, Files.size(SOUND.resolve(INDEX)) / 2));
        add(
                60,
                "an index of variables with a flipped bit",
                "flippedindex",
                model -> flip(model.resolve(INDEX), 5),
                "expected the index of a checkpoint, found file '%s' of %d bytes to have a wrong checksum over bytes 0 to 32. Copy it again, or export it again"
                        .formatted(INDEX, Files.size(SOUND.resolve(INDEX))));
        add(
                60,
                "variables that are cut short",
                "cutdata",
                model -> cut(model.resolve(DATA), 50),
                "expected variable 'v' to end at byte 8 of file '%s', found the file to have 4. Copy it again"
                        .formatted(DATA));
        add(
                60,
                "variables with a flipped bit",
                "flippeddata",
                model -> flip(model.resolve(DATA), 3),
                "expected the values of variable 'v' as they were written, found others from byte 0 of file '%s' on. Copy it again, or export it again"
                        .formatted(DATA));
    }

    private void addNames() {
        cases.add(
                driver(
                        61,
                        "tags that no metagraph has",
                        spark -> Program.load(ModelFolder.of(SOUND))
                                .tags("train", "gpu")
                                .savedModel(),
                        "Cannot load model 'sevens': expected a metagraph tagged [train, gpu], found [[serve]]. Name one with tags(\"serve\")"));
        cases.add(
                driver(
                        62,
                        "a signature that is not there",
                        spark -> Program.fromSavedModel(SOUND, "classify"),
                        "Cannot load model 'sevens': expected a signature 'classify', found [halves, serving_default]. Name one with signature(\"halves\")"));
        String other = "0".repeat(64);
        String found = Program.fromSavedModel(SOUND).sha256();
        cases.add(driver(
                64,
                "another model than the one pinned",
                spark -> Program.load(ModelFolder.of(SOUND)).sha256(other).savedModel(),
                "Cannot load model 'sevens': expected SHA-256 %s, found %s. Copy the model again, or pin what was found with sha256(\"…\")"
                        .formatted(other, found)));
    }

    private void addArchives() throws IOException {
        addArchive("dots", "names of files inside of it", "'../evil'", new ZipArchiveEntry("../evil"));
        addArchive("absolute", "names of files inside of it", "'/etc/evil'", new ZipArchiveEntry("/etc/evil"));
        var link = new ZipArchiveEntry("variables");
        link.setUnixMode(0120777);
        addArchive("link", "files alone", "'variables' to be a link", link);
        addArchive(
                "case",
                "names that differ by more than case",
                "'saved_model.pb' and 'SAVED_MODEL.PB'",
                new ZipArchiveEntry(PB),
                new ZipArchiveEntry("SAVED_MODEL.PB"));
        Path bomb = DIRECTORY.resolve("bomb.zip");
        try (var out = new ZipArchiveOutputStream(bomb)) {
            out.putArchiveEntry(new ZipArchiveEntry(PB));
            out.write(new byte[4 << 20]);
            out.closeArchiveEntry();
        }
        addArchive(
                bomb,
                "bomb",
                "files that are compressed to no less than 1 in 100",
                "'saved_model.pb' of 4194304 bytes in 4080");
    }

    private void addArchive(String name, String expected, String found, ZipArchiveEntry... entries) throws IOException {
        Path archive = DIRECTORY.resolve(name + ".zip");
        try (var out = new ZipArchiveOutputStream(archive)) {
            for (ZipArchiveEntry entry : entries) {
                out.putArchiveEntry(entry);
                out.write(1);
                out.closeArchiveEntry();
            }
        }
        addArchive(archive, name, expected, found);
    }

    private void addArchive(Path archive, String name, String expected, String found) {
        add(
                65,
                "an archive: " + name,
                ModelFolder.of(archive),
                name,
                "expected %s in archive '%s', found %s. Make the archive again, of the model's files alone"
                        .formatted(expected, archive, found));
    }

    private void addUris() {
        String at = DIRECTORY.toAbsolutePath() + "/missing";
        cases.add(driver(
                66,
                "a URI with a user and a password",
                spark -> Models.at(spark, "file://user:secret@" + at).savedModel(),
                "Cannot load model 'missing': expected a model that can be read at 'file://%s', found that it cannot (Wrong FS: file://%s, expected: file:///). Try again, or copy it elsewhere"
                        .formatted(at, at)));
        cases.add(driver(
                66,
                "a URI with a token",
                spark -> Models.at(spark, "file:" + at + "?token=secret").savedModel(),
                "Cannot load model 'missing': expected a model at 'file:%s', found nothing there. Mend the path"
                        .formatted(at)));
    }

    /** A folder that lists files of any length, and lets none be read. */
    private record Pretended(Map<String, Long> lengths) implements ModelFolder {

        @Override
        public String location() {
            return "models/pretended";
        }

        @Override
        public SortedMap<String, Long> list() {
            return new TreeMap<>(lengths);
        }

        @Override
        public InputStream open(String path) throws IOException {
            throw new AccessDeniedException(path);
        }
    }
}
