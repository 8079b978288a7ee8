package io.tensorbridge.arrow;

import org.apache.arrow.memory.ArrowBuf;
import org.apache.spark.unsafe.Platform;

/** Turns booleans of one bit each into booleans of one byte each. */
final class BooleanBits {

    /** The eight bytes that eight bits become, in the order in which this machine writes a {@code long}. */
    private static final long[] BYTES_OF_BITS = new long[256];

    static {
        boolean bigEndian = java.nio.ByteOrder.nativeOrder() == java.nio.ByteOrder.BIG_ENDIAN;
        for (int bits = 0; bits < BYTES_OF_BITS.length; bits++) {
            long bytes = 0;
            for (int i = 0; i < Byte.SIZE; i++) {
                bytes |= (long) (bits >> i & 1) << (Byte.SIZE * i);
            }
            BYTES_OF_BITS[bits] = bigEndian ? Long.reverseBytes(bytes) : bytes;
        }
    }

    private BooleanBits() {}

    /** Writes {@code count} bytes of 0 or 1 for the bits from {@code start} on. */
    static void unpack(ArrowBuf bits, int start, int count, long address) {
        long source = bits.memoryAddress();
        int i = 0;
        while (i < count && (start + i) % Byte.SIZE != 0) {
            putBit(source, start + i, address + i);
            i++;
        }
        for (; i + Byte.SIZE <= count; i += Byte.SIZE) {
            int eight = Platform.getByte(null, source + (start + i) / Byte.SIZE) & 0xFF;
            Platform.putLong(null, address + i, BYTES_OF_BITS[eight]);
        }
        for (; i < count; i++) {
            putBit(source, start + i, address + i);
        }
    }

    private static void putBit(long source, int at, long address) {
        int bits = Platform.getByte(null, source + at / Byte.SIZE);
        Platform.putByte(null, address, (byte) (bits >> at % Byte.SIZE & 1));
    }
}
