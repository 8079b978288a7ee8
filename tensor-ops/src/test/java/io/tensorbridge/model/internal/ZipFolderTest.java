package io.tensorbridge.model.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ZipFolderTest {

    private static final byte[] TEXT = "seven".getBytes(StandardCharsets.UTF_8);

    @TempDir
    Path directory;

    private Path archive;

    @BeforeEach
    void name() {
        archive = directory.resolve("iris.zip");
    }

    private ZipFolder zip(String... names) throws IOException {
        try (var out = new ZipOutputStream(Files.newOutputStream(archive))) {
            for (String name : names) {
                out.putNextEntry(new ZipEntry(name));
                if (!name.endsWith("/")) {
                    out.write(TEXT);
                }
            }
        }
        return ZipFolder.of(archive);
    }

    private ZipFolder withMode(String name, int unixMode) throws IOException {
        try (var out = new ZipArchiveOutputStream(archive)) {
            var entry = new ZipArchiveEntry(name);
            entry.setUnixMode(unixMode);
            out.putArchiveEntry(entry);
            out.write(TEXT);
            out.closeArchiveEntry();
        }
        return ZipFolder.of(archive);
    }

    private void isRefused(ZipFolder folder, String expected, String found) {
        assertThatThrownBy(folder::list)
                .isInstanceOf(ModelFileException.class)
                .hasMessage("expected %s in archive '%s', found %s. Make the archive again, of the model's files alone"
                        .formatted(expected, archive, found));
    }

    private static String text(ZipFolder folder, String path) throws IOException {
        try (InputStream in = folder.open(path)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void givesTheFilesOfAnArchive() throws IOException {
        ZipFolder folder = zip("saved_model.pb", "variables/", "variables/variables.index");
        assertThat(folder.list()).isEqualTo(Map.of("saved_model.pb", 5L, "variables/variables.index", 5L));
        assertThat(text(folder, "variables/variables.index")).isEqualTo("seven");
        assertThat(folder.location()).isEqualTo(archive.toString());
    }

    @Test
    void takesAModelOutOfTheOneFolderAtTheTop() throws IOException {
        ZipFolder folder = zip("iris/", "iris/saved_model.pb", "iris/variables/v", "__MACOSX/iris/._saved_model.pb");
        assertThat(folder.list()).containsOnlyKeys("saved_model.pb", "variables/v");
        assertThat(text(folder, "variables/v")).isEqualTo("seven");
    }

    @Test
    void leavesFoldersAloneThatAreNotTheOnlyOnes() throws IOException {
        assertThat(zip("1/saved_model.pb", "2/saved_model.pb").list())
                .containsOnlyKeys("1/saved_model.pb", "2/saved_model.pb");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../evil", "a/../../evil", "/etc/passwd", "a/./b", "a//b", "C:/evil", "a/..\\evil"})
    void refusesNamesThatLeadOutOfIt(String name) throws IOException {
        isRefused(zip("saved_model.pb", name), "names of files inside of it", "'%s'".formatted(name));
    }

    @Test
    void refusesLinks() throws IOException {
        isRefused(withMode("variables", 0120777), "files alone", "'variables' to be a link");
    }

    @Test
    void refusesDevicesAndPipes() throws IOException {
        isRefused(withMode("random", 0020666), "files alone", "'random' to be a device or a pipe");
        isRefused(withMode("queue", 0010666), "files alone", "'queue' to be a device or a pipe");
    }

    @Test
    void refusesNamesThatDifferInCaseAlone() throws IOException {
        isRefused(zip("a/v", "A/V"), "names that differ by more than case", "'a/v' and 'A/V'");
    }

    @Test
    void refusesAFileThatIsAFolderToo() throws IOException {
        isRefused(zip("variables", "variables/v"), "files or folders", "'variables' to be both");
    }

    @Test
    void refusesMoreFilesThanAModelHas() throws IOException {
        String[] names = new String[ModelLimits.FILES + 1];
        Arrays.setAll(names, i -> "f" + i);
        isRefused(zip(names), "at most 10000 files", "more");
    }

    @Test
    void refusesBombs() throws IOException {
        try (var out = new ZipOutputStream(Files.newOutputStream(archive))) {
            out.putNextEntry(new ZipEntry("zeros"));
            out.write(new byte[8 << 20]);
        }
        assertThatThrownBy(ZipFolder.of(archive)::list)
                .hasMessageStartingWith(
                        "expected files that are compressed to no less than 1 in 100 in archive '%s', found 'zeros' of 8388608 bytes in "
                                .formatted(archive));
    }

    @Test
    void refusesMoreBytesThanTheArchiveSaid() throws IOException {
        ZipFolder folder = tampered(header -> header[CENTRAL_SIZE] = 4);
        assertThatThrownBy(() -> text(folder, "v"))
                .isInstanceOf(ModelFileException.class)
                .hasMessage("expected file 'v' as the archive says it is, found it longer. Make the archive again");
    }

    @Test
    void refusesFewerBytesThanTheArchiveSaid() throws IOException {
        ZipFolder folder = tampered(header -> header[CENTRAL_SIZE] = 6);
        assertThatThrownBy(() -> text(folder, "v"))
                .hasMessage("expected file 'v' as the archive says it is, found it shorter. Make the archive again");
    }

    @Test
    void refusesContentsThatWereChanged() throws IOException {
        ZipFolder folder = tampered(header -> header[CENTRAL_CRC] ^= 1);
        assertThatThrownBy(() -> text(folder, "v"))
                .hasMessage(
                        "expected file 'v' as the archive says it is, found other contents. Make the archive again");
    }

    @Test
    void refusesEncryptedFiles() throws IOException {
        isRefused(tampered(header -> header[CENTRAL_FLAGS] |= 1), "files that are not encrypted", "'v' to be so");
    }

    @Test
    void refusesOtherKindsOfCompression() throws IOException {
        isRefused(
                tampered(header -> header[CENTRAL_METHOD] = 12),
                "files that are stored or deflated",
                "'v' to be compressed by method 12");
    }

    private static final int CENTRAL_FLAGS = 8;
    private static final int CENTRAL_METHOD = 10;
    private static final int CENTRAL_CRC = 16;
    private static final int CENTRAL_SIZE = 24;

    private interface Tampering {
        void on(byte[] header);
    }

    /** Makes an archive of one deflated file, and changes what its directory says of it. */
    private ZipFolder tampered(Tampering tampering) throws IOException {
        zip("v");
        byte[] bytes = Files.readAllBytes(archive);
        int at = indexOf(bytes, new byte[] {'P', 'K', 1, 2});
        byte[] header = Arrays.copyOfRange(bytes, at, bytes.length);
        tampering.on(header);
        System.arraycopy(header, 0, bytes, at, header.length);
        Files.write(archive, bytes);
        return ZipFolder.of(archive);
    }

    private static int indexOf(byte[] bytes, byte[] part) {
        for (int i = 0; i + part.length <= bytes.length; i++) {
            if (Arrays.equals(bytes, i, i + part.length, part, 0, part.length)) {
                return i;
            }
        }
        throw new AssertionError("Not there");
    }

    @Test
    void refusesWhatIsNoArchive() throws IOException {
        for (byte[] bytes : List.of(new byte[0], TEXT)) {
            Files.write(archive, bytes);
            assertThatThrownBy(ZipFolder.of(archive)::list)
                    .isInstanceOf(ModelFileException.class)
                    .hasMessageStartingWith(
                            "expected a zip archive, found '%s' to be none, or not all of one (".formatted(archive))
                    .hasMessageEndingWith("). Make it again");
        }
    }

    @Test
    void saysThatAFileIsNotInIt() throws IOException {
        ZipFolder folder = zip("v");
        assertThatThrownBy(() -> folder.open("w"))
                .hasMessage("expected file 'w' in archive '%s', found no such file. Make the archive again"
                        .formatted(archive));
    }
}
