package io.tensorbridge.examples;

import java.nio.file.Path;

/** Where the examples' data lies. */
public final class ExampleFiles {

    private ExampleFiles() {}

    /** Returns a file or directory of {@code examples/data}; the script that starts an example says where that is. */
    public static Path data(String name) {
        return home().resolve("data").resolve(name);
    }

    /** Returns where {@code mvn -Pbert package} puts BERT, which is too large to lie here: a directory, if it was run. */
    public static Path bert() {
        return home().resolve("target").resolve("bert").resolve("model");
    }

    /** Returns where all of Fashion-MNIST is, if it is there: {@code TENSORBRIDGE_FASHION_MNIST}, or beside this project. */
    public static Path wholeFashionMnist() {
        String set = System.getenv("TENSORBRIDGE_FASHION_MNIST");
        return set == null ? home().resolve("../../shared/data/fashion-mnist") : Path.of(set);
    }

    private static Path home() {
        return Path.of(System.getProperty("tensorbridge.examples.home", "examples"));
    }
}
