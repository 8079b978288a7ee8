package io.tensorbridge.benchmarks;

import io.tensorbridge.examples.ExampleFiles;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/**
 * JPEGs of 400 to 640 pixels a side in a directory that is there until this is closed: parts of the photographs of the examples,
 * some turned over, in other sizes and proportions.
 */
final class Photographs implements AutoCloseable {

    private static final int SMALLEST = 400;
    private static final int LARGEST = 640;

    private final Path directory;

    private Photographs(Path directory) {
        this.directory = directory;
    }

    static Photographs open() throws IOException {
        return new Photographs(Files.createTempDirectory("photographs"));
    }

    /** Writes so many files into a directory of their own, and returns that. */
    Path write(String name, int count) throws IOException {
        var random = new Random(name.hashCode());
        List<BufferedImage> whole = List.of(read("china.jpg"), read("flower.jpg"));
        Path written = Files.createDirectory(directory.resolve(name));
        for (int i = 0; i < count; i++) {
            Path file = written.resolve("%s-%04d.jpg".formatted(name, i));
            if (!ImageIO.write(cut(whole.get(i % whole.size()), random), "jpg", file.toFile())) {
                throw new IllegalStateException("This Java cannot write JPEGs");
            }
        }
        return written;
    }

    private static BufferedImage read(String name) throws IOException {
        return ImageIO.read(ExampleFiles.data("photographs").resolve(name).toFile());
    }

    private static BufferedImage cut(BufferedImage whole, Random random) {
        var cut = new BufferedImage(side(random), side(random), BufferedImage.TYPE_3BYTE_BGR);
        int width = whole.getWidth() * (60 + random.nextInt(41)) / 100;
        int height = whole.getHeight() * (60 + random.nextInt(41)) / 100;
        int left = random.nextInt(whole.getWidth() - width + 1);
        int top = random.nextInt(whole.getHeight() - height + 1);
        boolean isTurned = random.nextBoolean();
        int from = isTurned ? left + width : left;
        int to = isTurned ? left : left + width;
        Graphics2D graphics = cut.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
        graphics.drawImage(whole, 0, 0, cut.getWidth(), cut.getHeight(), from, top, to, top + height, null);
        graphics.dispose();
        return cut;
    }

    private static int side(Random random) {
        return SMALLEST + random.nextInt(LARGEST - SMALLEST + 1);
    }

    /** Returns the files of directories, in the order of their paths. */
    static List<Path> list(List<Path> directories) {
        return directories.stream().flatMap(Photographs::list).toList();
    }

    private static Stream<Path> list(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.sorted().toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        delete(directory);
    }

    static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
