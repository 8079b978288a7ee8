package io.tensorbridge.tensor;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** Which version of this library runs. */
final class LibraryVersion {

    private static final String CURRENT = "Tensorbridge " + read();

    private LibraryVersion() {}

    /** Returns name and version: {@code Tensorbridge 1.0.0}. */
    static String current() {
        return CURRENT;
    }

    private static String read() {
        try (InputStream in = requireNonNull(LibraryVersion.class.getResourceAsStream("library.properties"))) {
            var properties = new Properties();
            properties.load(in);
            return requireNonNull(properties.getProperty("version"));
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read the version of the library", e);
        }
    }
}
