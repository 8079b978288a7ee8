package io.tensorbridge.tensor;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.apache.arrow.memory.util.MemoryUtil;

/**
 * The bytes of a cell, in an array or outside of the heap, to be read with every index checked.
 *
 * <p>One object shows one cell after the other. For use by one thread.
 */
final class CellBytes {

    private static final byte[] NONE = {};
    private static final int MOST_SHOWN = 8;

    private byte[] heap = NONE;
    private long address;
    private int size;

    /** Shows the bytes of an array. */
    void show(byte[] bytes) {
        heap = bytes;
        address = 0;
        size = bytes.length;
    }

    /** Shows bytes outside of the heap, which the caller has seen to be readable. */
    void show(long newAddress, int newSize) {
        heap = NONE;
        address = newAddress;
        size = newSize;
    }

    int size() {
        return size;
    }

    /** Returns whether so many bytes stand at an index. */
    boolean has(long index, int count) {
        return index >= 0 && index <= (long) size - count;
    }

    /** Returns a byte, 0 to 255. */
    int at(int index) {
        if (index < 0 || index >= size) {
            throw new IndexOutOfBoundsException(index);
        }
        return (address == 0 ? heap[index] : MemoryUtil.getByte(address + index)) & 0xFF;
    }

    /** Returns a number of two bytes, the higher one first. */
    int shortAt(int index) {
        return at(index) << 8 | at(index + 1);
    }

    /** Returns a number of two bytes, the lower one first. */
    int littleShortAt(int index) {
        return at(index + 1) << 8 | at(index);
    }

    /** Returns a number of four bytes, the highest one first, none of them a sign. */
    long intAt(int index) {
        return (long) shortAt(index) << 16 | shortAt(index + 2);
    }

    /** Returns a number of four bytes, the lowest one first, with its sign. */
    int littleIntAt(int index) {
        return littleShortAt(index + 2) << 16 | littleShortAt(index);
    }

    /** Returns whether these characters stand at an index. */
    boolean startsWith(String characters) {
        return startsWith(characters, 0);
    }

    boolean startsWith(String characters, int index) {
        if (!has(index, characters.length())) {
            return false;
        }
        for (int i = 0; i < characters.length(); i++) {
            if (at(index + i) != characters.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** Returns the first bytes for people to read: as text in quotes if they are that, else in hexadecimal. */
    String beginning() {
        byte[] first = new byte[Math.min(size, MOST_SHOWN)];
        boolean isText = true;
        for (int i = 0; i < first.length; i++) {
            int value = at(i);
            isText &= value >= ' ' && value <= '~';
            first[i] = (byte) value;
        }
        return isText
                ? "'%s'".formatted(new String(first, StandardCharsets.US_ASCII))
                : "0x" + HexFormat.of().formatHex(first);
    }
}
