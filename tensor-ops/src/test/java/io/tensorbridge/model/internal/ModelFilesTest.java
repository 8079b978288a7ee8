package io.tensorbridge.model.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelFilesTest {

    private static final String DATA = "variables/variables.data-00000-of-00001";
    private static final int LONG = ModelFiles.MOST_IN_MEMORY + 1;

    @TempDir
    Path directory;

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private static SortedMap<String, byte[]> contents(int length) {
        return new TreeMap<>(Map.of(ModelFiles.SAVED_MODEL, random(7), DATA, random(length)));
    }

    private static ModelFiles copy(SortedMap<String, byte[]> contents) throws IOException {
        return ModelFiles.copyOf(MapFolder.of(contents));
    }

    private static ModelFiles thereAndBack(ModelFiles files) throws IOException, ClassNotFoundException {
        return (ModelFiles) read(write(files));
    }

    private static byte[] write(ModelFiles files) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var out = new ObjectOutputStream(bytes)) {
            out.writeObject(files);
        }
        return bytes.toByteArray();
    }

    private static Object read(byte[] bytes) throws IOException, ClassNotFoundException {
        try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes))) {
            return in.readObject();
        }
    }

    /** Returns the files in the private directory, but for the lock. */
    private static List<Path> spooled() throws IOException {
        try (var files = Files.list(PrivateDirectory.ofThisProcess().path())) {
            return files.filter(file -> !file.endsWith("lock")).toList();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, LONG - 1, LONG, 3 * LONG})
    void holdsWhatTheFolderHeld(int length) throws Exception {
        SortedMap<String, byte[]> contents = contents(length);
        ModelFiles copied = copy(contents);
        for (ModelFiles files : List.of(copied, thereAndBack(copied), thereAndBack(thereAndBack(copied)))) {
            assertThat(files.paths()).containsExactlyElementsOf(contents.keySet());
            assertThat(files.length()).isEqualTo(7 + length);
            assertThat(files.digest()).isEqualTo(ModelFiles.of(contents).digest());
            for (String path : contents.keySet()) {
                assertThat(files.length(path)).isEqualTo(contents.get(path).length);
                assertThat(files.bytes(path)).isEqualTo(contents.get(path));
                try (InputStream in = files.open(path)) {
                    assertThat(in.readAllBytes()).isEqualTo(contents.get(path));
                }
            }
        }
    }

    @Test
    void isKnownByPathsLengthsAndDigestsOfItsFiles() throws NoSuchAlgorithmException {
        MessageDigest all = MessageDigest.getInstance("SHA-256");
        for (String path : List.of("a", "b/c")) {
            all.update((path + "\0" + path.length() + "\0").getBytes(StandardCharsets.UTF_8));
            all.update(MessageDigest.getInstance("SHA-256").digest(path.getBytes(StandardCharsets.UTF_8)));
        }
        ModelFiles files = ModelFiles.of(new TreeMap<>(
                Map.of("b/c", "b/c".getBytes(StandardCharsets.UTF_8), "a", "a".getBytes(StandardCharsets.UTF_8))));
        assertThat(files.digest()).isEqualTo(HexFormat.of().formatHex(all.digest()));
    }

    @ParameterizedTest
    @ValueSource(ints = {9, LONG})
    void writesItsFiles(int length) throws IOException {
        SortedMap<String, byte[]> contents = contents(length);
        ModelFiles files = copy(contents);
        files.writeTo(directory);
        for (String path : contents.keySet()) {
            assertThat(directory.resolve(path)).hasBinaryContent(contents.get(path));
        }
        assertThat(ModelFiles.digestOf(directory)).isEqualTo(files.digest());
    }

    @Test
    void copiesALongFileInPieces() throws IOException {
        SortedMap<String, byte[]> contents = contents(3 * LONG);
        ModelFiles files = copy(contents);
        var out = new ByteArrayOutputStream() {
            @Override
            public synchronized void write(byte[] bytes, int offset, int length) {
                assertThat(length).isLessThanOrEqualTo(ModelFile.BUFFER);
                super.write(bytes, offset, length);
            }
        };
        files.copyTo(DATA, out);
        assertThat(out.toByteArray()).isEqualTo(contents.get(DATA));
        assertThat(files.sha256(DATA)).isEqualTo(HexFormat.of().formatHex(ModelFile.sha256Of(files.open(DATA))));
    }

    @Test
    void copiesNoFileThatWasChanged() throws IOException {
        List<Path> before = spooled();
        ModelFiles files = copy(contents(LONG));
        List<Path> after = spooled();
        Path file =
                after.stream().filter(any -> !before.contains(any)).findFirst().orElseThrow();
        Files.write(file, new byte[LONG]);
        assertThatThrownBy(() -> files.copyTo(DATA, OutputStream.nullOutputStream()))
                .isInstanceOf(ModelFileException.class)
                .hasMessage(
                        "expected file '%s' of SHA-256 %s, found %s, so it was changed meanwhile. Run it again; if it fails again on this machine, check its disk and memory",
                        DATA,
                        files.sha256(DATA),
                        HexFormat.of().formatHex(ModelFile.sha256Of(new ByteArrayInputStream(new byte[LONG]))));
    }

    @Test
    void knowsFilesThatAreOthersOnDisk() throws IOException {
        ModelFiles files = copy(contents(9));
        files.writeTo(directory);
        Files.write(directory.resolve("more"), new byte[0]);
        assertThat(ModelFiles.digestOf(directory)).isNotEqualTo(files.digest());
        Files.delete(directory.resolve("more"));
        Files.write(directory.resolve(DATA), random(10));
        assertThat(ModelFiles.digestOf(directory)).isNotEqualTo(files.digest());
    }

    @Test
    void keepsLongFilesOutOfMemoryAsLongAsSomebodyHoldsThem() throws Exception {
        List<Path> before = spooled();
        ModelFiles files = copy(contents(LONG));
        List<Path> after = spooled();
        assertThat(after).hasSize(before.size() + 1);
        ModelFiles changed = files.with(ModelFiles.SAVED_MODEL, random(8));
        assertThat(spooled()).isEqualTo(after);
        assertThat(changed.digest())
                .isEqualTo(ModelFiles.of(new TreeMap<>(Map.of(ModelFiles.SAVED_MODEL, random(8), DATA, random(LONG))))
                        .digest());
        files = null;
        System.gc();
        Thread.sleep(50);
        assertThat(changed.bytes(DATA)).isEqualTo(random(LONG));
        changed = null;
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (spooled().size() > before.size() && System.nanoTime() < end) {
            System.gc();
            Thread.sleep(20);
        }
        assertThat(spooled())
                .doesNotContainAnyElementsOf(
                        after.stream().filter(file -> !before.contains(file)).toList());
    }

    @Test
    void leavesNothingBehindWhenACopyFails() throws IOException {
        List<Path> before = spooled();
        var begin = new ByteArrayInputStream(random(LONG));
        var failing = new SequenceInputStream(begin, new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("The disk is gone");
            }

            @Override
            public int read(byte[] bytes, int offset, int count) throws IOException {
                return read();
            }
        });
        assertThatThrownBy(() -> ModelFile.copyOf(failing, 1))
                .isInstanceOf(IOException.class)
                .hasMessage("The disk is gone");
        assertThat(spooled()).isEqualTo(before);
    }

    @Test
    void refusesAFolderThatChangesWhileItIsRead() {
        var folder = new MapFolder(contents(9), new TreeMap<>(Map.of(DATA, 10L)));
        assertThatThrownBy(() -> ModelFiles.copyOf(folder))
                .isInstanceOf(IOException.class)
                .hasMessage("expected 10 bytes of %s, found 9. Read the model when nobody writes it".formatted(DATA));
    }

    @Test
    void refusesAGraphThatIsTooLong() {
        var folder = new MapFolder(new TreeMap<>(), new TreeMap<>(Map.of("saved_model.pb", 1L << 31)));
        assertThatThrownBy(() -> ModelFiles.copyOf(folder))
                .isInstanceOf(IOException.class)
                .hasMessage("expected saved_model.pb to be shorter than 2 GiB, found 2147483648 bytes");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../out", "/out", "a/../../out", ""})
    void writesNothingOutsideOfTheDirectory(String path) {
        ModelFiles files = ModelFiles.of(new TreeMap<>(Map.of(path, new byte[1])));
        assertThatThrownBy(() -> files.writeTo(directory))
                .isInstanceOf(IOException.class)
                .hasMessage("expected a path inside of the model, found '%s'".formatted(path));
    }

    @Test
    void isKnownByWhatComesOutOfAStream() throws Exception {
        ModelFiles files = copy(contents(LONG));
        byte[] written = write(files);
        written[written.length / 2] ^= 1;
        var read = (ModelFiles) read(written);
        assertThat(read.paths()).isEqualTo(files.paths());
        assertThat(read.digest()).isNotEqualTo(files.digest());
    }

    @Test
    void saysWhichFilesThereAre() throws IOException {
        ModelFiles files = copy(contents(1));
        assertThatThrownBy(() -> files.bytes("graph.pb"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Cannot read 'graph.pb': the files are [saved_model.pb, %s]".formatted(DATA));
    }
}
