package io.tensorbridge;

import io.tensorbridge.arrow.BlockColumn;
import io.tensorbridge.tensor.ElementType;
import io.tensorbridge.tensor.Shapes;
import io.tensorbridge.tensor.TensorSpec;
import java.util.Optional;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DateType;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.types.TimestampNTZType;
import org.apache.spark.sql.types.TimestampType;
import org.apache.spark.sql.types.UserDefinedType;

/** What mends a column that does not fit an input: the last sentence of a message. */
final class Cures {

    private Cures() {}

    /** Returns how to make of a column what an input wants, whose type it is not. */
    static String ofType(TensorSpec input, Attribute column) {
        Optional<ElementType> wanted = ElementType.of(input.elementType());
        if (wanted.isEmpty()) {
            return "No column holds %s: let the program cast it from another type".formatted(input.elementType());
        }
        String name = column.name();
        DataType type = column.dataType();
        DataType values = valuesOf(type);
        int levels = type instanceof ArrayType ? BlockColumn.levels(type) : 0;
        if (wanted.get() == ElementType.UINT8) {
            return "Feed it with a binary column of declared shape: shape(\"…\"%s)".formatted(argumentsOf(input));
        }
        String cast = SparkTypes.column(wanted.get(), levels).catalogString();
        if (type instanceof UserDefinedType) {
            return TensorForm.of(type).isPresent()
                    ? "Make arrays of it with vector_to_array(col(\"%s\")), and cast them: cast(\"array<%s>\")"
                            .formatted(name, SparkTypes.column(wanted.get(), 0).catalogString())
                    : other();
        }
        if (values instanceof NumericType || values instanceof BooleanType || values instanceof StringType) {
            return "Cast it: col(\"%s\").cast(\"%s\")".formatted(name, cast);
        }
        if (values instanceof TimestampType) {
            return "Cast it to seconds since 1970: col(\"%s\").cast(\"%s\")".formatted(name, cast);
        }
        if (values instanceof TimestampNTZType) {
            return "Cast it to seconds since 1970: col(\"%s\").cast(\"%s\").cast(\"%s\")"
                    .formatted(name, levels == 0 ? "timestamp" : "array<timestamp>", cast);
        }
        if (values instanceof DateType && levels == 0) {
            return "Make days since 1970 of it: expr(\"unix_date(%s)\").cast(\"%s\")".formatted(name, cast);
        }
        if (values instanceof StructType) {
            return "Feed a field of it: select col(\"%s.…\") as a column".formatted(name);
        }
        if (values instanceof MapType) {
            return "Feed its values: map_values(col(\"%s\"))".formatted(name);
        }
        return other();
    }

    private static String other() {
        return "Feed a column of numbers, booleans, strings, binaries, or arrays of these";
    }

    private static DataType valuesOf(DataType type) {
        return type instanceof ArrayType array ? valuesOf(array.elementType()) : type;
    }

    /** Returns the dimensions as they follow the name of a column in {@code shape(…)}: a scalar has none. */
    private static String argumentsOf(TensorSpec input) {
        String dimensions = dimensionsOf(input);
        return dimensions.isEmpty() ? "" : ", " + dimensions;
    }

    /** Returns the dimensions that a user would write in {@code shape(…)}, as far as the program tells them. */
    static String dimensionsOf(TensorSpec input) {
        if (input.shape().isUnknown() || input.cellShape().hasUnknownDimension()) {
            return "…";
        }
        String dimensions = Shapes.describe(input.cellShape());
        return dimensions.substring(1, dimensions.length() - 1);
    }
}
