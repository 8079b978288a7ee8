package io.tensorbridge.model.internal;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.CRC32C;
import org.tensorflow.proto.DataType;

/** Reads a data file of a checkpoint from its beginning to its end, and takes checksums of what stands in it. */
final class BundleValues implements AutoCloseable {

    private static final int BUFFER = 256 << 10;
    private static final int LONGEST_VARINT = 10;

    private final InputStream in;
    private final byte[] buffer = new byte[BUFFER];
    private int next; // in the buffer
    private int end; // of what is in the buffer
    private long consumed;

    BundleValues(InputStream in) {
        this.in = in;
    }

    /** Returns whether the values of a tensor are as they were written. Tensors are asked for in the order of the file. */
    boolean agreesWith(BundleEntry entry) throws IOException {
        if (entry.offset() < consumed) {
            return false; // tensors do not overlap
        }
        skip(entry.offset() - consumed);
        var crc = new CRC32C();
        long left = entry.size();
        if (entry.type() == DataType.DT_STRING) {
            long before = consumed;
            if (!updateWithLengths(crc, entry)) {
                return false;
            }
            left -= consumed - before;
        }
        update(crc, left);
        return MaskedCrc.of(crc) == entry.crc();
    }

    /**
     * Takes the lengths of strings, which are written as varints but go into the checksum as numbers of 4 or 8 bytes. After
     * them stands a checksum of theirs, which is one of the values.
     */
    private boolean updateWithLengths(CRC32C crc, BundleEntry entry) throws IOException {
        if (entry.elements() < 0 || entry.elements() > entry.size()) {
            return false;
        }
        byte[] length = new byte[Long.BYTES];
        long limit = consumed + entry.size();
        for (long i = 0; i < entry.elements(); i++) {
            if (!readLength(length, limit)) {
                return false;
            }
            boolean isShort = length[4] == 0 && length[5] == 0 && length[6] == 0 && length[7] == 0;
            crc.update(length, 0, isShort ? Integer.BYTES : Long.BYTES);
        }
        return consumed <= limit;
    }

    private boolean readLength(byte[] littleEndian, long limit) throws IOException {
        long value = 0;
        for (int i = 0; i < LONGEST_VARINT && consumed < limit; i++) {
            byte part = read();
            value |= (part & 0x7fL) << (7 * i);
            if (part >= 0) {
                for (int b = 0; b < Long.BYTES; b++) {
                    littleEndian[b] = (byte) (value >>> (8 * b));
                }
                return true;
            }
        }
        return false;
    }

    private void update(CRC32C crc, long count) throws IOException {
        for (long left = count; left > 0; ) {
            int length = available(left);
            crc.update(buffer, next, length);
            take(length);
            left -= length;
        }
    }

    private void skip(long count) throws IOException {
        for (long left = count; left > 0; ) {
            int length = available(left);
            take(length);
            left -= length;
        }
    }

    private byte read() throws IOException {
        available(1);
        byte value = buffer[next];
        take(1);
        return value;
    }

    private void take(int length) {
        next += length;
        consumed += length;
    }

    /** Returns how many bytes stand in the buffer, at least one and at most so many. */
    private int available(long atMost) throws IOException {
        if (next == end) {
            int read = in.read(buffer, 0, BUFFER);
            if (read <= 0) {
                throw new EOFException("The file ends at byte " + consumed);
            }
            next = 0;
            end = read;
        }
        return (int) Math.min(atMost, end - next);
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
