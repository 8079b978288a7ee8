package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.Float8Vector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(NativeMemoryExtension.class)
@Timeout(60)
class RunLimitTest {

    private static final SessionOptions SHORT =
            SessionOptions.onCallingThread(1).runLimit(Duration.ofMillis(200));
    private static final String CURE = "Mend its loop, lower blockRows, or raise spark.tensorbridge.runTimeout";
    private static final List<Fetch> FETCHES = List.of(Fetch.of("y", ElementType.FLOAT64.field("y", 0)));

    private static BlockRunner runner(ProgramSession session, Program program, double step, BufferAllocator allocator) {
        List<Feed> feeds =
                List.of(new Feed.Parameter("x", TensorValue.of(1.0)), new Feed.Parameter("step", TensorValue.of(step)));
        return session.runner(program, feeds, FETCHES, allocator, new TransferLedger());
    }

    static Stream<Arguments> loopsAndThreads() {
        return Stream.of(Loops.ofFunctions(), Loops.ofSwitches())
                .flatMap(loop -> Stream.of(-1, 1, 0).map(interOp -> Arguments.of(loop, interOp)));
    }

    @ParameterizedTest
    @MethodSource("loopsAndThreads")
    void cutsAnEndlessLoopShort(Program loop, int interOpThreads, BufferAllocator allocator) {
        var options = new SessionOptions(interOpThreads, 1, Optional.of(Duration.ofMillis(300)));
        try (var session = ProgramSession.load(loop, options)) {
            try (var finite = runner(session, loop, 9, allocator);
                    var out = finite.run(List.of(), 1)) {
                assertThat(((Float8Vector) out.getVector("y")).get(0)).isEqualTo(100);
                assertThat(session.isSpoiled()).isFalse();
            }
            try (var endless = runner(session, loop, 0, allocator)) {
                long start = System.nanoTime();
                assertThatThrownBy(() -> endless.run(List.of(), 1))
                        .isInstanceOf(ProgramException.class)
                        .hasMessage(
                                "Program 'loop' failed: expected a run to end within 300 ms, found it still running. "
                                        + CURE);
                assertThat(System.nanoTime() - start).isBetween(300_000_000L, 3_000_000_000L);
            }
            assertThat(session.isSpoiled()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 1})
    void cutsAWaitShort(int interOpThreads, BufferAllocator allocator) {
        Program wait = Loops.ofWaiting();
        var options = new SessionOptions(interOpThreads, 1, Optional.of(Duration.ofMillis(200)));
        try (var session = ProgramSession.load(wait, options);
                var runner = session.runner(wait, List.of(), FETCHES, allocator, new TransferLedger())) {
            assertThatThrownBy(() -> runner.run(List.of(), 1))
                    .isInstanceOf(ProgramException.class)
                    .hasMessage("Program 'wait' failed: expected a run to end within 200 ms, found it still running. "
                            + CURE);
        }
    }

    @Test
    void refusesRunsOfASpoiledSession(BufferAllocator allocator) {
        Program loop = Loops.ofFunctions();
        try (var session = ProgramSession.load(loop, SHORT);
                var endless = runner(session, loop, 0, allocator);
                var finite = runner(session, loop, 1, allocator)) {
            assertThatThrownBy(() -> endless.run(List.of(), 1)).isInstanceOf(ProgramException.class);
            assertThatThrownBy(() -> finite.run(List.of(), 1))
                    .isInstanceOf(ProgramException.class)
                    .hasMessage("Program 'loop' failed: expected an open session, found it closed since another run "
                            + "did not end within 200 ms. Run it again");
        }
    }

    @Test
    void saysWhyAnotherRunWasCutShort(BufferAllocator allocator) throws Exception {
        Program loop = Loops.ofFunctions();
        try (var session = ProgramSession.load(loop, SHORT)) {
            var first = CompletableFuture.supplyAsync(() -> failureOf(session, loop, allocator));
            Thread.sleep(100); // so that the other has half of its time left when it is cut
            String second = failureOf(session, loop, allocator);
            assertThat(first.get()).contains("expected a run to end within 200 ms");
            assertThat(second).contains("within 200 ms"); // cut with the other, or right after it
        }
    }

    private static String failureOf(ProgramSession session, Program loop, BufferAllocator allocator) {
        try (var endless = runner(session, loop, 0, allocator);
                var out = endless.run(List.of(), 1)) {
            return "ran to its end: " + out.getRowCount();
        } catch (ProgramException e) {
            return String.valueOf(e.getMessage());
        }
    }

    @Test
    void closesASessionWhoseRunIsCutShort(BufferAllocator allocator) throws Exception {
        Program loop = Loops.ofFunctions();
        var session = ProgramSession.load(loop, SHORT);
        var failure = new CompletableFuture<String>();
        var running = new Thread(() -> failure.complete(failureOf(session, loop, allocator)));
        running.start();
        while (Arrays.stream(running.getStackTrace())
                .noneMatch(frame -> frame.getMethodName().equals("TF_SessionRun"))) {
            assertThat(failure).isNotDone();
            Thread.sleep(1);
        }
        session.close(); // waits for the run, which the watch ends
        assertThat(failure.get()).contains("expected a run to end within 200 ms");
    }

    @Test
    void leavesRunsAloneThatEndInTime(BufferAllocator allocator) {
        Program loop = Loops.ofFunctions();
        Duration limit = Duration.ofSeconds(2); // far longer than a run takes on a busy machine
        try (var session = ProgramSession.load(
                        loop, SessionOptions.onCallingThread(1).runLimit(limit));
                var finite = runner(session, loop, 1, allocator)) {
            long end = System.nanoTime() + limit.plusMillis(500).toNanos();
            while (System.nanoTime() < end) { // longer than the limit all together
                finite.run(List.of(), 1).close();
            }
            assertThat(session.isSpoiled()).isFalse();
        }
    }

    @Test
    void watchesRunnersThatComeOneAfterAnotherByOneThread(BufferAllocator allocator) throws Exception {
        Program loop = Loops.ofFunctions();
        Set<Thread> watches = new HashSet<>();
        try (var session = ProgramSession.load(loop, SHORT)) {
            for (int i = 0; i < 20; i++) { // as the tasks of a job of small partitions do
                Thread.sleep(10); // while nothing is watched
                try (var finite = runner(session, loop, 9, allocator);
                        var out = finite.run(List.of(), 1)) {
                    assertThat(out.getRowCount()).isEqualTo(1);
                    watches.addAll(watches());
                }
            }
            assertThat(watches).hasSize(1);
        }
    }

    private static List<Thread> watches() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("tensorbridge-run-limit"))
                .toList();
    }

    @Test
    void hasNoLimitUnlessGivenOne() {
        assertThat(SessionOptions.onCallingThread(2).runLimit()).isEmpty();
        assertThatThrownBy(() -> SessionOptions.onCallingThread(2).runLimit(Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid limit of a run: must be 1 ms or more, found PT0S");
    }

    @Test
    void showsTimesInSecondsWhereTheyAreWhole() {
        assertThat(RunLimit.describe(Duration.ofSeconds(2))).isEqualTo("2 s");
        assertThat(RunLimit.describe(Duration.ofMinutes(10))).isEqualTo("600 s");
        assertThat(RunLimit.describe(Duration.ofMillis(1_500))).isEqualTo("1500 ms");
    }
}
