package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tensorbridge.model.internal.PrivateDirectory;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeCacheTest {

    @TempDir
    Path home;

    private static void assumePosix() {
        assumeTrue(FileSystems.getDefault().supportedFileAttributeViews().contains("posix"));
    }

    private Path choose() throws IOException {
        return NativeCache.choose(/* set= */ null, home, /* spaceNeeded= */ 0);
    }

    private void assertIsPrivate(Path chosen) throws IOException {
        assertThat(chosen).hasParent(PrivateDirectory.ofThisProcess().path()).isEmptyDirectory();
        Files.delete(chosen);
    }

    @Test
    void isInTheUsersHome() throws IOException {
        assumePosix();
        assertThat(choose()).isEqualTo(home.resolve(".javacpp/cache")).isEmptyDirectory();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home.resolve(".javacpp"))))
                .isEqualTo("rwx------");
        assertThat(choose()).isEqualTo(home.resolve(".javacpp/cache"));
    }

    @Test
    void isThisProcesssIfThereIsNoHome() throws IOException {
        home = home.resolve("missing");
        assertIsPrivate(choose());
    }

    @Test
    void isThisProcesssIfOthersMayWriteToTheUsers() throws IOException {
        assumePosix();
        for (String directory : new String[] {".javacpp/cache", ".javacpp"}) {
            choose();
            Files.setPosixFilePermissions(home.resolve(directory), PosixFilePermissions.fromString("rwxrwxr-x"));
            assertIsPrivate(choose());
        }
    }

    @Test
    void isThisProcesssIfTheUsersIsALink() throws IOException {
        assumePosix();
        Files.createDirectories(home.resolve("elsewhere/cache"));
        Files.createSymbolicLink(home.resolve(".javacpp"), home.resolve("elsewhere"));
        assertIsPrivate(choose());
    }

    @Test
    void isWhatWasSet() throws IOException {
        Path set = home.resolve("a/b");
        assertThat(NativeCache.choose(set, home, 0)).isEqualTo(set).isEmptyDirectory();
    }

    @Test
    void needsRoomUnlessSomethingIsUnpacked() throws IOException {
        Path cache = choose();
        assertThatThrownBy(() -> NativeCache.choose(/* set= */ null, home, Long.MAX_VALUE))
                .isInstanceOf(IOException.class)
                .hasMessageMatching(
                        "expected 8796093022207 MB free in \\Q%s\\E, to unpack TensorFlow's natives, found \\d+ MB\\. Free some, or name another directory with -Dorg\\.bytedeco\\.javacpp\\.cachedir"
                                .formatted(cache));
        Path unpacked = Files.createDirectories(cache.resolve("some.jar/linux"));
        Files.createFile(unpacked.resolve("libtensorflow_cc.so.2"));
        assertThat(NativeCache.choose(/* set= */ null, home, Long.MAX_VALUE)).isEqualTo(cache);
    }
}
