package io.tensorbridge.model.internal;

import java.util.zip.CRC32C;

/** The checksum that TensorFlow stores beside data: CRC-32C, masked, for a checksum over checksums is a weak one. */
public final class MaskedCrc {

    private static final int DELTA = 0xa282ead8;

    private MaskedCrc() {}

    public static int of(byte[] bytes, int offset, int length) {
        var crc = new CRC32C();
        crc.update(bytes, offset, length);
        return of(crc);
    }

    static int of(CRC32C crc) {
        return Integer.rotateRight((int) crc.getValue(), 15) + DELTA;
    }
}
