package io.tensorbridge.arrow;

import java.util.Map;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;

/** Arrow's canonical extension for booleans of one byte each: 8-bit integers that say so in their field's metadata. */
final class Bool8 {

    private static final String NAME_KEY = "ARROW:extension:name";
    private static final String NAME = "arrow.bool8";

    /** What the field of such booleans carries. */
    static final Map<String, String> METADATA = Map.of(NAME_KEY, NAME, "ARROW:extension:metadata", "");

    private Bool8() {}

    /** Returns whether the field's 8-bit integers are booleans. */
    static boolean is(Field field) {
        return field.getType() instanceof ArrowType.Int integer
                && integer.getBitWidth() == Byte.SIZE
                && NAME.equals(field.getMetadata().get(NAME_KEY));
    }
}
