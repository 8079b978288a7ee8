package io.tensorbridge.internal.run;

import io.tensorbridge.model.internal.FileContents;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;
import org.apache.spark.broadcast.Broadcast;

/**
 * A long file on its way to executors, each piece a broadcast of its own, so that nobody need hold all of it.
 *
 * @param pieces what the file holds, in order
 */
record BroadcastContents(List<Broadcast<byte[]>> pieces) implements FileContents, Serializable {

    /**
     * Ships a file in pieces.
     *
     * @param contents what it holds
     * @param pieceBytes how long a piece is, in bytes; the last may be shorter
     * @param broadcast ships a piece
     */
    static BroadcastContents of(FileContents contents, int pieceBytes, Function<byte[], Broadcast<byte[]>> broadcast)
            throws IOException {
        List<Broadcast<byte[]>> pieces = new ArrayList<>();
        try (InputStream in = contents.open()) {
            for (byte[] piece = in.readNBytes(pieceBytes); piece.length > 0; piece = in.readNBytes(pieceBytes)) {
                pieces.add(broadcast.apply(piece));
            }
        }
        return new BroadcastContents(Collections.unmodifiableList(pieces));
    }

    @Override
    public InputStream open() {
        return new Pieces(pieces.iterator());
    }

    /** One piece after the other; none is asked for before the one before it was read. */
    private static final class Pieces extends InputStream {

        private final Iterator<Broadcast<byte[]>> next;
        private ByteArrayInputStream current = new ByteArrayInputStream(new byte[0]);

        Pieces(Iterator<Broadcast<byte[]>> next) {
            this.next = next;
        }

        @Override
        public int read() {
            return hasMore() ? current.read() : -1;
        }

        @Override
        public int read(byte[] bytes, int offset, int count) {
            return hasMore() ? current.read(bytes, offset, count) : -1;
        }

        private boolean hasMore() {
            while (current.available() == 0) {
                if (!next.hasNext()) {
                    return false;
                }
                current = new ByteArrayInputStream(next.next().value());
            }
            return true;
        }
    }
}
