package io.tensorbridge.train.worker;

import io.tensorbridge.model.internal.OwnerOnly;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
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
            files.remove(e);
            throw e;
        }
    }

    private void remove(Exception why) {
        try {
            close();
            for (int i = 0; i < files.size(); i++) {
                Files.delete(fileOf(directory, i));
            }
            Files.delete(directory);
        } catch (IOException e) {
            why.addSuppressed(e);
        }
    }

    static Path fileOf(Path directory, int input) {
        return directory.resolve(input + ".rows");
    }

    /**
     * Appends rows; none if their cells are not as many.
     *
     * @param cells the cells of each input, one after the other; read to their ends
     * @param more how many rows these are
     * @throws IllegalArgumentException if the cells are not of so many rows
     */
    public void append(List<ByteBuffer> cells, int more) throws IOException {
        if (cells.size() != files.size()) {
            throw new IllegalArgumentException("Cannot append rows: expected cells of %d inputs, found those of %d"
                    .formatted(files.size(), cells.size()));
        }
        for (int i = 0; i < files.size(); i++) {
            if (cells.get(i).remaining() != (long) more * cellBytes.get(i)) {
                throw new IllegalArgumentException(
                        "Cannot append rows: expected %d cells of %d bytes for input %d, found %d bytes"
                                .formatted(
                                        more, cellBytes.get(i), i, cells.get(i).remaining()));
            }
        }
        for (int i = 0; i < files.size(); i++) {
            while (cells.get(i).hasRemaining()) {
                files.get(i).write(cells.get(i));
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
