package io.tensorbridge.arrow;

import org.apache.arrow.vector.BaseFixedWidthVector;
import org.apache.arrow.vector.BaseVariableWidthVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.ValueVector;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.vectorized.ArrowColumnVector;
import org.apache.spark.sql.vectorized.ColumnarArray;
import org.apache.spark.unsafe.Platform;
import org.apache.spark.unsafe.types.UTF8String;
import org.jspecify.annotations.Nullable;

/**
 * An Arrow vector as Spark reads it, straight from memory.
 *
 * <p>It is an {@link ArrowColumnVector}, so whoever looks for Arrow finds it, and reads numbers without that class's
 * checks at every value. The memory belongs to the operator that made the vector, which frees it when the next batch is
 * asked for: what a consumer closes, early, twice or never, makes no difference.
 */
public final class ArrowBackedColumnVector extends ArrowColumnVector {

    private final ValueVector vector;
    private final @Nullable ArrowBackedColumnVector elements;
    private final boolean isBoolean;
    private long values;
    private long offsets;
    private long validity;
    private int nulls;

    /**
     * Wraps a vector, which stays the caller's to close and must stay open as long as this is read.
     *
     * @param vector a vector of a type that Spark's own class supports
     */
    public ArrowBackedColumnVector(FieldVector vector) {
        super(vector);
        this.vector = vector;
        this.elements = vector instanceof ListVector list ? new ArrowBackedColumnVector(list.getDataVector()) : null;
        this.isBoolean = Bool8.is(vector.getField());
        if (isBoolean) {
            this.type = DataTypes.BooleanType;
        } else if (elements != null) {
            this.type = new ArrayType(elements.dataType(), ((ArrayType) type).containsNull());
        }
        refresh();
    }

    /** Looks again at where the vector's memory lies and what is null in it. */
    void refresh() {
        nulls = vector.getNullCount();
        validity = vector.getValidityBuffer().memoryAddress();
        if (elements != null) {
            offsets = vector.getOffsetBuffer().memoryAddress();
            elements.refresh();
        } else if (vector instanceof BaseVariableWidthVector) {
            offsets = vector.getOffsetBuffer().memoryAddress();
            values = vector.getDataBuffer().memoryAddress();
        } else if (vector instanceof BaseFixedWidthVector) {
            values = vector.getDataBuffer().memoryAddress();
        }
    }

    @Override
    public boolean hasNull() {
        return nulls > 0;
    }

    @Override
    public int numNulls() {
        return nulls;
    }

    @Override
    public boolean isNullAt(int rowId) {
        return nulls > 0 && (Platform.getByte(null, validity + rowId / Byte.SIZE) & (1 << (rowId % Byte.SIZE))) == 0;
    }

    @Override
    public boolean getBoolean(int rowId) {
        return isBoolean ? Platform.getByte(null, values + rowId) != 0 : super.getBoolean(rowId);
    }

    @Override
    public byte getByte(int rowId) {
        return Platform.getByte(null, values + rowId);
    }

    @Override
    public short getShort(int rowId) {
        return Platform.getShort(null, values + (long) rowId * Short.BYTES);
    }

    @Override
    public int getInt(int rowId) {
        return Platform.getInt(null, values + (long) rowId * Integer.BYTES);
    }

    @Override
    public long getLong(int rowId) {
        return Platform.getLong(null, values + (long) rowId * Long.BYTES);
    }

    @Override
    public float getFloat(int rowId) {
        return Platform.getFloat(null, values + (long) rowId * Float.BYTES);
    }

    @Override
    public double getDouble(int rowId) {
        return Platform.getDouble(null, values + (long) rowId * Double.BYTES);
    }

    @Override
    public byte[] getBytes(int rowId, int count) {
        byte[] copy = new byte[count];
        copy(rowId, copy, Platform.BYTE_ARRAY_OFFSET, count, Byte.BYTES);
        return copy;
    }

    @Override
    public short[] getShorts(int rowId, int count) {
        short[] copy = new short[count];
        copy(rowId, copy, Platform.SHORT_ARRAY_OFFSET, (long) count * Short.BYTES, Short.BYTES);
        return copy;
    }

    @Override
    public int[] getInts(int rowId, int count) {
        int[] copy = new int[count];
        copy(rowId, copy, Platform.INT_ARRAY_OFFSET, (long) count * Integer.BYTES, Integer.BYTES);
        return copy;
    }

    @Override
    public long[] getLongs(int rowId, int count) {
        long[] copy = new long[count];
        copy(rowId, copy, Platform.LONG_ARRAY_OFFSET, (long) count * Long.BYTES, Long.BYTES);
        return copy;
    }

    @Override
    public float[] getFloats(int rowId, int count) {
        float[] copy = new float[count];
        copy(rowId, copy, Platform.FLOAT_ARRAY_OFFSET, (long) count * Float.BYTES, Float.BYTES);
        return copy;
    }

    @Override
    public double[] getDoubles(int rowId, int count) {
        double[] copy = new double[count];
        copy(rowId, copy, Platform.DOUBLE_ARRAY_OFFSET, (long) count * Double.BYTES, Double.BYTES);
        return copy;
    }

    private void copy(int rowId, Object to, int toOffset, long length, int width) {
        Platform.copyMemory(null, values + (long) rowId * width, to, toOffset, length);
    }

    @Override
    public @Nullable UTF8String getUTF8String(int rowId) {
        if (!(vector instanceof BaseVariableWidthVector)) {
            return super.getUTF8String(rowId);
        }
        if (isNullAt(rowId)) {
            return null;
        }
        int start = offset(rowId);
        return UTF8String.fromAddress(null, values + start, offset(rowId + 1) - start);
    }

    @Override
    public byte @Nullable [] getBinary(int rowId) {
        if (!(vector instanceof BaseVariableWidthVector)) {
            return super.getBinary(rowId);
        }
        if (isNullAt(rowId)) {
            return null;
        }
        int start = offset(rowId);
        byte[] copy = new byte[offset(rowId + 1) - start];
        Platform.copyMemory(null, values + start, copy, Platform.BYTE_ARRAY_OFFSET, copy.length);
        return copy;
    }

    private int offset(int rowId) {
        return Platform.getInt(null, offsets + (long) rowId * Integer.BYTES);
    }

    @Override
    public @Nullable ColumnarArray getArray(int rowId) {
        if (elements == null) {
            return super.getArray(rowId);
        }
        if (isNullAt(rowId)) {
            return null;
        }
        int start = offset(rowId);
        return new ColumnarArray(elements, start, offset(rowId + 1) - start);
    }

    /** Does nothing: the vector belongs to the operator that made it. */
    @Override
    public void close() {}

    /** Does nothing: the vector belongs to the operator that made it. */
    @Override
    public void closeIfFreeable() {}
}
