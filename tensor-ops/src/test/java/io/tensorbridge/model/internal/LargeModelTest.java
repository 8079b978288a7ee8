package io.tensorbridge.model.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.model.ModelFolder;
import io.tensorbridge.model.ModelTarget;
import java.io.IOException;
import java.io.InputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** A file of more than 2 GiB in a heap of 512 MB; run it with {@code -Dtensorbridge.large=true}. */
@EnabledIfSystemProperty(named = "tensorbridge.large", matches = "true")
class LargeModelTest {

    @Test
    void copiesShipsAndWritesAFileThatNoArrayHolds() throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx512m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Large.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (var lines = process.inputReader()) {
            assertThat(lines.lines().peek(System.out::println))
                    .last()
                    .isEqualTo("2200000000 bytes came out as they went in");
        } finally {
            process.destroyForcibly();
        }
    }

    /** The process with the small heap. */
    static final class Large {

        private Large() {}

        public static void main(String[] arguments) throws Exception {
            long start = System.nanoTime();
            ModelFiles copied = ModelFiles.copyOf(new Counting(2_200_000_000L));
            start = lap("copied", start);
            ModelFiles shipped = ship(copied);
            start = lap("shipped", start);
            Path directory = PrivateDirectory.ofThisProcess().newDirectory();
            shipped.writeTo(directory);
            start = lap("written", start);
            String found = ModelFiles.digestOf(directory);
            start = lap("hashed", start);
            ModelFiles loaded = ModelFiles.copyOf(ModelFolder.of(save(shipped)));
            lap("saved and loaded", start);
            if (!loaded.digest().equals(found)) {
                throw new AssertionError("Loaded other files than were saved");
            }
            System.out.println(
                    found.equals(copied.digest())
                            ? "%d bytes came out as they went in".formatted(shipped.length())
                            : "%d bytes were changed".formatted(shipped.length()));
        }

        private static long lap(String what, long start) {
            long now = System.nanoTime();
            System.out.printf("%s in %d ms%n", what, (now - start) / 1_000_000);
            return now;
        }

        private static Path save(ModelFiles files) throws IOException {
            Path directory = PrivateDirectory.ofThisProcess().newDirectory();
            for (String path : files.paths()) {
                try (OutputStream out = ModelTarget.of(directory).create(path)) {
                    files.copyTo(path, out);
                }
            }
            return directory;
        }

        private static ModelFiles ship(ModelFiles files) throws Exception {
            try (var end = new PipedInputStream(1 << 20);
                    var pipe = new PipedOutputStream(end)) {
                CompletableFuture<Void> written = CompletableFuture.runAsync(() -> {
                    try (var out = new ObjectOutputStream(pipe)) {
                        out.writeObject(files);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
                try (var in = new ObjectInputStream(end)) {
                    var read = (ModelFiles) in.readObject();
                    written.get();
                    return read;
                }
            }
        }
    }

    /** One file, of the numbers from 0 on. */
    private record Counting(long length) implements ModelFolder {

        @Override
        public String location() {
            return "numbers";
        }

        @Override
        public SortedMap<String, Long> list() {
            return new TreeMap<>(Map.of("variables/variables.data-00000-of-00001", length));
        }

        @Override
        public InputStream open(String path) {
            return new BoundedInput(new Numbers(), length);
        }
    }

    /** The numbers from 0 on, eight bytes each. */
    private static final class Numbers extends InputStream {

        private final ByteBuffer current = ByteBuffer.allocate(1 << 16).limit(0);
        private long next;

        @Override
        public int read() {
            fill();
            return current.get() & 0xFF;
        }

        @Override
        public int read(byte[] bytes, int offset, int count) {
            fill();
            int read = Math.min(count, current.remaining());
            current.get(bytes, offset, read);
            return read;
        }

        private void fill() {
            if (!current.hasRemaining()) {
                current.clear();
                while (current.hasRemaining()) {
                    current.putLong(next++);
                }
                current.flip();
            }
        }
    }
}
