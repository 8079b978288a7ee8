package io.tensorbridge.train.worker;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Rows in files, mapped into memory: what the machine has room for stays there, the rest is read when it is needed. The mappings
 * end when nobody refers to this any more, at the latest with the process.
 */
final class MappedRows {

    private static final int LARGEST_PIECE = 1 << 30;

    private final StoredRows rows;
    private final List<Pieces> inputs = new ArrayList<>();

    /** A file, mapped in pieces of whole rows: a mapping has 2 GiB at most. */
    private record Pieces(int cellBytes, int rowsOfPiece, List<MappedByteBuffer> pieces) {}

    private MappedRows(StoredRows rows) {
        this.rows = rows;
    }

    static MappedRows of(StoredRows rows) throws IOException {
        return of(rows, LARGEST_PIECE);
    }

    static MappedRows of(StoredRows rows, int largestPiece) throws IOException {
        var mapped = new MappedRows(rows);
        for (int i = 0; i < rows.cellBytes().size(); i++) {
            int cellBytes = rows.cellBytes().get(i);
            int rowsOfPiece = Math.max(1, largestPiece / cellBytes);
            List<MappedByteBuffer> pieces = new ArrayList<>();
            try (FileChannel file = FileChannel.open(RowFiles.fileOf(Path.of(rows.directory()), i))) {
                for (long row = 0; row < rows.rows(); row += rowsOfPiece) {
                    long count = Math.min(rowsOfPiece, rows.rows() - row);
                    pieces.add(file.map(MapMode.READ_ONLY, row * cellBytes, count * cellBytes));
                }
            }
            mapped.inputs.add(new Pieces(cellBytes, rowsOfPiece, pieces));
        }
        return mapped;
    }

    long count() {
        return rows.rows();
    }

    int cellBytes(int input) {
        return inputs.get(input).cellBytes();
    }

    /**
     * Copies cells, one after the other; a copy of one cell in bulk.
     *
     * @param order numbers of rows
     * @param from the first of them that is copied
     * @param to gets all cells until it is full
     */
    void gather(int input, RowOrder order, long from, ByteBuffer to) {
        Pieces file = inputs.get(input);
        int cellBytes = file.cellBytes();
        long next = from;
        for (int at = 0; at < to.limit(); at += cellBytes) {
            int row = order.at(next++);
            to.put(at, file.pieces().get(row / file.rowsOfPiece()), row % file.rowsOfPiece() * cellBytes, cellBytes);
        }
    }

    /**
     * Copies cells as they lie, one after the other; as many as there are in a piece in bulk.
     *
     * @param from the row of the first of them
     * @param to gets all cells until it is full
     */
    void copy(int input, long from, ByteBuffer to) {
        Pieces file = inputs.get(input);
        long row = from;
        int at = 0;
        while (at < to.limit()) {
            ByteBuffer piece = file.pieces().get((int) (row / file.rowsOfPiece()));
            int start = (int) (row % file.rowsOfPiece()) * file.cellBytes();
            int length = Math.min(to.limit() - at, piece.limit() - start);
            to.put(at, piece, start, length);
            at += length;
            row += length / file.cellBytes();
        }
    }
}
