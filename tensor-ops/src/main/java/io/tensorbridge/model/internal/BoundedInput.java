package io.tensorbridge.model.internal;

import java.io.IOException;
import java.io.InputStream;

/** The next so many bytes of a stream, which is not closed with this one. */
final class BoundedInput extends InputStream {

    private final InputStream in;
    private long left;

    BoundedInput(InputStream in, long length) {
        this.in = in;
        this.left = length;
    }

    @Override
    public int read() throws IOException {
        int read = left > 0 ? in.read() : -1;
        left -= read < 0 ? 0 : 1;
        return read;
    }

    @Override
    public int read(byte[] bytes, int offset, int count) throws IOException {
        if (left == 0) {
            return -1;
        }
        int read = in.read(bytes, offset, (int) Math.min(count, left));
        left -= Math.max(0, read);
        return read;
    }
}
