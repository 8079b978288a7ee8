package io.tensorbridge.arrow;

import org.apache.arrow.vector.BaseFixedWidthVector;
import org.apache.arrow.vector.BaseVariableWidthVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.complex.ListVector;

/** How many bytes the values of Arrow vectors have, told by their offsets alone. */
final class ArrowBytes {

    private ArrowBytes() {}

    /** Returns the bytes of some values, offsets included; a negative number if the vector is of a kind that does not tell. */
    static long of(FieldVector vector, int start, int length) {
        if (vector instanceof BitVector) {
            return length; // in a block they are bytes
        }
        if (vector instanceof BaseFixedWidthVector fixed) {
            return (long) length * fixed.getTypeWidth();
        }
        long offsetBytes = (long) length * Integer.BYTES;
        if (vector instanceof BaseVariableWidthVector) {
            return offsetBytes + (length == 0 ? 0 : offset(vector, start + length) - offset(vector, start));
        }
        if (!(vector instanceof ListVector list)) {
            return -1;
        }
        if (length == 0) {
            return 0;
        }
        int first = offset(vector, start);
        long elements = of(list.getDataVector(), first, offset(vector, start + length) - first);
        return elements < 0 ? -1 : offsetBytes + elements;
    }

    private static int offset(FieldVector vector, int at) {
        return vector.getOffsetBuffer().getInt((long) at * Integer.BYTES);
    }
}
