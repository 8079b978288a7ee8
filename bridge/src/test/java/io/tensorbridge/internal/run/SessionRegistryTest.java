package io.tensorbridge.internal.run;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.tensor.Program.outputs;
import static io.tensorbridge.tensor.Program.placeholder;
import static java.util.Objects.requireNonNull;
import static org.apache.spark.sql.functions.col;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.codahale.metrics.Gauge;
import io.tensorbridge.SparkExtension;
import io.tensorbridge.tensor.BlockRunner;
import io.tensorbridge.tensor.ElementType;
import io.tensorbridge.tensor.Feed;
import io.tensorbridge.tensor.Fetch;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.ProgramException;
import io.tensorbridge.tensor.ProgramSession;
import io.tensorbridge.tensor.SessionOptions;
import io.tensorbridge.tensor.TransferLedger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.Float8Vector;
import org.apache.spark.SparkEnv;
import org.apache.spark.metrics.source.Source;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat64;
import scala.jdk.javaapi.CollectionConverters;

@ExtendWith(NativeMemoryExtension.class)
class SessionRegistryTest {

    private static final Duration AT_ONCE = Duration.ZERO;
    private static final IdleLimits ALL = new IdleLimits(16, Long.MAX_VALUE);
    private static final int TASKS = 16;

    private final ExecutorService tasks = Executors.newCachedThreadPool();
    private final AtomicInteger loads = new AtomicInteger();
    private final CountDownLatch mayLoad = new CountDownLatch(1);
    private SessionRegistry registry = new SessionRegistry(this::load, AT_ONCE);

    @AfterEach
    void close() throws InterruptedException {
        mayLoad.countDown();
        tasks.shutdownNow();
        assertThat(tasks.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
        registry.closeIdle();
        assertThat(registry.counts().open()).isZero();
    }

    private ProgramSession load(Program program, SessionOptions options) {
        loads.incrementAndGet();
        return ProgramSession.load(program, options);
    }

    private ProgramSession loadWhenToldTo(Program program, SessionOptions options) {
        try {
            mayLoad.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return load(program, options);
    }

    private static Program add(double by) {
        return Program.build(tf ->
                outputs("z", tf.math.add(placeholder(tf, "x", TFloat64.class, Shape.of(-1)), tf.constant(by))));
    }

    private static SessionEntry.Key keyOf(Program program) {
        return new SessionEntry.Key(program.sessionKey(), SessionOptions.onCallingThread(1));
    }

    private SessionRegistry.Lease acquire(Program program, IdleLimits limits) {
        return registry.acquire(keyOf(program), () -> program, limits, () -> {});
    }

    private <T> List<Future<T>> start(int count, Callable<T> task) {
        List<Future<T>> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(tasks.submit(task));
        }
        return all;
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(end);
            Thread.sleep(1);
        }
    }

    private static boolean isClosed(ProgramSession session, Program program, BufferAllocator allocator) {
        try {
            runner(session, program, allocator).close();
            return false;
        } catch (IllegalStateException e) {
            assertThat(e).hasMessage("This session is closed");
            return true;
        }
    }

    private static BlockRunner runner(ProgramSession session, Program program, BufferAllocator allocator) {
        return session.runner(
                program,
                List.of(Feed.of("x", "x")),
                List.of(Fetch.of("z", ElementType.FLOAT64.field("z", 0))),
                allocator,
                new TransferLedger());
    }

    @Test
    void sixteenTasksAtOnceLoadOnce() throws Exception {
        registry = new SessionRegistry(this::loadWhenToldTo, AT_ONCE);
        Program program = add(1);
        List<Future<SessionRegistry.Lease>> leases = start(TASKS, () -> acquire(program, ALL));
        await(() -> registry.counts().hits() == TASKS - 1);
        mayLoad.countDown();
        int loaded = 0;
        for (Future<SessionRegistry.Lease> future : leases) {
            SessionRegistry.Lease lease = future.get();
            loaded += lease.hasLoaded() ? 1 : 0;
            assertThat(lease.session()).isSameAs(leases.get(0).get().session());
            lease.close();
            lease.close(); // counts once
        }
        assertThat(loaded).isEqualTo(1);
        assertThat(loads).hasValue(1);
        assertThat(registry.counts())
                .isEqualTo(new SessionCounts(1, 0, registry.counts().bytes(), 1, TASKS - 1, 0, 0));
    }

    @Test
    void aLoadThatFailsFailsAllWhoWaitAndLeavesNothingBehind() throws Exception {
        Program program = add(1);
        var cause = new ProgramException("Cannot load program 'z'", "no room");
        registry = new SessionRegistry(
                (any, options) -> {
                    if (loads.get() > 0) {
                        return ProgramSession.load(any, options);
                    }
                    loadWhenToldTo(any, options).close();
                    throw cause;
                },
                AT_ONCE);
        List<Future<SessionRegistry.Lease>> waiting = start(TASKS, () -> acquire(program, ALL));
        await(() -> registry.counts().hits() == TASKS - 1);
        mayLoad.countDown();
        for (Future<SessionRegistry.Lease> future : waiting) {
            assertThatThrownBy(future::get)
                    .isInstanceOf(ExecutionException.class)
                    .hasCause(cause);
        }
        assertThat(registry.counts()).isEqualTo(new SessionCounts(0, 0, 0, 0, TASKS - 1, 0, 1));
        try (SessionRegistry.Lease lease = acquire(program, ALL)) {
            assertThat(lease.hasLoaded()).isTrue();
        }
    }

    @Test
    void anErrorFailsALoadToo() {
        var cause = new NoClassDefFoundError("Could not initialize class X");
        registry = new SessionRegistry(
                (program, options) -> {
                    throw cause;
                },
                AT_ONCE);
        Program program = add(1);
        assertThatThrownBy(() -> acquire(program, ALL))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("Cannot load program " + program.sessionKey())
                .hasCause(cause);
    }

    @Test
    void aKilledTaskLeavesAtOnceAndTheOthersGetTheSession() throws Exception {
        registry = new SessionRegistry(this::loadWhenToldTo, AT_ONCE);
        Program program = add(1);
        var killed = new AtomicReference<RuntimeException>();
        var started = new CountDownLatch(1);
        Supplier<Program> shipped = () -> {
            started.countDown();
            return program;
        };
        Runnable checkKilled = () -> {
            if (killed.get() != null) {
                throw killed.get();
            }
        };
        Future<SessionRegistry.Lease> first =
                tasks.submit(() -> registry.acquire(keyOf(program), shipped, ALL, checkKilled));
        started.await();
        List<Future<SessionRegistry.Lease>> others = start(3, () -> acquire(program, ALL));
        await(() -> registry.counts().hits() == 3);
        killed.set(new IllegalStateException("killed"));
        assertThatThrownBy(() -> first.get(2, TimeUnit.SECONDS)).hasCause(killed.get());
        mayLoad.countDown();
        for (Future<SessionRegistry.Lease> other : others) {
            other.get().close();
        }
        assertThat(loads).hasValue(1);
        await(() -> registry.counts().inUse() == 0);
    }

    @Test
    void anInterruptedTaskLeavesAtOnce() throws Exception {
        registry = new SessionRegistry(this::loadWhenToldTo, AT_ONCE);
        Program program = add(1);
        var failure = new AtomicReference<Throwable>();
        var task = new Thread(() -> {
            try {
                acquire(program, ALL).close();
            } catch (IllegalStateException e) {
                failure.set(Thread.currentThread().isInterrupted() ? e : null);
            }
        });
        task.start();
        task.interrupt();
        task.join(2_000);
        assertThat(failure.get()).hasMessage("Interrupted while program %s is loaded".formatted(program.sessionKey()));
        mayLoad.countDown();
        await(() -> registry.counts().open() == 1); // for the next
    }

    @Test
    void closesTheLeastRecentlyUsedBeyondSoMany(BufferAllocator allocator) throws Exception {
        var two = new IdleLimits(2, Long.MAX_VALUE);
        List<Program> programs = List.of(add(1), add(2), add(3));
        List<ProgramSession> sessions = new ArrayList<>();
        for (Program program : programs) {
            try (SessionRegistry.Lease lease = acquire(program, two)) {
                sessions.add(lease.session());
            }
            acquire(programs.get(0), two).close(); // used again and again
        }
        await(() -> registry.counts().evictions() == 1);
        assertThat(registry.counts().open()).isEqualTo(2);
        await(() -> isClosed(sessions.get(1), programs.get(1), allocator));
        assertThat(isClosed(sessions.get(0), programs.get(0), allocator)).isFalse();
        assertThat(isClosed(sessions.get(2), programs.get(2), allocator)).isFalse();
    }

    @Test
    void closesTheLeastRecentlyUsedBeyondSoManyBytes() throws Exception {
        Program first = add(1);
        Program second = add(2);
        long bytes;
        try (SessionRegistry.Lease lease = acquire(first, ALL)) {
            bytes = lease.session().bytes();
        }
        assertThat(bytes).isPositive();
        acquire(second, new IdleLimits(16, 2 * bytes)).close();
        assertThat(registry.counts().bytes()).isEqualTo(2 * bytes);
        acquire(second, new IdleLimits(16, 2 * bytes - 1)).close();
        await(() -> registry.counts().bytes() == bytes);
        acquire(second, new IdleLimits(16, bytes - 1)).close();
        await(() -> registry.counts().open() == 0);
        assertThat(loads).hasValue(2);
    }

    @Test
    void closesNoneThatIsTakenUpAgainBeforeLong() throws Exception {
        registry = new SessionRegistry(this::load, Duration.ofMillis(500));
        var none = new IdleLimits(0, 0);
        Program program = add(1);
        for (int i = 0; i < 20; i++) {
            acquire(program, none).close();
            Thread.sleep(5);
        }
        assertThat(loads).hasValue(1);
        await(() -> registry.counts().open() == 0);
        assertThat(registry.counts().evictions()).isEqualTo(1);
    }

    @Test
    void makesRoomAtOnceForAnotherThatIsLoaded() {
        registry = new SessionRegistry(this::load, Duration.ofHours(1));
        var none = new IdleLimits(0, 0);
        acquire(add(1), none).close();
        assertThat(registry.counts().open()).isEqualTo(1);
        acquire(add(2), none).close();
        assertThat(registry.counts().open()).isEqualTo(1);
        assertThat(registry.counts().evictions()).isEqualTo(1);
    }

    @Test
    void aNewProgramTakesThePlaceOfTheOldWhoseRunsGoOn(BufferAllocator allocator) throws Exception {
        var one = new IdleLimits(1, Long.MAX_VALUE);
        Program old = add(1);
        Program fresh = add(2);
        var mayEnd = new CountDownLatch(1);
        var rounds = new AtomicInteger();
        List<Future<ProgramSession>> running = start(8, () -> {
            try (SessionRegistry.Lease lease = acquire(old, one);
                    BlockRunner runner = runner(lease.session(), old, allocator);
                    var x = column(allocator)) {
                for (boolean last = false; !last; rounds.incrementAndGet()) {
                    last = mayEnd.getCount() == 0; // and once more after that
                    assertThat(run(runner, x)).isEqualTo(11);
                }
                return lease.session();
            }
        });
        await(() -> rounds.get() > 100);
        for (int i = 0; i < 3; i++) {
            try (SessionRegistry.Lease lease = acquire(fresh, one);
                    BlockRunner runner = runner(lease.session(), fresh, allocator);
                    var x = column(allocator)) {
                assertThat(run(runner, x)).isEqualTo(12);
            }
        }
        assertThat(registry.counts().open()).isEqualTo(2);
        mayEnd.countDown();
        for (Future<ProgramSession> task : running) {
            assertThat(task.get()).isSameAs(running.get(0).get());
        }
        acquire(fresh, one).close(); // the next job
        await(() -> registry.counts().open() == 1);
        ProgramSession closed = running.get(0).get();
        await(() -> isClosed(closed, old, allocator));
        assertThat(registry.counts().evictions()).isEqualTo(1);
        assertThat(loads).hasValue(2);
    }

    private static Float8Vector column(BufferAllocator allocator) {
        var x = new Float8Vector("x", allocator);
        x.allocateNew(1);
        x.set(0, 10);
        x.setValueCount(1);
        return x;
    }

    private static double run(BlockRunner runner, Float8Vector x) {
        try (var result = runner.run(List.of(x), 1)) {
            return ((Float8Vector) result.getVector(0)).get(0);
        }
    }

    @Test
    void aTaskThatIsInterruptedClosesNoSessionHalfway(BufferAllocator allocator) throws Exception {
        Program program = add(1);
        SessionRegistry.Lease lease = acquire(program, new IdleLimits(0, 0));
        Thread.currentThread().interrupt();
        lease.close();
        assertThat(Thread.interrupted()).isTrue();
        await(() -> isClosed(lease.session(), program, allocator));
    }

    @Test
    @ExtendWith(SparkExtension.class)
    void isShownInTheMetricsOfSpark(SparkSession spark) {
        Program program = add(17);
        for (int i = 0; i < 2; i++) {
            mapBlocks(program)
                    .apply(spark.range(0, 10, 1, 2)
                            .select(col("id").cast("double").as("x")))
                    .collectAsList();
        }
        List<Source> sources =
                CollectionConverters.asJava(SparkEnv.get().metricsSystem().getSourcesByName("tensorbridge"));
        assertThat(sources).hasSize(1);
        var gauges = sources.get(0).metricRegistry().getGauges();
        SessionCounts counts = SessionRegistry.instance().counts();
        assertThat(gauges)
                .containsOnlyKeys(
                        "sessions.open",
                        "sessions.inUse",
                        "sessions.bytes",
                        "sessions.loads",
                        "sessions.hits",
                        "sessions.evictions",
                        "sessions.failures");
        assertThat(valueOf(gauges, "sessions.loads")).isEqualTo(counts.loads()).isPositive();
        assertThat(valueOf(gauges, "sessions.hits")).isGreaterThanOrEqualTo(3);
        assertThat(valueOf(gauges, "sessions.bytes")).isEqualTo(counts.bytes()).isPositive();
    }

    @SuppressWarnings("rawtypes") // as the library has it
    private static long valueOf(Map<String, Gauge> gauges, String name) {
        return (Long) requireNonNull(gauges.get(name)).getValue();
    }
}
