package io.tensorbridge.tensor;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.Loader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What processes say that cannot load TensorFlow. */
class TensorFlowRuntimeTest {

    private static final String CLASS_PATH = System.getProperty("java.class.path");

    @TempDir
    Path directory;

    /** Returns what a process says of two attempts to make a program. */
    private static List<String> attempts(String classPath, String... options) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", classPath, Attempts.class.getName()));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (var lines = process.inputReader()) {
            return lines.lines()
                    .filter(line -> line.startsWith("io.tensorbridge"))
                    .toList();
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void saysAtEveryAttemptThatNativesAreMissing() throws IOException {
        String withoutNatives = Arrays.stream(CLASS_PATH.split(File.pathSeparator))
                .filter(entry ->
                        !new File(entry).getName().matches("tensorflow-core-native-.*-\\w+-(x86_64|arm64)\\.jar"))
                .collect(Collectors.joining(File.pathSeparator));
        assertThat(withoutNatives).isNotEqualTo(CLASS_PATH);
        List<String> attempts = attempts(withoutNatives);
        assertThat(attempts).hasSize(2);
        assertThat(attempts.get(0))
                .startsWith(
                        "io.tensorbridge.tensor.ProgramException: Cannot load TensorFlow: expected TensorFlow's natives for %s on the class path, found none (java.lang.UnsatisfiedLinkError: "
                                .formatted(Loader.getPlatform()))
                .endsWith(
                        "). Add org.tensorflow:tensorflow-core-native with the classifier %s caused by java.lang.UnsatisfiedLinkError"
                                .formatted(Loader.getPlatform()))
                .isEqualTo(attempts.get(1));
    }

    @Test
    void saysAtEveryAttemptThatNativesCannotBeUnpacked() throws IOException {
        Path cache = Files.createFile(directory.resolve("file")).resolve("cache");
        String expected =
                "io.tensorbridge.tensor.ProgramException: Cannot load TensorFlow: expected a directory that can be made where TensorFlow's natives are to be unpacked, found %s (java.nio.file.FileSystemException: %s: Not a directory). Name another with -Dorg.bytedeco.javacpp.cachedir caused by java.io.IOException"
                        .formatted(cache, cache);
        assertThat(attempts(CLASS_PATH, "-Dorg.bytedeco.javacpp.cachedir=" + cache))
                .containsExactly(expected, expected);
    }

    /** Tries to make a program, twice. */
    static final class Attempts {

        private Attempts() {}

        public static void main(String[] arguments) {
            for (int i = 0; i < 2; i++) {
                try {
                    Program.build(tf -> Program.outputs("z", tf.constant(1)));
                    System.out.println("loaded");
                } catch (ProgramException e) {
                    System.out.println(e + " caused by "
                            + requireNonNull(e.getCause()).getClass().getName());
                }
            }
        }
    }
}
