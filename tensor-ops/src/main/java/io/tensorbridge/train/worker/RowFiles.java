package io.tensorbridge.train.worker;

import io.tensorbridge.model.internal.OwnerOnly;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes rows to files, for a worker to map: one file for each input, cell after cell. Belongs to one thread; closing leaves the
 * files, which belong to whoever gave the directory.
 */
public final class RowFiles implements AutoCloseable {

    private final Path directory;
    private final List<Integer> cellBytes;
    private final List<FileChannel> files = new ArrayList<>();
    private long rows;

    private RowFiles(Path directory, List<Integer> cellBytes) {
        this.directory = directory;
        this.cellBytes = List.copyOf(cellBytes);
    }

    /**
     * Makes the files, without rows.
     *
     * @param directory a directory that is not there yet, which only its owner will be able to enter
     * @param cellBytes how many bytes a cell of each input has
     */
    public static RowFiles create(Path directory, List<Integer> cellBytes) throws IOException {
        OwnerOnly.create(directory);
        var files = new RowFiles(directory, cellBytes);
        try {
            for (int i = 0; i < cellBytes.size(); i++) {
                files.files.add(FileChannel.open(
                        fileOf(directory, i), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
            }
            return files;
        } catch (IOException | RuntimeException e) {
            files.close();
            throw e;
        }
    }

    static Path fileOf(Path directory, int input) {
        return directory.resolve(input + ".rows");
    }

    /**
     * Appends rows.
     *
     * @param cells the cells of each input, one after the other
     * @throws IllegalArgumentException if they are not of so many rows
     */
    public void append(List<ByteBuffer> cells, int more) throws IOException {
        for (int i = 0; i < files.size(); i++) {
            ByteBuffer bytes = cells.get(i);
            if (bytes.remaining() != (long) more * cellBytes.get(i)) {
                throw new IllegalArgumentException("Expected %d cells of %d bytes for input %d, found %d bytes"
                        .formatted(more, cellBytes.get(i), i, bytes.remaining()));
            }
            while (bytes.hasRemaining()) {
                files.get(i).write(bytes);
            }
        }
        rows += more;
    }

    /** Returns where the rows are. */
    public StoredRows rows() {
        return new StoredRows(directory.toString(), rows, cellBytes);
    }

    @Override
    public void close() throws IOException {
        for (FileChannel file : files) {
            file.close();
        }
    }
}
