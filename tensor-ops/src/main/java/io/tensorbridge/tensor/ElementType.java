package io.tensorbridge.tensor;

import java.util.List;
import java.util.Optional;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.tensorflow.proto.DataType;

/** The element types that cross between Arrow and TensorFlow: one row each, all that the conversions know of them. */
public enum ElementType {
    FLOAT32(DataType.DT_FLOAT, Float.BYTES, new ArrowType.FloatingPoint(FloatingPointPrecision.SINGLE)),
    FLOAT64(DataType.DT_DOUBLE, Double.BYTES, new ArrowType.FloatingPoint(FloatingPointPrecision.DOUBLE)),
    INT32(DataType.DT_INT32, Integer.BYTES, new ArrowType.Int(Integer.SIZE, /* isSigned= */ true)),
    INT64(DataType.DT_INT64, Long.BYTES, new ArrowType.Int(Long.SIZE, /* isSigned= */ true)),
    /** Bytes without a sign. Its innermost dimension is an Arrow binary: a cell of {@code [h, w]} is one binary. */
    UINT8(DataType.DT_UINT8, Byte.BYTES, ArrowType.Binary.INSTANCE);

    private final DataType dataType;
    private final int bytes;

    @SuppressWarnings("ImmutableEnumChecker") // Arrow's types are immutable, though they do not say so
    private final ArrowType arrowType;

    ElementType(DataType dataType, int bytes, ArrowType arrowType) {
        this.dataType = dataType;
        this.bytes = bytes;
        this.arrowType = arrowType;
    }

    /** Returns the row for TensorFlow's type, or nothing if it has no Arrow form here. */
    public static Optional<ElementType> of(DataType dataType) {
        for (ElementType type : values()) {
            if (type.dataType == dataType) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    /** Returns TensorFlow's type. */
    public DataType dataType() {
        return dataType;
    }

    /** Returns the bytes of one element. */
    public int bytes() {
        return bytes;
    }

    /** Returns the Arrow type of the innermost vector. */
    public ArrowType arrowType() {
        return arrowType;
    }

    /** Returns whether whole cells lie in one binary each, whatever their shape. */
    public boolean isBinary() {
        return this == UINT8;
    }

    /**
     * Returns the field of a column whose cells have so many dimensions: a scalar, or lists of lists; never nullable.
     *
     * @param name the column's name
     * @param cellRank the number of dimensions of one cell
     */
    public Field field(String name, int cellRank) {
        if (cellRank == 0 || isBinary()) {
            return new Field(name, FieldType.notNullable(arrowType), List.of());
        }
        return new Field(name, FieldType.notNullable(ArrowType.List.INSTANCE), List.of(field("element", cellRank - 1)));
    }
}
