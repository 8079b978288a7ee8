package io.tensorbridge.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.MemoryFileSystem;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointStoreTest {

    private static final Map<String, String> FILES =
            Map.of("all.index", "index", "all.data-00000-of-00001", "data".repeat(10_000), "state.json", "{}");

    @TempDir
    private Path directory;

    /** Where checkpoints are. */
    enum Kind {
        LOCAL,
        MEMORY
    }

    @AfterEach
    void forget() {
        MemoryFileSystem.FILES.clear();
        MemoryFileSystem.MOVES.set(Long.MAX_VALUE);
        MemoryFileSystem.room = Long.MAX_VALUE;
    }

    private CheckpointStore store(Kind kind) {
        return switch (kind) {
            case LOCAL -> local();
            case MEMORY -> memory("/checkpoints");
        };
    }

    private CheckpointStore local() {
        return CheckpointStore.at(directory.resolve("checkpoints").toUri().toString(), new Configuration());
    }

    private static CheckpointStore memory(String path) {
        var conf = new Configuration();
        conf.set("fs.memory.impl", MemoryFileSystem.class.getName());
        return CheckpointStore.at("memory:" + path, conf);
    }

    private Path written(String name, Map<String, String> files) throws IOException {
        Path written = Files.createDirectory(directory.resolve(name));
        for (Map.Entry<String, String> file : files.entrySet()) {
            Files.writeString(written.resolve(file.getKey()), file.getValue());
        }
        return written;
    }

    private static Map<String, String> read(Path directory) throws IOException {
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> all = Files.list(directory)) {
            for (Path file : all.toList()) {
                files.put(file.getFileName().toString(), Files.readString(file));
            }
        }
        return files;
    }

    private List<String> names() throws IOException {
        try (Stream<Path> all = Files.list(directory.resolve("checkpoints"))) {
            return all.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void givesBackTheNewestCheckpoint(Kind kind) throws IOException {
        CheckpointStore store = store(kind);
        store.save(written("older", Map.of("state.json", "older")), 9);
        store.save(written("newer", FILES), 10);
        Path fetched = directory.resolve("fetched");

        assertThat(store.newest()).contains("checkpoint-10");
        store.fetch("checkpoint-10", fetched);

        assertThat(read(fetched)).isEqualTo(new TreeMap<>(FILES));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(fetched)))
                .isEqualTo("rwx------");
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void hasNoneBeforeTheFirstIsWritten(Kind kind) throws IOException {
        assertThat(store(kind).newest()).isEmpty();
    }

    @Test
    void keepsTheLastTwoAndWhatIsNoCheckpoint() throws IOException {
        CheckpointStore store = local();
        Path written = written("written", FILES);
        Files.createDirectories(directory.resolve("checkpoints/checkpoint-of-mine"));
        for (long step : List.of(8, 9, 10, 11)) {
            store.save(written, step);
        }

        assertThat(names()).containsExactly("checkpoint-10", "checkpoint-11", "checkpoint-of-mine");
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void takesThePlaceOfTheSameStepBeforeARestart(Kind kind) throws IOException {
        CheckpointStore store = store(kind);
        store.save(written("before", FILES), 10);
        store.save(written("after", Map.of("state.json", "after")), 10);
        Path fetched = Files.createDirectory(directory.resolve("fetched"));

        store.fetch(store.newest().orElseThrow(), fetched);

        assertThat(read(fetched)).isEqualTo(Map.of("state.json", "after"));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 2, 3, 4})
    void passesOverACheckpointWhoseMoveBrokeOffAndRemovesItWithTheNext(long moved) throws IOException {
        CheckpointStore store = memory("/checkpoints");
        Path written = written("written", FILES);
        store.save(written, 1);
        MemoryFileSystem.MOVES.set(moved);
        assertThatThrownBy(() -> store.save(written, 2))
                .isInstanceOf(IOException.class)
                .hasMessage(
                        "Cannot write checkpoint 'memory:/checkpoints/checkpoint-2' (Broken off). Mend the directory, or name another one with checkpoints(…)");
        MemoryFileSystem.MOVES.set(Long.MAX_VALUE);

        boolean isWhole = moved == 4; // all files are there, and the old ones were not removed yet
        assertThat(store.newest()).contains(isWhole ? "checkpoint-2" : "checkpoint-1");
        store.save(written, 3);

        assertThat(checkpointsInMemory()).containsExactly(isWhole ? "checkpoint-2" : "checkpoint-1", "checkpoint-3");
    }

    private static List<String> checkpointsInMemory() {
        return MemoryFileSystem.FILES.keySet().stream()
                .map(path -> path.split("/", -1)[2])
                .distinct()
                .toList();
    }

    @Test
    void leavesNothingBehindWhenThereIsNoRoom() throws IOException {
        CheckpointStore store = memory("/checkpoints");
        Path written = written("written", FILES);
        store.save(written, 1);
        Map<String, byte[]> before = new TreeMap<>(MemoryFileSystem.FILES);
        MemoryFileSystem.room = 100;

        assertThatThrownBy(() -> store.save(written, 2))
                .isInstanceOf(IOException.class)
                .hasMessageMatching(
                        "Cannot write checkpoint 'memory:/checkpoints/checkpoint-2' \\(No space left for memory:/checkpoints/_tensorbridge-checkpoint-\\S+\\)\\. Mend the directory, or name another one with checkpoints\\(…\\)");
        assertThat(MemoryFileSystem.FILES).containsExactlyEntriesOf(before);
    }

    @Test
    void removesWhatATaskThatWasKilledHasLeft() throws IOException {
        CheckpointStore store = local();
        Path killed = directory.resolve("checkpoints/_tensorbridge-checkpoint-1");
        Files.createDirectories(killed);
        Files.writeString(killed.resolve("all.index"), "in");

        assertThat(store.newest()).isEmpty();
        store.save(written("written", FILES), 5);

        assertThat(names()).containsExactly("checkpoint-5");
    }

    /** What becomes of a file; the sums that Hadoop itself keeps of local files are beside them. */
    enum Damage {
        CHANGED {
            @Override
            void happenTo(Path file) throws IOException {
                byte[] bytes = Files.readAllBytes(file);
                bytes[bytes.length / 2] ^= 1;
                Files.write(file, bytes);
            }
        },
        CHANGED_WITHOUT_HADOOPS_SUM {
            @Override
            void happenTo(Path file) throws IOException {
                Files.delete(sumOf(file));
                CHANGED.happenTo(file);
            }
        },
        SHORTENED_WITHOUT_HADOOPS_SUM {
            @Override
            void happenTo(Path file) throws IOException {
                Files.delete(sumOf(file));
                byte[] bytes = Files.readAllBytes(file);
                Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length - 1));
            }
        };

        abstract void happenTo(Path file) throws IOException;

        static Path sumOf(Path file) {
            return file.resolveSibling("." + file.getFileName() + ".crc");
        }
    }

    @ParameterizedTest
    @EnumSource(Damage.class)
    void refusesACheckpointThatIsNotAsItWasWritten(Damage damage) throws IOException {
        CheckpointStore store = local();
        store.save(written("written", FILES), 10);
        damage.happenTo(directory.resolve("checkpoints/checkpoint-10/all.data-00000-of-00001"));
        String newest = store.newest().orElseThrow();

        assertThatThrownBy(() -> store.fetch(newest, directory.resolve("fetched")))
                .isInstanceOf(TrainingException.class)
                .hasMessage(
                        "Cannot go on from checkpoint '%s/checkpoint-10': expected file 'all.data-00000-of-00001' to be as it was written, found that it is not. Remove the checkpoint to go on from the one before, or name another directory with checkpoints(…)",
                        store.location());
    }

    @ParameterizedTest
    @EnumSource(Damage.class)
    void refusesACheckpointWhoseListIsNotAsItWasWritten(Damage damage) throws IOException {
        CheckpointStore store = local();
        store.save(written("written", FILES), 10);
        Path list = directory.resolve("checkpoints/checkpoint-10/files.txt");
        if (damage != Damage.CHANGED) { // without which the change may be one of a sum in it
            Files.delete(Damage.sumOf(list));
            Files.writeString(list, "tensorbridge checkpoint 1\n../../all.index\t1\t0\nend\n");
        } else {
            damage.happenTo(list);
        }

        assertThatThrownBy(store::newest)
                .isInstanceOf(TrainingException.class)
                .hasMessage(
                        "Cannot go on from checkpoint '%s/checkpoint-10': expected file 'files.txt' to be as it was written, found that it is not. Remove the checkpoint to go on from the one before, or name another directory with checkpoints(…)",
                        store.location());
    }

    @Test
    void passesOverACheckpointThatLacksAFile() throws IOException {
        CheckpointStore store = local();
        store.save(written("written", FILES), 10);
        store.save(directory.resolve("written"), 20);
        Files.delete(directory.resolve("checkpoints/checkpoint-20/all.index"));

        assertThat(store.newest()).contains("checkpoint-10");
    }

    @Test
    void travels() throws IOException, ClassNotFoundException {
        CheckpointStore store = memory("/checkpoints");
        store.save(written("written", FILES), 10);
        var bytes = new ByteArrayOutputStream();
        try (var out = new ObjectOutputStream(bytes)) {
            out.writeObject(store);
        }
        try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            assertThat(((CheckpointStore) in.readObject()).newest()).contains("checkpoint-10");
        }
    }

    @Test
    void seesThatADirectoryCanBeWritten() throws IOException {
        local().prepare();

        assertThat(names()).isEmpty();
        assertThatThrownBy(memory("/forbidden")::prepare)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot keep checkpoints at 'memory:/forbidden': expected a directory that can be written, found none (java.nio.file.AccessDeniedException: memory:/forbidden). Let Spark's user write there, or name another one with checkpoints(…)");
    }

    @Test
    void saysWhereCheckpointsCannotBeRead() throws IOException {
        CheckpointStore store = memory("/unreachable?token=1234");
        store.save(written("written", FILES), 1);

        assertThatThrownBy(store::newest)
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("Cannot read the checkpoints at 'memory:/unreachable' (No answer from ")
                .hasMessageEndingWith("). Mend the directory, or name another one with checkpoints(…)")
                .hasMessageNotContainingAny("1234", "secret");
    }

    @Test
    void refusesWhatIsNoUriAndNamesThatAreNoCheckpoints() {
        assertThatThrownBy(() -> CheckpointStore.at("nowhere://here", new Configuration()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot keep checkpoints at 'nowhere://here': expected a scheme that Hadoop has a file system for, found 'nowhere'. Add its connector to Spark's class path");
        CheckpointStore store = local();
        List<Throwable> thrown = new ArrayList<>();
        for (String name : List.of("../checkpoint-1", "checkpoint-", "checkpoint-1/..")) {
            thrown.add(org.assertj.core.api.Assertions.catchThrowable(() -> store.fetch(name, directory)));
        }
        assertThat(thrown).allSatisfy(e -> assertThat(e).isInstanceOf(IllegalArgumentException.class));
        assertThat(thrown.get(0))
                .hasMessage("Invalid checkpoint: expected a name such as 'checkpoint-100', found '../checkpoint-1'");
    }
}
