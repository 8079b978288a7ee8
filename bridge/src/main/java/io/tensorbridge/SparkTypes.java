package io.tensorbridge;

import io.tensorbridge.arrow.BlockColumn;
import io.tensorbridge.tensor.ElementType;
import java.util.Optional;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StringType;

/** Which Spark type an element type is: the last column of the table that {@link ElementType} begins. */
final class SparkTypes {

    private SparkTypes() {}

    private static DataType of(ElementType type) {
        return switch (type) {
            case FLOAT32, FLOAT16 -> DataTypes.FloatType;
            case FLOAT64 -> DataTypes.DoubleType;
            case INT8 -> DataTypes.ByteType;
            case INT16 -> DataTypes.ShortType;
            case INT32 -> DataTypes.IntegerType;
            case INT64 -> DataTypes.LongType;
            case UINT8 -> DataTypes.BinaryType;
            case BOOL -> DataTypes.BooleanType;
            case STRING -> DataTypes.StringType;
        };
    }

    /**
     * Returns the type of the values inside of a column's cells, or nothing if they have no tensor form. Several types may
     * be one in Spark, as halves are floats there and strings of bytes are binaries: then it is the one that is wanted.
     */
    static Optional<ElementType> elementsOf(DataType column, Optional<ElementType> wanted) {
        if (!BlockColumn.canFeed(column)) {
            return Optional.empty();
        }
        DataType values = BlockColumn.elementType(column);
        if (values instanceof StringType || (values instanceof BinaryType && column instanceof ArrayType)) {
            return Optional.of(ElementType.STRING);
        }
        if (values instanceof BinaryType && wanted.equals(Optional.of(ElementType.STRING))) {
            return wanted;
        }
        if (wanted.isPresent() && of(wanted.get()).equals(values)) {
            return wanted;
        }
        for (ElementType type : ElementType.values()) {
            if (of(type).equals(values)) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    /** Returns the type of a column whose cells have so many dimensions. */
    static DataType column(ElementType type, int cellRank) {
        DataType column = of(type);
        for (int i = 0; i < cellRank && !(column instanceof BinaryType); i++) {
            column = new ArrayType(column, /* containsNull= */ false);
        }
        return column;
    }
}
