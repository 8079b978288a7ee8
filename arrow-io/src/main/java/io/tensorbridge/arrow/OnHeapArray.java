package io.tensorbridge.arrow;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.apache.spark.sql.execution.vectorized.OnHeapColumnVector;
import org.jspecify.annotations.Nullable;

/**
 * The Java array inside of an on-heap column vector.
 *
 * <p>Spark hands out copies only; reading its private field saves one. Where the field cannot be read, the copies serve.
 */
final class OnHeapArray {

    private final @Nullable VarHandle field;

    private OnHeapArray(@Nullable VarHandle field) {
        this.field = field;
    }

    static OnHeapArray of(String fieldName) {
        try {
            var field = OnHeapColumnVector.class.getDeclaredField(fieldName);
            return new OnHeapArray(MethodHandles.privateLookupIn(OnHeapColumnVector.class, MethodHandles.lookup())
                    .unreflectVarHandle(field));
        } catch (NoSuchFieldException | IllegalAccessException | SecurityException e) {
            return new OnHeapArray(null); // another Spark, or modules that keep it shut: the slower way works as well
        }
    }

    /** Returns the array that holds the vector's values, or null if it cannot be had. */
    @Nullable
    Object in(OnHeapColumnVector vector) {
        return field == null ? null : field.get(vector);
    }
}
