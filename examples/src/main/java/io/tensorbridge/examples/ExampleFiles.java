package io.tensorbridge.examples;

import java.nio.file.Path;

/** Where the examples' data lies. */
final class ExampleFiles {

    private ExampleFiles() {}

    /** Returns a file or directory of {@code examples/data}; the script that starts an example says where that is. */
    static Path data(String name) {
        return Path.of(System.getProperty("tensorbridge.examples.home", "examples"), "data")
                .resolve(name);
    }
}
