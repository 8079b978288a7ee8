package io.tensorbridge.arrow;

import org.apache.arrow.vector.BitVector;
import org.apache.spark.sql.catalyst.expressions.UnsafeArrayData;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.execution.vectorized.OffHeapColumnVector;
import org.apache.spark.sql.execution.vectorized.OnHeapColumnVector;
import org.apache.spark.sql.execution.vectorized.WritableColumnVector;
import org.apache.spark.sql.vectorized.ArrowColumnVector;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.unsafe.Platform;

/** Copies values of one type to memory, in bulk wherever Spark allows it. For use by one thread. */
final class ValueCopies {

    private final ValueType type;
    private final DictionaryDecoder decoder = new DictionaryDecoder();

    ValueCopies(ValueType type) {
        this.type = type;
    }

    /**
     * Copies values of a column; returns what was copied from.
     *
     * <p>In Spark's own vectors a null is whatever lies there; other vectors must have none.
     */
    BlockCopies.Source copy(ColumnVector from, int start, int count, long address) {
        long length = (long) count * type.bytes();
        if (from instanceof WritableColumnVector writable && writable.hasDictionary()) {
            if (from.hasNull() || !decoder.decode(writable, start, count, address, type)) {
                copyValues(from, start, count, address);
            }
            return BlockCopies.Source.DICTIONARY;
        }
        if (from instanceof OffHeapColumnVector offHeap) {
            long source = offHeap.valuesNativeAddress() + (long) start * type.bytes();
            Platform.copyMemory(null, source, null, address, length);
            return BlockCopies.Source.COLUMNS;
        }
        if (from instanceof ArrowColumnVector arrow && arrow.getValueVector() instanceof BitVector bits) {
            BooleanBits.unpack(bits.getDataBuffer(), start, count, address);
            return BlockCopies.Source.BOOLEANS;
        }
        Object array = from instanceof OnHeapColumnVector onHeap ? type.arrayOf(onHeap) : null;
        if (array != null) {
            Platform.copyMemory(array, type.arrayOffset() + (long) start * type.bytes(), null, address, length);
        } else {
            copyValues(from, start, count, address);
        }
        return BlockCopies.Source.COLUMNS;
    }

    private void copyValues(ColumnVector from, int start, int count, long address) {
        Object values = type.access().range().values(from, start, count);
        Platform.copyMemory(values, type.arrayOffset(), null, address, (long) count * type.bytes());
    }

    /** Copies the values of an array, none of which is null unless it is an unsafe one. */
    void copy(ArrayData from, long address) {
        int count = from.numElements();
        long length = (long) count * type.bytes();
        if (from instanceof UnsafeArrayData unsafe) {
            int header = UnsafeArrayData.calculateHeaderPortionInBytes(count);
            Platform.copyMemory(unsafe.getBaseObject(), unsafe.getBaseOffset() + header, null, address, length);
        } else {
            Platform.copyMemory(type.access().array().values(from), type.arrayOffset(), null, address, length);
        }
    }
}
