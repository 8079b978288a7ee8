package io.tensorbridge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.spark.launcher.JavaModuleOptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Faults on real executors: a cluster of two on this machine, driven by a process of its own; see {@link ClusterFaults}. */
class LocalClusterTest {

    private static final int MOST_SECONDS = 480;
    private static final List<Surrounded> OPERATIONS = ClusterFaults.OPERATIONS;

    private static final Map<String, String> RESULTS = new HashMap<>();

    @BeforeAll
    static void run(@TempDir Path sparkHome) throws Exception {
        Files.createDirectory(sparkHome.resolve("jars"));
        File output = sparkHome.resolve("output").toFile();
        Process driver = driver(sparkHome, output);
        boolean ended;
        try {
            ended = driver.waitFor(MOST_SECONDS, TimeUnit.SECONDS);
        } finally {
            driver.descendants().forEach(ProcessHandle::destroyForcibly); // executors, if it hangs
            driver.destroyForcibly().waitFor();
        }
        List<String> lines = Files.readAllLines(output.toPath());
        lines.stream()
                .filter(line -> line.startsWith(ClusterFaults.UNAVAILABLE))
                .findFirst()
                .ifPresent(line -> {
                    System.out.println("No cluster on this machine: " + line);
                    assumeTrue(false, line);
                });
        assertThat(ended && driver.exitValue() == 0)
                .as(() -> String.join("\n", lines.subList(Math.max(0, lines.size() - 200), lines.size())))
                .isTrue();
        for (String line : lines) {
            int start = line.indexOf(ClusterFaults.RESULT); // what else is logged may have begun the line
            if (start >= 0) {
                int end = line.indexOf('=', start);
                RESULTS.put(line.substring(start + ClusterFaults.RESULT.length(), end), line.substring(end + 1));
            }
        }
    }

    private static Process driver(Path sparkHome, File output) throws IOException {
        String classPath = System.getProperty("java.class.path");
        List<String> options = new ArrayList<>();
        if (Runtime.version().feature() >= 24) {
            options.add("--sun-misc-unsafe-memory-access=allow"); // Arrow's, of which Spark's own options do not speak
        }
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(JavaModuleOptions.defaultModuleOptionArray()));
        command.addAll(options);
        command.addAll(List.of("-Xmx1g", "-cp", classPath, ClusterFaults.class.getName(), classPath));
        command.add(String.join(" ", options));
        var builder = new ProcessBuilder(command)
                .directory(sparkHome.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output);
        builder.environment()
                .putAll(Map.of(
                        "JAVA_HOME", System.getProperty("java.home"),
                        "SPARK_HOME", sparkHome.toString(),
                        "SPARK_SCALA_VERSION", "2.13",
                        "SPARK_LOCAL_IP", "127.0.0.1",
                        "SPARK_LOCAL_HOSTNAME", "127.0.0.1"));
        return builder.start();
    }

    static List<Arguments> faults() {
        List<Arguments> faults = new ArrayList<>();
        for (ClusterFaults.Fault fault : ClusterFaults.Fault.values()) {
            OPERATIONS.forEach(operation -> faults.add(Arguments.of(fault, operation)));
        }
        return faults;
    }

    @ParameterizedTest
    @MethodSource("faults")
    void losesNoRowAndGivesNoneTwice(ClusterFaults.Fault fault, Surrounded operation) {
        assertThat(RESULTS).containsEntry(fault + " " + operation, "exact");
    }

    @ParameterizedTest
    @FieldSource("OPERATIONS")
    void saysAfterFourTriesWhatTheFirstCauseWas(Surrounded operation) {
        assertThat(RESULTS.get("A_BAD_ROW " + operation)).contains("failed 4 times", "row 305 is bad");
    }

    @Test
    void saysAfterFourTriesWhichProgramFailed() {
        assertThat(RESULTS.get("A_BAD_PROGRAM"))
                .contains("failed 4 times", "ProgramException: Program 'pairs' failed on block 0 of partition ");
    }

    @Test
    void runsAModelOfSeveralPieces() {
        assertThat(RESULTS).containsEntry("A_LONG_MODEL", "exact");
    }

    @Test
    void refusesAModelThatWasChangedOnItsWayToOneExecutor() {
        assertThat(RESULTS.get("A_TAMPERED_MODEL"))
                .isIn("exact, said in 1 attempts", "exact, said in 2 attempts", "exact, said in 3 attempts");
    }

    @Test
    void saysInEveryAttemptWhyTensorFlowDoesNotLoad() {
        assertThat(RESULTS.get("NO_NATIVES"))
                .startsWith("said in 4 attempts / ")
                .contains(
                        "failed 4 times",
                        "Cannot load TensorFlow: expected a directory that can be made where TensorFlow's natives are to be unpacked, found ");
    }
}
