package io.tensorbridge.tensor;

import java.util.List;
import java.util.Map;
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
    /** Floats in a column: rounded to the nearest half, ties to even, on the way in; exact on the way out. */
    FLOAT16(DataType.DT_HALF, Short.BYTES, FLOAT32.arrowType, Transfer.HALF, Float.BYTES, ""),
    INT8(DataType.DT_INT8, Byte.BYTES, new ArrowType.Int(Byte.SIZE, /* isSigned= */ true)),
    INT16(DataType.DT_INT16, Short.BYTES, new ArrowType.Int(Short.SIZE, /* isSigned= */ true)),
    INT32(DataType.DT_INT32, Integer.BYTES, new ArrowType.Int(Integer.SIZE, /* isSigned= */ true)),
    INT64(DataType.DT_INT64, Long.BYTES, new ArrowType.Int(Long.SIZE, /* isSigned= */ true)),
    /** Bytes without a sign. Its innermost dimension is an Arrow binary: a cell of {@code [h, w]} is one binary. */
    UINT8(DataType.DT_UINT8, Byte.BYTES, ArrowType.Binary.INSTANCE),
    /** Bytes of 0 or 1, as in Arrow's extension {@code arrow.bool8}; Arrow's own booleans are bits. */
    BOOL(DataType.DT_BOOL, Byte.BYTES, INT8.arrowType, Transfer.ALIAS, Byte.BYTES, "arrow.bool8"),
    /** Strings of bytes. A column may be UTF-8 or binary; a new one is UTF-8, whatever bytes the program gives. */
    STRING(DataType.DT_STRING, StringTensors.HEADER_BYTES, ArrowType.Utf8.INSTANCE, Transfer.STRING, Integer.BYTES, "");

    private static final String EXTENSION_NAME = ArrowType.ExtensionType.EXTENSION_METADATA_KEY_NAME;
    private static final String EXTENSION_METADATA = ArrowType.ExtensionType.EXTENSION_METADATA_KEY_METADATA;

    private final DataType dataType;
    private final int bytes;

    @SuppressWarnings("ImmutableEnumChecker") // Arrow's types are immutable, though they do not say so
    private final ArrowType arrowType;

    private final Transfer transfer;
    private final int columnBytes;
    private final String extension;

    ElementType(DataType dataType, int bytes, ArrowType arrowType) {
        this(dataType, bytes, arrowType, Transfer.ALIAS, bytes, /* extension= */ "");
    }

    ElementType(
            DataType dataType, int bytes, ArrowType arrowType, Transfer transfer, int columnBytes, String extension) {
        this.dataType = dataType;
        this.bytes = bytes;
        this.arrowType = arrowType;
        this.transfer = transfer;
        this.columnBytes = columnBytes;
        this.extension = extension;
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

    /** Returns the bytes of one element in a tensor; of a string, those besides its characters if it is long. */
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

    Transfer transfer() {
        return transfer;
    }

    /** Returns the bytes of one value in the innermost vector; of a string, those of its offset. */
    int columnBytes() {
        return columnBytes;
    }

    /** Returns whether the innermost vector of a column may be of this field, whose values are then of this type. */
    boolean accepts(Field innermost) {
        ArrowType found = innermost.getType();
        return (found.equals(arrowType) || (this == STRING && found.equals(ArrowType.Binary.INSTANCE)))
                && extensionOf(innermost).equals(extension);
    }

    /** Returns the type of a vector as messages show it. */
    static String describe(Field innermost) {
        String extension = extensionOf(innermost);
        return "Arrow type " + innermost.getType() + (extension.isEmpty() ? "" : " with extension '" + extension + "'");
    }

    private static String extensionOf(Field field) {
        return field.getMetadata().getOrDefault(EXTENSION_NAME, "");
    }

    /**
     * Returns the field of a column whose cells have so many dimensions: a scalar, or lists of lists; never nullable.
     *
     * @param name the column's name
     * @param cellRank the number of dimensions of one cell
     */
    public Field field(String name, int cellRank) {
        if (cellRank == 0 || isBinary()) {
            return new Field(
                    name,
                    new FieldType(/* nullable= */ false, arrowType, /* dictionary= */ null, metadata()),
                    List.of());
        }
        return new Field(name, FieldType.notNullable(ArrowType.List.INSTANCE), List.of(field("element", cellRank - 1)));
    }

    private Map<String, String> metadata() {
        return extension.isEmpty() ? Map.of() : Map.of(EXTENSION_NAME, extension, EXTENSION_METADATA, "");
    }
}
