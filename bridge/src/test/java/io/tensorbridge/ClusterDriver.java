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
import org.apache.spark.sql.SparkSession;

/** A process of its own that drives a cluster of real executors on this machine, and prints what comes of it. */
public final class ClusterDriver {

    private static final String RESULT = "RESULT ";
    private static final String UNAVAILABLE = "UNAVAILABLE ";

    private ClusterDriver() {}

    /**
     * Runs a driver.
     *
     * @param main is given the class path and the options of executors, as {@link #session} wants them
     * @param sparkHome an empty directory
     * @return what it said with {@link #print}
     */
    public static Map<String, String> run(Class<?> main, Path sparkHome, int mostSeconds) throws Exception {
        Files.createDirectory(sparkHome.resolve("jars"));
        File output = sparkHome.resolve("output").toFile();
        Process driver = start(main, sparkHome, output);
        boolean ended;
        try {
            ended = driver.waitFor(mostSeconds, TimeUnit.SECONDS);
        } finally {
            driver.descendants().forEach(ProcessHandle::destroyForcibly); // executors, if it hangs
            driver.destroyForcibly().waitFor();
        }
        List<String> lines = Files.readAllLines(output.toPath());
        lines.stream().filter(line -> line.startsWith(UNAVAILABLE)).findFirst().ifPresent(line -> {
            System.out.println("No cluster on this machine: " + line);
            assumeTrue(false, line);
        });
        assertThat(ended && driver.exitValue() == 0)
                .as(() -> String.join("\n", lines.subList(Math.max(0, lines.size() - 200), lines.size())))
                .isTrue();
        Map<String, String> results = new HashMap<>();
        for (String line : lines) {
            int start = line.indexOf(RESULT); // what else is logged may have begun the line
            if (start >= 0) {
                int end = line.indexOf('=', start);
                results.put(line.substring(start + RESULT.length(), end), line.substring(end + 1));
            }
        }
        return results;
    }

    private static Process start(Class<?> main, Path sparkHome, File output) throws IOException {
        String classPath = System.getProperty("java.class.path");
        List<String> options = new ArrayList<>();
        if (Runtime.version().feature() >= 24) {
            options.add("--sun-misc-unsafe-memory-access=allow"); // Arrow's, of which Spark's own options do not speak
        }
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(JavaModuleOptions.defaultModuleOptionArray()));
        command.addAll(options);
        command.addAll(List.of("-Xmx1g", "-cp", classPath, main.getName(), classPath));
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

    /** Starts a cluster, in the driver. */
    public static SparkSession session(int executors, String executorClassPath, String executorOptions) {
        try {
            SparkSession spark = SparkSession.builder()
                    .master("local-cluster[%d,1,1024]".formatted(executors))
                    .appName("faults")
                    .config("spark.ui.enabled", "false")
                    .config("spark.sql.shuffle.partitions", "2")
                    .config("spark.driver.host", "127.0.0.1")
                    .config("spark.driver.bindAddress", "127.0.0.1")
                    .config("spark.executor.extraClassPath", executorClassPath)
                    .config("spark.executor.extraJavaOptions", executorOptions)
                    .getOrCreate();
            spark.range(10).count();
            return spark;
        } catch (RuntimeException e) {
            System.out.println(UNAVAILABLE + e);
            throw e;
        }
    }

    /** Says what came of something, in the driver. */
    public static void print(String what, String outcome) {
        System.out.println("\n" + RESULT + what + "=" + outcome.replace('\n', ' '));
    }
}
