package io.tensorbridge.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Pages, the examples they show, and what those print. */
final class Documentation {

    private static final Path MODULE = Path.of(System.getProperty("tensorbridge.examples.home", "."));

    private Documentation() {}

    interface Example {
        void run(String[] args) throws IOException;
    }

    /** Returns what an example prints to standard output. */
    static String printedBy(Example example) {
        PrintStream before = System.out;
        var bytes = new ByteArrayOutputStream();
        var out = new PrintStream(bytes, /* autoFlush= */ true, StandardCharsets.UTF_8);
        System.setOut(out);
        try {
            // Scala has kept the stream that it found first
            scala.Console.withOut(out, () -> {
                try {
                    example.run(new String[0]);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                return out;
            });
        } finally {
            System.setOut(before);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    static String page(String name) throws IOException {
        return Files.readString(MODULE.resolve("..").resolve(name));
    }

    /** Returns what a page says that its examples print, under the word "prints" each time. */
    static List<String> printedParts(String page) {
        Matcher part =
                Pattern.compile("\nprints\n\n```\n(.*?)```", Pattern.DOTALL).matcher(page);
        return part.results().map(result -> result.group(1)).toList();
    }

    /** Returns the first Java code of a page. */
    static String codeOf(String page) {
        Matcher code = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(page);
        assertThat(code.find()).isTrue();
        return code.group(1);
    }

    /** Returns what stands between two marks of an example's source, to the left. */
    static String region(String example, String name) throws IOException {
        String source = Files.readString(MODULE.resolve("src/main/java/io/tensorbridge/examples/" + example + ".java"));
        String mark = "// region " + name + "\n";
        int start = source.indexOf(mark) + mark.length();
        return source.substring(start, source.indexOf("        // endregion", start))
                .indent(-8);
    }
}
