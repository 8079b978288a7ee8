package io.tensorbridge.internal.plan;

import static org.apache.spark.sql.functions.array_sort;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.map_entries;
import static org.apache.spark.sql.functions.map_from_entries;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.transform;
import static org.apache.spark.sql.functions.when;

import java.util.Arrays;
import java.util.function.BiFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.StructType;

/** Maps as sorted arrays of their entries, however deep inside of a value they are, since Spark does not order maps. */
final class MapEntries {

    private MapEntries() {}

    /** Returns whether values of a type have maps in them. */
    static boolean areIn(DataType type) {
        if (type instanceof ArrayType array) {
            return areIn(array.elementType());
        }
        if (type instanceof StructType struct) {
            return Arrays.stream(struct.fields()).anyMatch(field -> areIn(field.dataType()));
        }
        return type instanceof MapType;
    }

    /** Returns a column with arrays in the place of maps. */
    static Column encode(Column column, DataType type) {
        if (!areIn(type)) {
            return column;
        }
        if (type instanceof MapType map) {
            return array_sort(transform(
                    map_entries(column),
                    entry -> struct(
                            encode(entry.getField("key"), map.keyType()).as("key"),
                            encode(entry.getField("value"), map.valueType()).as("value"))));
        }
        return inside(column, type, MapEntries::encode);
    }

    /** Returns a column as it was before it was encoded. */
    static Column decode(Column column, DataType type) {
        if (!areIn(type)) {
            return column;
        }
        if (type instanceof MapType map) {
            return map_from_entries(transform(
                    column,
                    entry -> struct(
                            decode(entry.getField("key"), map.keyType()).as("key"),
                            decode(entry.getField("value"), map.valueType()).as("value"))));
        }
        return inside(column, type, MapEntries::decode);
    }

    private static Column inside(Column column, DataType type, BiFunction<Column, DataType, Column> change) {
        if (type instanceof ArrayType array) {
            return transform(column, element -> change.apply(element, array.elementType()));
        }
        Column[] fields = Arrays.stream(((StructType) type).fields())
                .map(field -> change.apply(column.getField(field.name()), field.dataType())
                        .as(field.name()))
                .toArray(Column[]::new);
        return when(column.isNull(), lit(null)).otherwise(struct(fields));
    }
}
