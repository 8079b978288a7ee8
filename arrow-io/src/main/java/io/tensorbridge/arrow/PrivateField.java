package io.tensorbridge.arrow;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * A field of Spark's column vectors that no accessor gives.
 *
 * <p>Spark hands out copies of a vector's array, and nothing of its dictionary; reading the field saves a copy. Where the
 * field cannot be read, the slower way serves.
 */
final class PrivateField {

    private final @Nullable VarHandle field;

    private PrivateField(@Nullable VarHandle field) {
        this.field = field;
    }

    static PrivateField of(Class<?> owner, String name) {
        try {
            return new PrivateField(MethodHandles.privateLookupIn(owner, MethodHandles.lookup())
                    .unreflectVarHandle(owner.getDeclaredField(name)));
        } catch (NoSuchFieldException | IllegalAccessException | SecurityException e) {
            return new PrivateField(null); // another Spark, or modules that keep it shut
        }
    }

    /** Returns what the field holds, or null if it cannot be read. */
    @Nullable
    Object in(Object owner) {
        return field == null ? null : field.get(owner);
    }
}
