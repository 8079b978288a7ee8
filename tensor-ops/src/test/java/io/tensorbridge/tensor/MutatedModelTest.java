package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.Float8Vector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A small model with a variable, damaged in many ways: it is refused by the driver, or it is what it was. A process of its
 * own reads and loads it, since what slips through may end that.
 */
class MutatedModelTest {

    private static final int MUTATIONS = 300;
    private static final long SEED = 20_18;

    @TempDir
    static Path directory;

    @Test
    @Timeout(value = 300, unit = TimeUnit.SECONDS)
    void isRefusedOrWhatItWas() throws Exception {
        SevensModel.export(directory.resolve("sevens"));
        Path log = directory.resolve("log");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx512m",
                        "--add-opens=java.base/java.nio=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Mutations.class.getName(),
                        directory.toString())
                .redirectOutput(log.toFile())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            assertThat(process.waitFor()).as("the end of the process").isZero();
        } finally {
            process.destroyForcibly();
        }
        List<String> outcomes = Files.readAllLines(log);
        Map<String, Long> counts = outcomes.stream()
                .collect(Collectors.groupingBy(outcome -> outcome.split(" ", 2)[0], Collectors.counting()));
        assertThat(outcomes).hasSize(MUTATIONS);
        assertThat(outcomes).allMatch(outcome -> outcome.matches("(refused|unchanged|renamed) .*"));
        assertThat(counts.get("refused")).isGreaterThan(MUTATIONS / 2);
        System.out.println("mutated models: " + counts);
    }

    /** Damages a model, reads it and loads it, and prints a line of what came of it. */
    static final class Mutations {

        private static final List<String> FILES = List.of(
                "saved_model.pb",
                "saved_model.pb",
                "saved_model.pb",
                "variables/variables.index",
                "variables/variables.data-00000-of-00001");

        private Mutations() {}

        public static void main(String[] arguments) throws IOException {
            Path sound = Path.of(arguments[0]).resolve("sevens");
            Path model = SevensModel.copy(sound, Path.of(arguments[0]).resolve("mutant"));
            String signature = Program.fromSavedModel(sound).signature().toString();
            var random = new Random(SEED);
            for (int i = 0; i < MUTATIONS; i++) {
                String file = FILES.get(random.nextInt(FILES.size()));
                byte[] bytes = Files.readAllBytes(sound.resolve(file));
                Files.write(model.resolve(file), mutated(bytes, random));
                System.out.println(outcome(model, signature) + " " + i + " " + file);
                Files.write(model.resolve(file), bytes);
            }
            System.out.flush();
            Runtime.getRuntime().halt(0);
        }

        private static byte[] mutated(byte[] bytes, Random random) {
            byte[] mutated = bytes.clone();
            int at = random.nextInt(bytes.length);
            switch (random.nextInt(6)) {
                case 0 -> {
                    return Arrays.copyOf(bytes, at);
                }
                case 1 -> mutated[at] = (byte) random.nextInt();
                case 2 -> Arrays.fill(mutated, at, Math.min(bytes.length, at + 1 + random.nextInt(16)), (byte) 0);
                case 3 -> System.arraycopy(bytes, 0, mutated, at, Math.min(8, bytes.length - at));
                default -> mutated[at] ^= (byte) (1 << random.nextInt(8));
            }
            return mutated;
        }

        private static String outcome(Path model, String signature) {
            Program program;
            try {
                program = Program.fromSavedModel(model);
            } catch (ProgramException e) {
                String message = String.valueOf(e.getMessage());
                return message.matches("(?s)Cannot load model 'mutant': expected .+ found .+\\. [A-Z].+")
                        ? "refused"
                        : "misnamed " + message;
            } catch (RuntimeException e) {
                return "thrown " + e;
            }
            if (!program.signature().toString().equals(signature)) {
                return "renamed"; // inputs and outputs are others now, which whoever binds them sees
            }
            try {
                double z = run(program);
                return z == 10 ? "unchanged" : "changed to " + z;
            } catch (RuntimeException e) {
                return "failed " + e;
            }
        }

        private static double run(Program program) {
            var fetch = Fetch.of("z", ElementType.FLOAT64.field("z", 0));
            try (BufferAllocator allocator = AlignedMemory.newRootAllocator(Long.MAX_VALUE);
                    var session = ProgramSession.load(program, SessionOptions.onCallingThread(1));
                    var runner = session.runner(
                            program, List.of(Feed.of("x", "x")), List.of(fetch), allocator, new TransferLedger());
                    var x = Vectors.doubles("x", allocator, 3);
                    var out = runner.run(List.of(x))) {
                return ((Float8Vector) out.getVector("z")).get(0);
            }
        }
    }
}
