package io.tensorbridge.arrow;

import java.util.Optional;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.spark.sql.catalyst.expressions.SpecializedGetters;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.execution.vectorized.Dictionary;
import org.apache.spark.sql.execution.vectorized.OnHeapColumnVector;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.unsafe.Platform;
import org.jspecify.annotations.Nullable;

/** The values of fixed width that columns are made of: one row each, all that the copying knows of them. */
enum ValueType {
    /** A byte each, 0 or 1: Spark has them so, and TensorFlow wants them so. */
    BOOLEAN(
            DataTypes.BooleanType,
            Byte.BYTES,
            Platform.BOOLEAN_ARRAY_OFFSET,
            "byteData",
            new ValueAccess(
                    (from, ordinal) -> from.getBoolean(ordinal) ? 1 : 0,
                    (from, row) -> from.getBoolean(row) ? 1 : 0,
                    ValueType::notInDictionaries,
                    ColumnVector::getBooleans,
                    ArrayData::toBooleanArray)),
    BYTE(
            DataTypes.ByteType,
            Byte.BYTES,
            Platform.BYTE_ARRAY_OFFSET,
            "byteData",
            new ValueAccess(
                    SpecializedGetters::getByte,
                    ColumnVector::getByte,
                    Dictionary::decodeToInt,
                    ColumnVector::getBytes,
                    ArrayData::toByteArray)),
    SHORT(
            DataTypes.ShortType,
            Short.BYTES,
            Platform.SHORT_ARRAY_OFFSET,
            "shortData",
            new ValueAccess(
                    SpecializedGetters::getShort,
                    ColumnVector::getShort,
                    Dictionary::decodeToInt,
                    ColumnVector::getShorts,
                    ArrayData::toShortArray)),
    INT(
            DataTypes.IntegerType,
            Integer.BYTES,
            Platform.INT_ARRAY_OFFSET,
            "intData",
            new ValueAccess(
                    SpecializedGetters::getInt,
                    ColumnVector::getInt,
                    Dictionary::decodeToInt,
                    ColumnVector::getInts,
                    ArrayData::toIntArray)),
    LONG(
            DataTypes.LongType,
            Long.BYTES,
            Platform.LONG_ARRAY_OFFSET,
            "longData",
            new ValueAccess(
                    SpecializedGetters::getLong,
                    ColumnVector::getLong,
                    Dictionary::decodeToLong,
                    ColumnVector::getLongs,
                    ArrayData::toLongArray)),
    FLOAT(
            DataTypes.FloatType,
            Float.BYTES,
            Platform.FLOAT_ARRAY_OFFSET,
            "floatData",
            new ValueAccess(
                    (from, ordinal) -> Float.floatToRawIntBits(from.getFloat(ordinal)),
                    (from, row) -> Float.floatToRawIntBits(from.getFloat(row)),
                    (from, id) -> Float.floatToRawIntBits(from.decodeToFloat(id)),
                    ColumnVector::getFloats,
                    ArrayData::toFloatArray)),
    DOUBLE(
            DataTypes.DoubleType,
            Double.BYTES,
            Platform.DOUBLE_ARRAY_OFFSET,
            "doubleData",
            new ValueAccess(
                    (from, ordinal) -> Double.doubleToRawLongBits(from.getDouble(ordinal)),
                    (from, row) -> Double.doubleToRawLongBits(from.getDouble(row)),
                    (from, id) -> Double.doubleToRawLongBits(from.decodeToDouble(id)),
                    ColumnVector::getDoubles,
                    ArrayData::toDoubleArray)),
    /** Bytes of a binary or string. */
    BINARY(
            DataTypes.BinaryType,
            Byte.BYTES,
            Platform.BYTE_ARRAY_OFFSET,
            "byteData",
            new ValueAccess(
                    SpecializedGetters::getByte,
                    ColumnVector::getByte,
                    ValueType::notInDictionaries,
                    ColumnVector::getBytes,
                    ArrayData::toByteArray));

    @SuppressWarnings("ImmutableEnumChecker") // Spark's types are immutable, though they do not say so
    private final DataType sparkType;

    private final int bytes;
    private final int arrayOffset;

    @SuppressWarnings("ImmutableEnumChecker") // reads a field, and holds nothing but which one
    private final PrivateField onHeapArray;

    @SuppressWarnings("ImmutableEnumChecker") // functions that hold nothing
    private final ValueAccess access;

    ValueType(DataType sparkType, int bytes, int arrayOffset, String onHeapField, ValueAccess access) {
        this.sparkType = sparkType;
        this.bytes = bytes;
        this.arrayOffset = arrayOffset;
        this.onHeapArray = PrivateField.of(OnHeapColumnVector.class, onHeapField);
        this.access = access;
    }

    private static long notInDictionaries(Dictionary dictionary, int id) {
        throw new UnsupportedOperationException("No dictionary has single values of this type");
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

    /** Returns where the values of a primitive array of this type begin. */
    int arrayOffset() {
        return arrayOffset;
    }

    /** Returns a vector's own array, or null if it has none or does not show it. */
    @Nullable
    Object arrayOf(OnHeapColumnVector from) {
        return onHeapArray.in(from);
    }

    ValueAccess access() {
        return access;
    }

    ArrowType arrowType() {
        return switch (this) {
            case BOOLEAN, BYTE -> new ArrowType.Int(Byte.SIZE, /* isSigned= */ true);
            case SHORT -> new ArrowType.Int(Short.SIZE, /* isSigned= */ true);
            case INT -> new ArrowType.Int(Integer.SIZE, /* isSigned= */ true);
            case LONG -> new ArrowType.Int(Long.SIZE, /* isSigned= */ true);
            case FLOAT -> new ArrowType.FloatingPoint(FloatingPointPrecision.SINGLE);
            case DOUBLE -> new ArrowType.FloatingPoint(FloatingPointPrecision.DOUBLE);
            case BINARY -> ArrowType.Binary.INSTANCE;
        };
    }

    /** Returns whether such a value can be this one exactly. */
    boolean canHold(NullPolicy.Fill fill) {
        if (!(fill.value() instanceof Number number)) {
            return this == BOOLEAN && fill.value() instanceof Boolean;
        }
        return switch (this) {
            case BOOLEAN -> false;
            case BYTE -> fill.isWholeWithin(Byte.MIN_VALUE, Byte.MAX_VALUE);
            case SHORT -> fill.isWholeWithin(Short.MIN_VALUE, Short.MAX_VALUE);
            case INT -> fill.isWholeWithin(Integer.MIN_VALUE, Integer.MAX_VALUE);
            case LONG -> fill.isWholeWithin(Long.MIN_VALUE, Long.MAX_VALUE);
            case FLOAT ->
                number instanceof Float || Double.isNaN(number.doubleValue()) || fill.isExactly(number.floatValue());
            case DOUBLE -> number instanceof Double || number instanceof Float || fill.isExactly(number.doubleValue());
            case BINARY -> fill.isWholeWithin(0, 255);
        };
    }

    /** Returns a value that {@link #canHold} says it can hold, as it lies in memory. */
    long bitsOf(NullPolicy.Fill fill) {
        if (!(fill.value() instanceof Number number)) {
            return Boolean.TRUE.equals(fill.value()) ? 1 : 0;
        }
        return switch (this) {
            case FLOAT -> Float.floatToRawIntBits(number.floatValue());
            case DOUBLE -> Double.doubleToRawLongBits(number.doubleValue());
            default -> number.longValue();
        };
    }

    /** Writes a value that lies in memory like this. */
    void put(long bits, long address) {
        switch (bytes) {
            case Byte.BYTES -> Platform.putByte(null, address, (byte) bits);
            case Short.BYTES -> Platform.putShort(null, address, (short) bits);
            case Integer.BYTES -> Platform.putInt(null, address, (int) bits);
            default -> Platform.putLong(null, address, bits);
        }
    }

    /** Copies the value of a row or array, which is not null. */
    void put(SpecializedGetters from, int ordinal, long address) {
        put(access.getters().bits(from, ordinal), address);
    }

    /** Copies the value of a column's row, which is not null. */
    void put(ColumnVector from, int row, long address) {
        put(access.column().bits(from, row), address);
    }

    /** Writes one value many times. */
    void fill(long bits, long address, long count) {
        for (long i = 0; i < count; i++) {
            put(bits, address + i * bytes);
        }
    }
}
