package io.tensorbridge.arrow;

import java.util.List;
import java.util.Map;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StringType;

/** The Arrow fields of fed columns: always nullable, for nulls that are filled stay known as such. */
final class ArrowFields {

    private ArrowFields() {}

    /** Returns the field that holds cells of a type that can be fed. */
    static Field of(String name, DataType type) {
        DataType shape = LinalgType.find(type).map(LinalgType::arrayType).orElse(type);
        if (shape instanceof ArrayType array) {
            Field element = of("element", array.elementType());
            return new Field(name, FieldType.nullable(ArrowType.List.INSTANCE), List.of(element));
        }
        Map<String, String> metadata = shape instanceof BooleanType ? Bool8.METADATA : Map.of();
        return new Field(
                name, new FieldType(/* nullable= */ true, typeOf(shape), /* dictionary= */ null, metadata), List.of());
    }

    private static ArrowType typeOf(DataType type) {
        return type instanceof StringType
                ? ArrowType.Utf8.INSTANCE
                : ValueType.of(type).arrowType();
    }

    /** Returns whether an Arrow field is laid out like this one, down to the values; names and nullability are no matter. */
    static boolean areAlike(Field found, Field expected) {
        if (!found.getType().equals(expected.getType())
                || found.getChildren().size() != expected.getChildren().size()
                || Bool8.is(found) != Bool8.is(expected)) {
            return false;
        }
        for (int i = 0; i < expected.getChildren().size(); i++) {
            if (!areAlike(found.getChildren().get(i), expected.getChildren().get(i))) {
                return false;
            }
        }
        return true;
    }
}
