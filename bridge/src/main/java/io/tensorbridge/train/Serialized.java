package io.tensorbridge.train;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.io.Serializable;
import java.io.UncheckedIOException;

/**
 * Values as Java serialises them, whichever serialiser Spark is set to, and with the classes of this library, wherever Spark would look
 * for them.
 */
final class Serialized {

    private Serialized() {}

    static byte[] encode(Serializable value) {
        var bytes = new ByteArrayOutputStream();
        try (var out = new ObjectOutputStream(bytes)) {
            out.writeObject(value);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    static <T> T decode(byte[] bytes, Class<T> type) {
        try (var in = new OwnClasses(new ByteArrayInputStream(bytes))) {
            return type.cast(in.readObject());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }

    private static final class OwnClasses extends ObjectInputStream {

        OwnClasses(InputStream in) throws IOException {
            super(in);
        }

        @Override
        protected Class<?> resolveClass(ObjectStreamClass of) throws IOException, ClassNotFoundException {
            try {
                return Class.forName(of.getName(), /* initialize= */ false, Serialized.class.getClassLoader());
            } catch (ClassNotFoundException e) { // that of a primitive
                return super.resolveClass(of);
            }
        }
    }
}
