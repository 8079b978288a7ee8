package io.tensorbridge.benchmarks;

import io.tensorbridge.examples.ExampleFiles;
import io.tensorbridge.examples.KMeans;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/** The harness: {@code examples/benchmarks/run SUITE}. */
public final class Benchmarks {

    private interface Suite {
        void run() throws Exception;
    }

    private static final Map<String, Suite> SUITES = new LinkedHashMap<>();

    static {
        SUITES.put("mapblocks", () -> {
            AliasSuite.run();
            MapBlocksSuite.run();
        });
        SUITES.put("aggregate", AggregateSuite::run);
        SUITES.put("alias", AliasSuite::run);
        SUITES.put("maprows", MapRowsSuite::run);
        SUITES.put("kmeans", () -> KMeans.main(new String[0]));
        SUITES.put("memory", MemorySuite::run);
        SUITES.put("sql", SqlSuite::run);
        SUITES.put("models", ModelsSuite::run);
        SUITES.put("images", ImagesSuite::run);
        SUITES.put("training", () -> TrainingSuite.run(ExampleFiles.wholeFashionMnist()));
        SUITES.put("startup", StartupSuite::run);
    }

    private Benchmarks() {}

    public static void main(String[] args) throws Exception {
        Suite suite = args.length == 1 ? SUITES.get(args[0]) : null;
        if (suite == null) {
            System.err.println("usage: examples/benchmarks/run SUITE, which is one of " + SUITES.keySet());
            System.exit(2);
            return;
        }
        printMachine();
        suite.run();
        System.exit(0);
    }

    private static void printMachine() throws Exception {
        Path cpuInfo = Path.of("/proc/cpuinfo");
        String processor = System.getProperty("os.arch");
        if (Files.exists(cpuInfo)) {
            try (Stream<String> lines = Files.lines(cpuInfo)) {
                processor = lines.filter(line -> line.startsWith("model name"))
                        .findFirst()
                        .map(line -> line.substring(line.indexOf(':') + 1).trim())
                        .orElse(processor);
            }
        }
        Comparison.print(
                "machine: %s, %d processors, heap %d MiB, Java %s, %s",
                processor,
                Runtime.getRuntime().availableProcessors(),
                Runtime.getRuntime().maxMemory() >> 20,
                System.getProperty("java.version"),
                java.time.LocalDate.now(java.time.ZoneOffset.UTC));
    }
}
