package io.tensorbridge.tensor;

import static org.tensorflow.internal.c_api.global.tensorflow.TF_TString_Copy;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_TString_Dealloc;

import java.util.List;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.util.MemoryUtil;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.LongPointer;
import org.tensorflow.internal.c_api.TF_TString;
import org.tensorflow.internal.c_api.TF_Tensor;

/** Columns of strings ⇄ tensors of strings. The bytes are whatever they are: nothing is decoded or checked. */
final class StringTensors {

    /*
     * A tensor of strings is an array of headers of 24 bytes. The two lowest bits of the first byte say of which kind one
     * is, the bits above them are the size:
     *
     *   SMALL   size (1 byte)    up to 22 bytes          0
     *   LARGE   size (8 bytes)   capacity (8)            address (8), of memory that the header owns
     *   OFFSET  size (4 bytes)   offset (4), from the header's own address
     *   VIEW    size (8 bytes)   address (8), of memory that somebody else owns
     *
     * A view would save the copy, but a copy of a view is a view again: one that got into an output would outlive the
     * column's memory. A copy of any other is a copy of its bytes.
     *
     * Headers and bytes of a tensor that is only read lie in one buffer, the long strings as LARGE ones whose memory is
     * never freed by itself: TensorFlow moves or frees a string only in a tensor whose memory is its own, and this is
     * not. Programs that break that rule by writing in place get strings of TensorFlow's own making.
     */

    static final int HEADER_BYTES = 24;

    private static final int SMALLEST_LARGE = 23;
    private static final int SMALL = 0;
    private static final int LARGE = 1;
    private static final int OFFSET = 2;
    private static final int KIND = 0b11;
    private static final int KIND_BITS = 2;

    private StringTensors() {}

    /** Returns a new tensor of the strings of a column, to be read only; the caller deletes it. */
    static TF_Tensor copyOf(
            ElementType type, ColumnValues values, LongPointer dims, BufferAllocator allocator, TransferLedger ledger) {
        long count = countOf(values);
        if (count == 0) {
            return NativeTensors.allocate(type, values.dims(), /* bytes= */ 0, dims);
        }
        long headerBytes = count * HEADER_BYTES;
        long bytes = headerBytes + largeBytes(values.address(), count);
        ArrowBuf memory = allocator.buffer(bytes + AlignedMemory.ALIGNMENT - 1);
        long headers = aligned(memory.memoryAddress());
        long large = headers + headerBytes;
        long text = values.text().memoryAddress();
        long textEnd = text + values.text().capacity();
        for (long i = 0; i < count; i++) {
            long from = text + offset(values, i);
            int size = offset(values, i + 1) - offset(values, i);
            long header = headers + i * HEADER_BYTES;
            if (size < SMALLEST_LARGE) {
                writeSmall(header, from, size, textEnd);
            } else {
                MemoryUtil.putLong(header, (long) size << KIND_BITS | LARGE);
                MemoryUtil.putLong(header + Long.BYTES, size);
                MemoryUtil.putLong(header + 2 * Long.BYTES, large);
                MemoryUtil.copyMemory(from, large, size);
                MemoryUtil.putByte(large + size, (byte) 0);
                large += size + 1;
            }
        }
        ledger.copied(CopyReason.STRING, bytes);
        return NativeTensors.lend(type, values.dims(), dims, headers, headerBytes, memory::close);
    }

    /**
     * Returns a new tensor of the strings of a column, to be written to and kept; the caller deletes it. Its memory is
     * accounted for by no allocator, for it may outlive them all.
     */
    static TF_Tensor writableCopyOf(ElementType type, ColumnValues values, LongPointer dims, TransferLedger ledger) {
        long count = countOf(values);
        if (count == 0) {
            return NativeTensors.allocate(type, values.dims(), /* bytes= */ 0, dims);
        }
        long headerBytes = count * HEADER_BYTES;
        long memory = MemoryUtil.allocateMemory(headerBytes + AlignedMemory.ALIGNMENT);
        long headers = aligned(memory);
        long text = values.text().memoryAddress();
        long textEnd = text + values.text().capacity();
        var header = new TF_TString(new NativeTensors.Address(headers, 0));
        var from = new BytePointer(new NativeTensors.Address(text, 0));
        for (long i = 0; i < count; i++) {
            int start = offset(values, i);
            int size = offset(values, i + 1) - start;
            if (size < SMALLEST_LARGE) {
                writeSmall(headers + i * HEADER_BYTES, text + start, size, textEnd);
            } else {
                MemoryUtil.putLong(headers + i * HEADER_BYTES, 0); // an empty string
                TF_TString_Copy(header.position(i), from.position(start), size);
            }
        }
        ledger.copied(CopyReason.STRING, headerBytes + largeBytes(values.address(), count));
        return NativeTensors.lend(type, values.dims(), dims, headers, headerBytes, () -> {
            for (long i = 0; i < count; i++) {
                if ((MemoryUtil.getByte(headers + i * HEADER_BYTES) & KIND) == LARGE) {
                    TF_TString_Dealloc(header.position(i));
                }
            }
            MemoryUtil.freeMemory(memory);
        });
    }

    /** Returns a new tensor of one string, without dimensions; the caller deletes it. */
    static TF_Tensor scalar(byte[] string, LongPointer dims) {
        long memory = MemoryUtil.allocateMemory(HEADER_BYTES + AlignedMemory.ALIGNMENT);
        long address = aligned(memory);
        var header = new TF_TString(new NativeTensors.Address(address, 0));
        MemoryUtil.putLong(address, 0); // an empty string
        try (var bytes = new BytePointer(string)) {
            TF_TString_Copy(header, bytes, string.length);
        }
        return NativeTensors.lend(ElementType.STRING, new long[0], dims, address, HEADER_BYTES, () -> {
            if ((MemoryUtil.getByte(address) & KIND) == LARGE) {
                TF_TString_Dealloc(header);
            }
            MemoryUtil.freeMemory(memory);
        });
    }

    private static long countOf(ColumnValues values) {
        return values.bytes() / Integer.BYTES;
    }

    private static int offset(ColumnValues values, long i) {
        return MemoryUtil.getInt(values.address() + i * Integer.BYTES);
    }

    private static long aligned(long address) {
        return (address + AlignedMemory.ALIGNMENT - 1) & -AlignedMemory.ALIGNMENT;
    }

    /** Returns the bytes of the strings that are too long for their header, each with a 0 at its end. */
    private static long largeBytes(long offsets, long count) {
        long bytes = 0;
        for (long i = 0; i < count; i++) {
            int size = MemoryUtil.getInt(offsets + (i + 1) * Integer.BYTES)
                    - MemoryUtil.getInt(offsets + i * Integer.BYTES);
            bytes += size < SMALLEST_LARGE ? 0 : size + 1L;
        }
        return bytes;
    }

    private static void writeSmall(long header, long from, int size, long readableEnd) {
        MemoryUtil.putByte(header, (byte) (size << KIND_BITS | SMALL));
        if (from + HEADER_BYTES
                <= readableEnd) { // three words, whatever follows the string: faster than a copy to size
            copyWords(from, header + 1);
        } else {
            MemoryUtil.copyMemory(from, header + 1, size);
        }
        MemoryUtil.putByte(header + 1 + size, (byte) 0);
    }

    /** Copies 23 bytes. */
    private static void copyWords(long from, long to) {
        MemoryUtil.putLong(to, MemoryUtil.getLong(from));
        MemoryUtil.putLong(to + Long.BYTES, MemoryUtil.getLong(from + Long.BYTES));
        MemoryUtil.putLong(to + 2 * Long.BYTES - 1, MemoryUtil.getLong(from + 2 * Long.BYTES - 1));
    }

    /**
     * Returns the strings of a tensor as Arrow has them: offsets, then bytes.
     *
     * @param tensor the tensor, which this method takes over on every path
     * @param count how many strings it has
     * @return two buffers, which the caller releases
     * @throws ProgramException if they have more bytes than 32 bits count
     */
    static List<ArrowBuf> arrowOf(
            TF_Tensor tensor,
            long count,
            BufferAllocator allocator,
            TransferLedger ledger,
            String output,
            String what) {
        try {
            long headers = NativeTensors.addressOf(tensor);
            ArrowBuf offsets = allocator.buffer((count + 1) * Integer.BYTES);
            try {
                long bytes = writeOffsets(headers, count, offsets.memoryAddress());
                if (bytes > Integer.MAX_VALUE) {
                    throw new ProgramException(
                            what,
                            "expected at most %d bytes of strings of output '%s', found %d. Lower blockRows"
                                    .formatted(Integer.MAX_VALUE, output, bytes));
                }
                ArrowBuf text = allocator.buffer(bytes + HEADER_BYTES); // the last copy of words may go beyond its end
                writeText(headers, count, offsets.memoryAddress(), text.memoryAddress());
                ledger.copied(CopyReason.STRING, (count + 1) * Integer.BYTES + bytes);
                return List.of(offsets, text);
            } catch (RuntimeException | Error e) {
                offsets.close();
                throw e;
            }
        } finally {
            NativeTensors.delete(tensor);
        }
    }

    /** Writes where the strings are to begin, and where the last one ends; returns the latter. */
    private static long writeOffsets(long headers, long count, long to) {
        long end = 0;
        MemoryUtil.putInt(to, 0);
        for (long i = 0; i < count; i++) {
            end += sizeOf(headers + i * HEADER_BYTES);
            MemoryUtil.putInt(to + (i + 1) * Integer.BYTES, (int) end);
        }
        return end;
    }

    private static void writeText(long headers, long count, long offsets, long to) {
        for (long i = 0; i < count; i++) {
            long header = headers + i * HEADER_BYTES;
            int start = MemoryUtil.getInt(offsets + i * Integer.BYTES);
            if ((MemoryUtil.getByte(header) & KIND) == SMALL) {
                copyWords(header + 1, to + start);
            } else {
                int size = MemoryUtil.getInt(offsets + (i + 1) * Integer.BYTES) - start;
                MemoryUtil.copyMemory(addressOf(header), to + start, size);
            }
        }
    }

    /** Returns the size of the string of this header, in bytes. */
    static long sizeOf(long header) {
        int first = MemoryUtil.getByte(header) & 0xFF;
        return switch (first & KIND) {
            case SMALL -> first >>> KIND_BITS;
            case OFFSET -> MemoryUtil.getInt(header) >>> KIND_BITS;
            default -> MemoryUtil.getLong(header) >>> KIND_BITS;
        };
    }

    /** Returns where the bytes of the string of this header lie. */
    static long addressOf(long header) {
        return switch (MemoryUtil.getByte(header) & KIND) {
            case SMALL -> header + 1;
            case LARGE -> MemoryUtil.getLong(header + 2 * Long.BYTES);
            case OFFSET -> header + Integer.toUnsignedLong(MemoryUtil.getInt(header + Integer.BYTES));
            default -> MemoryUtil.getLong(header + Long.BYTES);
        };
    }
}
