package io.tensorbridge.internal.run;

import static java.util.Objects.requireNonNull;

import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.apache.spark.SparkEnv;
import org.jspecify.annotations.Nullable;
import scala.reflect.ClassTag$;

/**
 * An immutable value that all tasks of a stage bring with them: it travels as bytes, which a process reads once.
 *
 * <p>To read the description of a program takes as long as to run a small one, so where there are many small tasks it counts.
 *
 * @param <T> what it is
 */
public final class Shared<T> implements Serializable {

    private static final int MOST_KNOWN = 256;

    // what was read of late; small values, that hold nothing which needs a close
    private static final Map<UUID, Object> KNOWN = new LinkedHashMap<>(16, 0.75f, /* accessOrder= */ true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<UUID, Object> eldest) {
            return size() > MOST_KNOWN;
        }
    }; // guarded by itself

    private final transient T value;
    private transient @Nullable Bytes bytes; // guarded by this; null until it travels

    private Shared(T value) {
        this.value = value;
    }

    /** Returns a value for many tasks. */
    public static <T extends Serializable> Shared<T> of(T value) {
        return new Shared<>(requireNonNull(value, "value"));
    }

    /** Returns the value. */
    public T value() {
        return value;
    }

    private synchronized Object writeReplace() {
        if (bytes == null) {
            ByteBuffer buffer = SparkEnv.get()
                    .closureSerializer()
                    .newInstance()
                    .serialize(value, ClassTag$.MODULE$.<T>apply(Object.class));
            byte[] written = new byte[buffer.remaining()];
            buffer.get(written);
            UUID id = UUID.randomUUID();
            bytes = new Bytes(id.getMostSignificantBits(), id.getLeastSignificantBits(), written);
        }
        return bytes;
    }

    private void readObject(ObjectInputStream in) throws InvalidObjectException {
        throw new InvalidObjectException("A shared value is read through its bytes");
    }

    /** A value as it travels. No record: those are slower to read. */
    private static final class Bytes implements Serializable {

        private static final long serialVersionUID = 1;

        private final long high;
        private final long low;
        private final byte[] bytes;

        Bytes(long high, long low, byte[] bytes) {
            this.high = high;
            this.low = low;
            this.bytes = bytes;
        }

        private Object readResolve() {
            var id = new UUID(high, low);
            synchronized (KNOWN) {
                Object known = KNOWN.get(id);
                if (known != null) {
                    return new Shared<>(known);
                }
            }
            Object read = read(); // by two tasks at once, perhaps: it is the same
            synchronized (KNOWN) {
                KNOWN.put(id, read);
            }
            return new Shared<>(read);
        }

        private Object read() {
            return SparkEnv.get()
                    .closureSerializer()
                    .newInstance()
                    .deserialize(
                            ByteBuffer.wrap(bytes),
                            Thread.currentThread().getContextClassLoader(),
                            ClassTag$.MODULE$.apply(Object.class));
        }
    }
}
