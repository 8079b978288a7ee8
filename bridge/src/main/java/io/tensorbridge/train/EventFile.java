package io.tensorbridge.train;

import io.tensorbridge.model.internal.MaskedCrc;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import org.tensorflow.proto.Event;
import org.tensorflow.proto.Summary;

/**
 * An event file as TensorBoard reads it: serialised {@link Event}s, each between its length and a checksum of it, and a checksum
 * of its own. Belongs to one thread, and owns its stream.
 */
final class EventFile implements AutoCloseable {

    private static final String VERSION = "brain.Event:2";

    private final OutputStream out;

    private EventFile(OutputStream out) {
        this.out = out;
    }

    /**
     * Begins a file.
     *
     * @param out taken over, and closed if the beginning cannot be written
     */
    static EventFile begin(OutputStream out, Instant now) throws IOException {
        var file = new EventFile(out);
        try {
            file.write(at(now).setFileVersion(VERSION).build());
        } catch (IOException | RuntimeException e) {
            try (file) {
                throw e;
            }
        }
        return file;
    }

    /** Adds an event, which is there for others when the stream has been flushed. */
    void add(Instant now, long step, Summary summary) throws IOException {
        write(at(now).setStep(step).setSummary(summary).build());
    }

    private static Event.Builder at(Instant now) {
        return Event.newBuilder().setWallTime(now.getEpochSecond() + now.getNano() / 1e9);
    }

    private void write(Event event) throws IOException {
        byte[] data = event.toByteArray();
        byte[] length = ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(data.length)
                .array();
        out.write(length);
        out.write(checksum(length));
        out.write(data);
        out.write(checksum(data));
    }

    private static byte[] checksum(byte[] bytes) {
        return ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(MaskedCrc.of(bytes, 0, bytes.length))
                .array();
    }

    @Override
    public void close() throws IOException {
        out.close();
    }
}
