package io.tensorbridge.tensor;

import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.util.MemoryUtil;
import org.bytedeco.javacpp.LongPointer;
import org.tensorflow.internal.c_api.TF_Tensor;

/** Columns of floats ⇄ tensors of halves (IEEE 754 binary16). */
final class HalfTensors {

    /*
     * A float has 8 bits of exponent, biased by 127, and 23 of fraction; a half has 5, biased by 15, and 10. Java has
     * conversions of its own from version 20 on.
     */

    private static final int FRACTION_BITS = 13; // by which a float's fraction is the longer
    private static final int HALF_AN_ULP = 1 << (FRACTION_BITS - 1);
    private static final int BIAS = (127 - 15) << 23;
    private static final int FLOAT_INFINITY = 0x7F80_0000;
    private static final int BEYOND_HALF = (127 + 16) << 23; // 65536: infinite, as all is that rounds to it
    private static final int SMALLEST_NORMAL = (127 - 14) << 23;
    private static final float SUBNORMAL_UNIT = 0.5f; // its last place is worth as much as that of a subnormal half
    private static final float REBIAS = 0x1p112f;

    private HalfTensors() {}

    /**
     * Returns a new tensor of the halves nearest to the floats of a column, which the caller deletes. Ties go to the even
     * one, what is too large becomes infinite, and NaN stays NaN.
     */
    static TF_Tensor copyOf(ElementType type, ColumnValues values, LongPointer dims, TransferLedger ledger) {
        long count = values.bytes() / Float.BYTES;
        TF_Tensor tensor = NativeTensors.allocate(type, values.dims(), count * Short.BYTES, dims);
        long to = NativeTensors.addressOf(tensor);
        long from = values.address();
        for (long i = 0; i < count; i++) {
            MemoryUtil.putShort(to + i * Short.BYTES, toHalf(MemoryUtil.getInt(from + i * Float.BYTES)));
        }
        ledger.copied(CopyReason.HALF, count * Short.BYTES);
        return tensor;
    }

    /**
     * Returns the halves of a tensor as floats, all of which a float holds exactly.
     *
     * @param tensor the tensor, which this method takes over on every path
     * @return a buffer, which the caller releases
     */
    static ArrowBuf floatsOf(TF_Tensor tensor, long count, BufferAllocator allocator, TransferLedger ledger) {
        try {
            ArrowBuf floats = allocator.buffer(count * Float.BYTES);
            long from = NativeTensors.addressOf(tensor);
            long to = floats.memoryAddress();
            for (long i = 0; i < count; i++) {
                MemoryUtil.putInt(to + i * Float.BYTES, toFloat(MemoryUtil.getShort(from + i * Short.BYTES)));
            }
            ledger.copied(CopyReason.HALF, count * Float.BYTES);
            return floats;
        } finally {
            NativeTensors.delete(tensor);
        }
    }

    /** Returns the bits of the half nearest to the float of these bits. */
    static short toHalf(int bits) {
        int sign = bits >>> 16 & 0x8000;
        int magnitude = bits & 0x7FFF_FFFF;
        int half;
        if (magnitude >= BEYOND_HALF) {
            half = magnitude > FLOAT_INFINITY ? 0x7E00 : 0x7C00;
        } else if (magnitude < SMALLEST_NORMAL) { // the processor's addition rounds as we must
            half = Float.floatToRawIntBits(Float.intBitsToFloat(magnitude) + SUBNORMAL_UNIT)
                    - Float.floatToRawIntBits(SUBNORMAL_UNIT);
        } else {
            int even = magnitude >>> FRACTION_BITS & 1;
            half = (magnitude - BIAS + HALF_AN_ULP - 1 + even) >>> FRACTION_BITS;
        }
        return (short) (sign | half);
    }

    /** Returns the bits of the float that equals the half of these bits. */
    static int toFloat(short half) {
        int sign = (half & 0x8000) << 16;
        int shifted = (half & 0x7FFF) << FRACTION_BITS;
        int bits = shifted >= 0x7C00 << FRACTION_BITS
                ? shifted | FLOAT_INFINITY
                // exact, and right for subnormal halves too, which are normal floats
                : Float.floatToRawIntBits(Float.intBitsToFloat(shifted) * REBIAS);
        return sign | bits;
    }
}
