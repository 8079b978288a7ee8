package io.tensorbridge.arrow;

import java.util.Optional;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.spark.sql.catalyst.expressions.SpecializedGetters;
import org.apache.spark.sql.catalyst.expressions.UnsafeArrayData;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.execution.vectorized.Dictionary;
import org.apache.spark.sql.execution.vectorized.OffHeapColumnVector;
import org.apache.spark.sql.execution.vectorized.OnHeapColumnVector;
import org.apache.spark.sql.execution.vectorized.WritableColumnVector;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.unsafe.Platform;

/** The values that columns are made of: one row each, all that the copying knows of them. Bulk wherever Spark allows it. */
enum ValueType {
    INT(DataTypes.IntegerType, Integer.BYTES, Platform.INT_ARRAY_OFFSET, "intData") {
        @Override
        Object values(ColumnVector from, int start, int count) {
            return from.getInts(start, count);
        }

        @Override
        Object values(ArrayData from) {
            return from.toIntArray();
        }

        @Override
        void put(SpecializedGetters from, int ordinal, long address) {
            Platform.putInt(null, address, from.getInt(ordinal));
        }

        @Override
        void put(ColumnVector from, int row, long address) {
            Platform.putInt(null, address, from.getInt(row));
        }

        @Override
        long bitsOf(Dictionary dictionary, int id) {
            return dictionary.decodeToInt(id);
        }

        @Override
        void put(Number value, long address) {
            Platform.putInt(null, address, value.intValue());
        }

        @Override
        boolean canHold(NullPolicy.Fill fill) {
            return fill.isWholeWithin(Integer.MIN_VALUE, Integer.MAX_VALUE);
        }
    },
    LONG(DataTypes.LongType, Long.BYTES, Platform.LONG_ARRAY_OFFSET, "longData") {
        @Override
        Object values(ColumnVector from, int start, int count) {
            return from.getLongs(start, count);
        }

        @Override
        Object values(ArrayData from) {
            return from.toLongArray();
        }

        @Override
        void put(SpecializedGetters from, int ordinal, long address) {
            Platform.putLong(null, address, from.getLong(ordinal));
        }

        @Override
        void put(ColumnVector from, int row, long address) {
            Platform.putLong(null, address, from.getLong(row));
        }

        @Override
        long bitsOf(Dictionary dictionary, int id) {
            return dictionary.decodeToLong(id);
        }

        @Override
        void put(Number value, long address) {
            Platform.putLong(null, address, value.longValue());
        }

        @Override
        boolean canHold(NullPolicy.Fill fill) {
            return fill.isWholeWithin(Long.MIN_VALUE, Long.MAX_VALUE);
        }
    },
    FLOAT(DataTypes.FloatType, Float.BYTES, Platform.FLOAT_ARRAY_OFFSET, "floatData") {
        @Override
        Object values(ColumnVector from, int start, int count) {
            return from.getFloats(start, count);
        }

        @Override
        Object values(ArrayData from) {
            return from.toFloatArray();
        }

        @Override
        void put(SpecializedGetters from, int ordinal, long address) {
            Platform.putFloat(null, address, from.getFloat(ordinal));
        }

        @Override
        void put(ColumnVector from, int row, long address) {
            Platform.putFloat(null, address, from.getFloat(row));
        }

        @Override
        long bitsOf(Dictionary dictionary, int id) {
            return Float.floatToRawIntBits(dictionary.decodeToFloat(id));
        }

        @Override
        void put(Number value, long address) {
            Platform.putFloat(null, address, value.floatValue());
        }

        @Override
        boolean canHold(NullPolicy.Fill fill) {
            return fill.value() instanceof Float
                    || Double.isNaN(fill.value().doubleValue())
                    || fill.isExactly(fill.value().floatValue());
        }
    },
    DOUBLE(DataTypes.DoubleType, Double.BYTES, Platform.DOUBLE_ARRAY_OFFSET, "doubleData") {
        @Override
        Object values(ColumnVector from, int start, int count) {
            return from.getDoubles(start, count);
        }

        @Override
        Object values(ArrayData from) {
            return from.toDoubleArray();
        }

        @Override
        void put(SpecializedGetters from, int ordinal, long address) {
            Platform.putDouble(null, address, from.getDouble(ordinal));
        }

        @Override
        void put(ColumnVector from, int row, long address) {
            Platform.putDouble(null, address, from.getDouble(row));
        }

        @Override
        long bitsOf(Dictionary dictionary, int id) {
            return Double.doubleToRawLongBits(dictionary.decodeToDouble(id));
        }

        @Override
        void put(Number value, long address) {
            Platform.putDouble(null, address, value.doubleValue());
        }

        @Override
        boolean canHold(NullPolicy.Fill fill) {
            return fill.value() instanceof Double
                    || fill.value() instanceof Float
                    || fill.isExactly(fill.value().doubleValue());
        }
    },
    /** Bytes of a binary. */
    BYTE(DataTypes.BinaryType, Byte.BYTES, Platform.BYTE_ARRAY_OFFSET, "byteData") {
        @Override
        Object values(ColumnVector from, int start, int count) {
            return from.getBytes(start, count);
        }

        @Override
        Object values(ArrayData from) {
            return from.toByteArray();
        }

        @Override
        void put(SpecializedGetters from, int ordinal, long address) {
            Platform.putByte(null, address, from.getByte(ordinal));
        }

        @Override
        void put(ColumnVector from, int row, long address) {
            Platform.putByte(null, address, from.getByte(row));
        }

        @Override
        long bitsOf(Dictionary dictionary, int id) {
            throw new UnsupportedOperationException("Binaries are decoded whole");
        }

        @Override
        void put(Number value, long address) {
            Platform.putByte(null, address, value.byteValue());
        }

        @Override
        boolean canHold(NullPolicy.Fill fill) {
            return fill.isWholeWithin(0, 255);
        }
    };

    @SuppressWarnings("ImmutableEnumChecker") // Spark's types are immutable, though they do not say so
    private final DataType sparkType;

    private final int bytes;
    private final int arrayOffset;

    @SuppressWarnings("ImmutableEnumChecker") // reads a field, and holds nothing but which one
    private final PrivateField onHeapArray;

    ValueType(DataType sparkType, int bytes, int arrayOffset, String onHeapField) {
        this.sparkType = sparkType;
        this.bytes = bytes;
        this.arrayOffset = arrayOffset;
        this.onHeapArray = PrivateField.of(OnHeapColumnVector.class, onHeapField);
    }

    static Optional<ValueType> find(DataType sparkType) {
        for (ValueType type : values()) {
            if (type.sparkType.equals(sparkType)) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    static ValueType of(DataType sparkType) {
        return find(sparkType)
                .orElseThrow(() -> new UnsupportedOperationException(
                        "No block can hold values of type " + sparkType.catalogString()));
    }

    int bytes() {
        return bytes;
    }

    ArrowType arrowType() {
        return switch (this) {
            case INT -> new ArrowType.Int(Integer.SIZE, /* isSigned= */ true);
            case LONG -> new ArrowType.Int(Long.SIZE, /* isSigned= */ true);
            case FLOAT -> new ArrowType.FloatingPoint(FloatingPointPrecision.SINGLE);
            case DOUBLE -> new ArrowType.FloatingPoint(FloatingPointPrecision.DOUBLE);
            case BYTE -> ArrowType.Binary.INSTANCE;
        };
    }

    /** Copies the value of a row or array, which is not null. */
    abstract void put(SpecializedGetters from, int ordinal, long address);

    /** Copies the value of a column's row, which is not null. */
    abstract void put(ColumnVector from, int row, long address);

    /** Returns an entry of a dictionary, as it lies in memory. */
    abstract long bitsOf(Dictionary dictionary, int id);

    /** Writes a value that {@link #canHold} says it can hold. */
    abstract void put(Number value, long address);

    /** Returns whether such values can be this one exactly. */
    abstract boolean canHold(NullPolicy.Fill fill);

    /** Returns a primitive array of these values, decoded if need be. */
    abstract Object values(ColumnVector from, int start, int count);

    abstract Object values(ArrayData from);

    void fill(Number value, long address, long count) {
        for (long i = 0; i < count; i++) {
            put(value, address + i * bytes);
        }
    }

    /**
     * Copies values of a column; returns what was copied from.
     *
     * <p>In Spark's own vectors a null is whatever lies there; other vectors must have none.
     */
    BlockCopies.Source copy(ColumnVector from, int start, int count, long address, DictionaryDecoder decoder) {
        long length = (long) count * bytes;
        if (from instanceof WritableColumnVector writable && writable.hasDictionary()) {
            if (from.hasNull() || !decoder.decode(writable, start, count, address, this)) {
                Platform.copyMemory(values(from, start, count), arrayOffset, null, address, length);
            }
            return BlockCopies.Source.DICTIONARY;
        }
        if (from instanceof OffHeapColumnVector offHeap) {
            Platform.copyMemory(null, offHeap.valuesNativeAddress() + (long) start * bytes, null, address, length);
            return BlockCopies.Source.COLUMNS;
        }
        Object array = from instanceof OnHeapColumnVector ? onHeapArray.in(from) : null;
        if (array != null) {
            Platform.copyMemory(array, arrayOffset + (long) start * bytes, null, address, length);
        } else {
            Platform.copyMemory(values(from, start, count), arrayOffset, null, address, length);
        }
        return BlockCopies.Source.COLUMNS;
    }

    /** Copies the values of an array, none of which is null unless it is an unsafe one. */
    void copy(ArrayData from, long address) {
        int count = from.numElements();
        if (from instanceof UnsafeArrayData unsafe) {
            int header = UnsafeArrayData.calculateHeaderPortionInBytes(count);
            Platform.copyMemory(
                    unsafe.getBaseObject(), unsafe.getBaseOffset() + header, null, address, (long) count * bytes);
        } else {
            Platform.copyMemory(values(from), arrayOffset, null, address, (long) count * bytes);
        }
    }
}
