package io.tensorbridge;

import io.tensorbridge.arrow.BlockColumn;
import io.tensorbridge.tensor.ElementType;
import io.tensorbridge.tensor.TensorSpec;
import java.util.Locale;
import java.util.Optional;
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

/** What mends an argument that does not fit an input, in SQL: the last sentence of a message. See {@link Cures}. */
final class SqlCures {

    private SqlCures() {}

    /** Returns how to make of an argument what an input wants, whose type it is not. */
    static String ofType(TensorSpec input, DataType type, String argument) {
        Optional<ElementType> wanted = ElementType.of(input.elementType());
        if (wanted.isEmpty()) {
            return "No argument holds %s: let the program cast it from another type".formatted(input.elementType());
        }
        if (wanted.get() == ElementType.UINT8) {
            return "Pass a binary, whose shape the registered operation declares with shape(…)";
        }
        DataType values = type;
        while (values instanceof ArrayType array) {
            values = array.elementType();
        }
        int levels = type instanceof ArrayType ? BlockColumn.levels(type) : 0;
        String target = SparkTypes.column(wanted.get(), levels).sql().toUpperCase(Locale.ROOT);
        String cast = cast(argument, target);
        if (values instanceof NumericType || values instanceof BooleanType || values instanceof StringType) {
            return "Cast it: " + cast;
        }
        if (values instanceof TimestampType) {
            return "Cast it to seconds since 1970: " + cast;
        }
        if (values instanceof TimestampNTZType && levels == 0) {
            return "Cast it to seconds since 1970: " + cast(cast(argument, "TIMESTAMP"), target);
        }
        if (values instanceof DateType && levels == 0) {
            return "Make days since 1970 of it: " + cast("unix_date(%s)".formatted(argument), target);
        }
        if (values instanceof StructType) {
            return "Pass a field of it: %s.…".formatted(argument);
        }
        if (values instanceof MapType) {
            return "Pass its values: map_values(%s)".formatted(argument);
        }
        return "Pass numbers, booleans, strings, binaries, or arrays of these";
    }

    private static String cast(String argument, String type) {
        return "CAST(%s AS %s)".formatted(argument, type);
    }
}
