package io.tensorbridge.examples;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.spark.launcher.JavaModuleOptions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * Submits {@link TrainMnist} as users do: Spark's classes on the class path, this library's and TensorFlow's as jars of the
 * application, which Spark loads by class loaders of its own. Takes most of a minute, and is run with
 * {@code -Dtensorbridge.submit=true}.
 */
@EnabledIfSystemProperty(named = "tensorbridge.submit", matches = "true")
class SubmitTest {

    private static final int MOST_SECONDS = 300;
    private static final Pattern APPLICATIONS = Pattern.compile(".*/(tensorflow|ndarray|javacpp)[^/]*\\.jar");

    @TempDir
    private Path sparkHome;

    private final List<Process> processes = new ArrayList<>();
    private final List<String> sparks = new ArrayList<>();
    private final List<String> applications = new ArrayList<>();

    @BeforeEach
    void partClassPath() throws IOException {
        Files.createDirectory(sparkHome.resolve("jars")); // for Spark to believe that it is installed here
        int folders = 0;
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            Path path = Path.of(entry);
            if (Files.isDirectory(path)) {
                Path jar = sparkHome.resolve("application-%d.jar".formatted(folders++));
                pack(path, jar);
                applications.add(jar.toString());
            } else if (APPLICATIONS.matcher(entry).matches() || entry.contains("tensorbridge")) {
                applications.add(entry);
            } else {
                sparks.add(entry);
            }
        }
    }

    private static void pack(Path classes, Path jar) throws IOException {
        try (var out = new JarOutputStream(Files.newOutputStream(jar));
                Stream<Path> files = Files.walk(classes)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                out.putNextEntry(
                        new JarEntry(classes.relativize(file).toString().replace(File.separatorChar, '/')));
                Files.copy(file, out);
                out.closeEntry();
            }
        }
    }

    @AfterEach
    void endProcesses() throws InterruptedException {
        for (Process process : processes) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().waitFor();
        }
    }

    @Test
    void trainsOnThisMachine() throws Exception {
        assertThat(submit("local[2]")).contains("workers: 2");
    }

    @Test
    void trainsOnAClusterOfItsOwn() throws Exception {
        int port = freePort();
        Path log = sparkHome.resolve("master");
        start(
                log,
                "org.apache.spark.deploy.master.Master",
                "--host",
                "127.0.0.1",
                "--port",
                "" + port,
                "--webui-port",
                "0");
        for (int i = 0; i < 2; i++) {
            start(
                    sparkHome.resolve("worker-" + i),
                    "org.apache.spark.deploy.worker.Worker",
                    "--host",
                    "127.0.0.1",
                    "--cores",
                    "1",
                    "--memory",
                    "1g",
                    "--work-dir",
                    sparkHome.resolve("work-" + i).toString(),
                    "--webui-port",
                    "0",
                    "spark://127.0.0.1:" + port);
        }
        waitFor(log, "Registering worker 127.0.0.1.*Registering worker 127.0.0.1");
        assertThat(submit("spark://127.0.0.1:" + port)).contains("workers: 2");
    }

    /** Returns the lines that the application prints. */
    private List<String> submit(String master) throws Exception {
        Path output = sparkHome.resolve("output");
        List<String> arguments = new ArrayList<>(List.of(
                "--master",
                master,
                "--class",
                TrainMnist.class.getName(),
                "--jars",
                String.join(",", applications.subList(1, applications.size())),
                "--conf",
                "spark.ui.enabled=false",
                "--conf",
                "spark.driver.host=127.0.0.1",
                "--conf",
                "spark.driver.bindAddress=127.0.0.1",
                "--conf",
                "spark.executor.memory=800m",
                "--conf",
                "spark.executor.extraClassPath=" + String.join(File.pathSeparator, sparks),
                applications.get(0)));
        Process application = start(output, "org.apache.spark.deploy.SparkSubmit", arguments.toArray(String[]::new));
        boolean ended = application.waitFor(MOST_SECONDS, TimeUnit.SECONDS);
        List<String> lines = Files.readAllLines(output);
        assertThat(ended && application.exitValue() == 0)
                .as(() -> String.join("\n", lines.subList(Math.max(0, lines.size() - 200), lines.size())))
                .isTrue();
        Matcher accuracy = Pattern.compile("(?m)^accuracy: (.*)$").matcher(String.join("\n", lines));
        assertThat(accuracy.find()).isTrue();
        assertThat(Double.parseDouble(accuracy.group(1))).isBetween(0.82, 1.0);
        return lines;
    }

    private Process start(Path output, String main, String... arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(JavaModuleOptions.defaultModuleOptionArray()));
        command.addAll(List.of("-Xmx1g", "-cp", String.join(File.pathSeparator, sparks)));
        String home = requireNonNull(System.getProperty("tensorbridge.examples.home"), "tensorbridge.examples.home");
        command.add("-Dtensorbridge.examples.home=" + Path.of(home).toAbsolutePath());
        command.add(main);
        command.addAll(List.of(arguments));
        var builder = new ProcessBuilder(command)
                .directory(sparkHome.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment()
                .putAll(Map.of(
                        "JAVA_HOME", System.getProperty("java.home"),
                        "SPARK_HOME", sparkHome.toString(),
                        "SPARK_SCALA_VERSION", "2.13",
                        "SPARK_LOCAL_IP", "127.0.0.1",
                        "SPARK_LOCAL_HOSTNAME", "127.0.0.1"));
        Process process = builder.start();
        processes.add(process);
        return process;
    }

    private static void waitFor(Path log, String pattern) throws IOException, InterruptedException {
        Pattern wanted = Pattern.compile(pattern, Pattern.DOTALL);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!wanted.matcher(Files.readString(log)).find()) {
            assertThat(System.nanoTime()).as(Files.readString(log)).isLessThan(end);
            Thread.sleep(100);
        }
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
