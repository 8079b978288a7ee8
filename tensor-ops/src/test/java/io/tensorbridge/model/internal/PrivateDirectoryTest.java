package io.tensorbridge.model.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrivateDirectoryTest {

    private static final String USER = System.getProperty("user.name").replaceAll("[^A-Za-z0-9._-]", "_");

    @TempDir
    Path base;

    private Path users;

    @BeforeEach
    void name() {
        users = base.resolve("tensorbridge-" + USER);
    }

    private PrivateDirectory make() throws IOException {
        return PrivateDirectory.below(base, "spark.local.dir");
    }

    private void assumePosix() {
        assumeTrue(FileSystems.getDefault().supportedFileAttributeViews().contains("posix"));
    }

    private static String permissions(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    @Test
    void isItsOwnersAlone() throws IOException {
        assumePosix();
        PrivateDirectory made = make();
        assertThat(permissions(users)).isEqualTo("rwx------");
        assertThat(permissions(made.path())).isEqualTo("rwx------");
        assertThat(permissions(made.newDirectory())).isEqualTo("rwx------");
        made.remove();
    }

    @Test
    void givesEachAPlaceOfItsOwn() throws IOException {
        PrivateDirectory made = make();
        assertThat(made.newDirectory()).isEmptyDirectory().hasParent(made.path());
        assertThat(made.newPath()).doesNotExist();
        assertThat(made.newPath()).isNotEqualTo(made.newPath());
        made.remove();
    }

    @Test
    void goesWithAllThatIsInIt() throws IOException {
        PrivateDirectory made = make();
        Files.writeString(made.newDirectory().resolve("file"), "text");
        made.remove();
        assertThat(made.path()).doesNotExist();
        assertThat(users).exists();
    }

    @Test
    void isMadeOnAFileSystemWithoutPermissionsToo() throws IOException {
        try (var zip = FileSystems.newFileSystem(base.resolve("files.zip"), Map.of("create", "true"))) {
            Path directory = zip.getPath("/private");
            OwnerOnly.create(directory);
            Files.createDirectory(zip.getPath("/probe"));
            assertThat(Files.isDirectory(directory)).isTrue();
            assertThat(OwnerOnly.objection(directory, zip.getPath("/probe"))).isNull();
        }
    }

    @Test
    void refusesALink() throws IOException {
        assumePosix();
        Files.createDirectory(base.resolve("elsewhere"));
        Files.createSymbolicLink(users, base.resolve("elsewhere"));
        assertThatThrownBy(this::make)
                .isInstanceOf(IOException.class)
                .hasMessage(
                        "Cannot make a private directory in %s (expected %s to be a directory of this user alone, found a symbolic link). Mend it, or name another directory with spark.local.dir"
                                .formatted(base, users));
        assertThat(base.resolve("elsewhere")).isEmptyDirectory();
    }

    @Test
    void refusesADirectoryThatOthersMayWriteTo() throws IOException {
        assumePosix();
        Files.createDirectory(users);
        Files.setPosixFilePermissions(users, PosixFilePermissions.fromString("rwxrwx---"));
        assertThatThrownBy(this::make)
                .isInstanceOf(IOException.class)
                .hasMessage(
                        "Cannot make a private directory in %s (expected %s to be a directory of this user alone, found one that others may write to (rwxrwx---)). Mend it, or name another directory with spark.local.dir"
                                .formatted(base, users));
    }

    @Test
    void refusesADirectoryOfSomebodyElse() throws IOException {
        assumePosix();
        Path own = Files.createFile(base.resolve("own"));
        Files.createDirectory(users);
        Path root = Path.of("/");
        boolean isRoot = Files.getOwner(root).equals(Files.getOwner(own));
        if (isRoot) { // who alone may give things away
            Files.setAttribute(users, "unix:uid", 12345);
        }
        assertThat(OwnerOnly.objection(isRoot ? users : root, own))
                .isEqualTo("one of " + Files.getOwner(isRoot ? users : root).getName());
    }

    @Test
    void saysWhichDirectoryIsNone() throws IOException {
        Path file = Files.writeString(base.resolve("file"), "text");
        assertThatThrownBy(() -> PrivateDirectory.below(file, "spark.local.dir"))
                .isInstanceOf(IOException.class)
                .hasMessage(
                        "Cannot make a private directory in %s (java.nio.file.FileAlreadyExistsException: %s). Mend it, or name another directory with spark.local.dir"
                                .formatted(file, file));
    }

    @Test
    void sweepsWhatDeadProcessesLeftAndNothingElse() throws Exception {
        Process living = Holder.start(base);
        Process dead = Holder.start(base);
        try (BufferedReader livings = living.inputReader();
                BufferedReader deads = dead.inputReader()) {
            Path held = Path.of(livings.readLine());
            Path left = Path.of(deads.readLine());
            Files.writeString(left.resolve("file"), "text");
            PrivateDirectory first = make();
            assertThat(List.of(held, left)).allSatisfy(path -> assertThat(path).isDirectory());
            dead.destroyForcibly().waitFor();
            PrivateDirectory second = make();
            assertThat(left).doesNotExist();
            assertThat(List.of(held, first.path(), second.path()))
                    .allSatisfy(path -> assertThat(path).isDirectory());
            living.outputWriter().close(); // upon which it ends
            assertThat(living.waitFor()).isZero();
            assertThat(held).doesNotExist();
            first.remove();
            second.remove();
        } finally {
            dead.destroyForcibly();
            living.destroyForcibly();
        }
    }

    /** A process that prints its directory, and ends with its input. */
    static final class Holder {

        private Holder() {}

        static Process start(Path base) throws IOException {
            return new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Xmx64m",
                            "-Djava.io.tmpdir=" + base,
                            "-cp",
                            System.getProperty("java.class.path"),
                            Holder.class.getName())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
        }

        public static void main(String[] arguments) throws IOException {
            System.out.println(PrivateDirectory.ofThisProcess().path());
            System.in.transferTo(java.io.OutputStream.nullOutputStream());
        }
    }
}
