package io.tensorbridge.examples;

import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPInputStream;

/**
 * A compressed file in the format of MNIST: items of bytes, all of one shape.
 *
 * <p>It begins with two zeros, the type of the values (8 for bytes), the number of dimensions, and each dimension as an int,
 * the first of which counts the items.
 */
final class IdxFile {

    private static final int BYTES = 0x0800;

    private IdxFile() {}

    /**
     * Reads all items.
     *
     * @param shape the shape that an item must have: none for numbers, height and width for pictures
     * @throws IOException if the file cannot be read, or holds anything else
     */
    static List<byte[]> read(Path file, int... shape) throws IOException {
        try (var in = new DataInputStream(new GZIPInputStream(Files.newInputStream(file)))) {
            int magic = in.readInt();
            if (magic != BYTES + 1 + shape.length) {
                throw new IOException(
                        "Cannot read '%s': expected bytes of %d dimensions, found a file that begins with %08x"
                                .formatted(file, 1 + shape.length, magic));
            }
            int items = in.readInt();
            int[] found = new int[shape.length];
            for (int i = 0; i < found.length; i++) {
                found[i] = in.readInt();
            }
            if (!Arrays.equals(found, shape)) {
                throw new IOException("Cannot read '%s': expected items of shape %s, found %s"
                        .formatted(file, Arrays.toString(shape), Arrays.toString(found)));
            }
            int length = Arrays.stream(shape).reduce(1, Math::multiplyExact);
            List<byte[]> all = new ArrayList<>();
            for (int i = 0; i < items; i++) {
                byte[] item = new byte[length];
                in.readFully(item);
                all.add(item);
            }
            return all;
        }
    }
}
