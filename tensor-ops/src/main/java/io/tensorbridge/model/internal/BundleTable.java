package io.tensorbridge.model.internal;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes the table that TensorFlow keeps the index of a checkpoint in: LevelDB's format, sorted by key, in blocks that
 * have a checksum each.
 */
final class BundleTable {

    private static final int FOOTER = 48; // two handles, padded, and the magic number
    private static final long MAGIC = 0xdb4775248b80fb57L;
    private static final int TRAILER = 5; // of a block: how it is compressed, and its checksum
    private static final int LONGEST_KEY = 1 << 16;

    private final byte[] bytes;
    private final String path;

    private BundleTable(byte[] bytes, String path) {
        this.bytes = bytes;
        this.path = path;
    }

    /** A key and what is stored under it. */
    record Row(ByteString key, ByteString value) {}

    /**
     * Reads all rows of a table.
     *
     * @param path the name of its file, for messages
     * @throws ModelFileException if the bytes are no table, or are not as they were written
     */
    static List<Row> read(byte[] bytes, String path) throws IOException {
        var table = new BundleTable(bytes, path);
        try {
            return table.rows();
        } catch (InvalidProtocolBufferException e) {
            throw table.broken("an entry that is cut short");
        }
    }

    private List<Row> rows() throws IOException {
        if (bytes.length < FOOTER) {
            throw broken("no footer");
        }
        CodedInputStream footer = CodedInputStream.newInstance(bytes, bytes.length - FOOTER, FOOTER);
        Handle ofItself = handle(footer); // what the table says of itself, which with TensorFlow is nothing
        Handle index = handle(footer);
        if (CodedInputStream.newInstance(bytes, bytes.length - Long.BYTES, Long.BYTES)
                        .readRawLittleEndian64()
                != MAGIC) {
            throw broken("another kind of file");
        }
        block(ofItself);
        List<Row> rows = new ArrayList<>();
        @Nullable ByteString last = null;
        for (Row block : block(index)) {
            for (Row row : block(handle(block.value().newCodedInput()))) {
                if (last != null
                        && ByteString.unsignedLexicographicalComparator().compare(last, row.key()) >= 0) {
                    throw broken("keys out of order");
                }
                rows.add(row);
                last = row.key();
            }
        }
        return rows;
    }

    private record Handle(long offset, long size) {}

    private static Handle handle(CodedInputStream in) throws IOException {
        return new Handle(in.readRawVarint64(), in.readRawVarint64());
    }

    private List<Row> block(Handle handle) throws IOException {
        long room = bytes.length - (long) FOOTER - TRAILER;
        if (handle.offset() < 0
                || handle.size() < 0
                || handle.offset() > room
                || handle.size() > room - handle.offset()) {
            throw broken("a block outside of it");
        }
        int offset = (int) handle.offset();
        int size = (int) handle.size();
        int stored = CodedInputStream.newInstance(bytes, offset + size + 1, Integer.BYTES)
                .readRawLittleEndian32();
        if (MaskedCrc.of(bytes, offset, size + 1) != stored) {
            throw broken("a wrong checksum over bytes %d to %d".formatted(offset, offset + size));
        }
        if (bytes[offset + size] != 0) {
            throw broken("a compressed block, which TensorFlow does not write");
        }
        return rowsOf(offset, size);
    }

    private List<Row> rowsOf(int offset, int size) throws IOException {
        if (size < Integer.BYTES) {
            throw broken("a block without an end");
        }
        long restarts =
                Integer.toUnsignedLong(CodedInputStream.newInstance(bytes, offset + size - Integer.BYTES, Integer.BYTES)
                        .readRawLittleEndian32());
        long end = size - Integer.BYTES - restarts * Integer.BYTES;
        if (end < 0) {
            throw broken("a block without an end");
        }
        CodedInputStream in = CodedInputStream.newInstance(bytes, offset, (int) end);
        List<Row> rows = new ArrayList<>();
        ByteString key = ByteString.EMPTY;
        while (!in.isAtEnd()) {
            int shared = in.readRawVarint32();
            int own = in.readRawVarint32();
            int length = in.readRawVarint32();
            if (shared < 0 || own < 0 || length < 0 || shared > key.size() || shared + (long) own > LONGEST_KEY) {
                throw broken("an impossible key");
            }
            key = key.substring(0, shared).concat(ByteString.copyFrom(in.readRawBytes(own)));
            rows.add(new Row(key, ByteString.copyFrom(in.readRawBytes(length))));
        }
        return rows;
    }

    private ModelFileException broken(String found) {
        return new ModelFileException(
                "expected the index of a checkpoint, found file '%s' of %d bytes to have %s. Copy it again, or export it again"
                        .formatted(path, bytes.length, found));
    }

    /** Returns a table of these rows: one block of them, whose keys stand there in full. */
    static byte[] write(SortedMap<ByteString, ByteString> rows) throws IOException {
        var table = new ByteArrayOutputStream();
        byte[] data = writeBlock(table, rows);
        byte[] ofItself = writeBlock(table, Collections.emptySortedMap());
        SortedMap<ByteString, ByteString> index = new TreeMap<>(ByteString.unsignedLexicographicalComparator());
        index.put(rows.lastKey(), ByteString.copyFrom(data));
        byte[] handle = writeBlock(table, index);
        byte[] footer = new byte[FOOTER];
        System.arraycopy(ofItself, 0, footer, 0, ofItself.length);
        System.arraycopy(handle, 0, footer, ofItself.length, handle.length);
        ByteBuffer.wrap(footer).order(ByteOrder.LITTLE_ENDIAN).putLong(FOOTER - Long.BYTES, MAGIC);
        table.write(footer);
        return table.toByteArray();
    }

    /** Returns the handle of the block. */
    private static byte[] writeBlock(ByteArrayOutputStream table, SortedMap<ByteString, ByteString> rows)
            throws IOException {
        var block = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(block);
        List<Integer> starts = new ArrayList<>();
        for (var row : rows.entrySet()) {
            starts.add(out.getTotalBytesWritten());
            out.writeUInt32NoTag(0); // of the key before
            out.writeUInt32NoTag(row.getKey().size());
            out.writeUInt32NoTag(row.getValue().size());
            out.writeRawBytes(row.getKey());
            out.writeRawBytes(row.getValue());
        }
        if (starts.isEmpty()) {
            starts.add(0);
        }
        for (int start : starts) {
            out.writeFixed32NoTag(start);
        }
        out.writeFixed32NoTag(starts.size());
        out.flush();
        int size = block.size();
        block.write(0); // not compressed
        byte[] bytes = block.toByteArray();
        var handle = new ByteArrayOutputStream();
        CodedOutputStream handleOut = CodedOutputStream.newInstance(handle);
        handleOut.writeUInt64NoTag(table.size());
        handleOut.writeUInt64NoTag(size);
        handleOut.flush();
        table.write(bytes);
        table.write(ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(MaskedCrc.of(bytes, 0, bytes.length))
                .array());
        return handle.toByteArray();
    }
}
