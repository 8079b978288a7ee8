package io.tensorbridge.internal.run;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.mapRows;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static io.tensorbridge.TensorFrames.reduceBlocks;
import static org.apache.spark.sql.functions.col;
import static org.assertj.core.api.Assertions.as;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tensorbridge.MapOperation;
import io.tensorbridge.RunMetrics;
import io.tensorbridge.SparkExtension;
import io.tensorbridge.TensorFrames;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.TensorValue;
import java.lang.ref.Reference;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.spark.SparkEnv;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.storage.BlockId;
import org.apache.spark.storage.BlockManager;
import org.apache.spark.storage.BroadcastBlockId;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat64;
import scala.jdk.javaapi.CollectionConverters;

@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class ProgramBroadcastsTest {

    private static final int ITERATIONS = 5;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** {@code z = x + by}, for blocks of this shape. */
    private static Program add(String name, Shape block) {
        return Program.build(tf -> {
                    var x = placeholder(tf, "x", TFloat64.class, block);
                    var by = placeholder(tf, "by", TFloat64.class, Shape.scalar());
                    return outputs("z", tf.math.add(x, by));
                })
                .named(name);
    }

    private static Dataset<Row> numbers(SparkSession spark) {
        return spark.range(0, 100, 1, 3).select(col("id").cast("double").as("x"));
    }

    @Test
    void shipsAndLoadsBlockProgramsOnceForAllIterations(SparkSession spark) throws InterruptedException {
        Program program = add("addToBlocks", Shape.of(-1));
        iterate(spark, program.name(), () -> mapBlocks(program));
    }

    @Test
    void shipsAndLoadsRowProgramsOnceForAllIterations(SparkSession spark) throws InterruptedException {
        Program program = add("addToRows", Shape.scalar());
        iterate(spark, program.name(), () -> mapRows(program));
    }

    private static void iterate(SparkSession spark, String name, Supplier<MapOperation<?>> mapping)
            throws InterruptedException {
        Dataset<Row> numbers = numbers(spark);
        SessionRegistry.instance().closeIdle();
        Set<BlockId> shipped = new HashSet<>();
        long loaded = 0;
        for (int by = 0; by < ITERATIONS; by++) {
            Dataset<Row> mapped =
                    mapping.get().with("by", TensorValue.of((double) by)).apply(numbers);
            assertThat(mapped.collectAsList().get(7))
                    .extracting(row -> row.<Double>getAs("z"))
                    .isEqualTo(7.0 + by);
            loaded += RunMetrics.of(mapped).sessionsLoaded();
            collectGarbage();
            shipped.addAll(shipped(name));
        }
        assertThat(loaded).isEqualTo(1);
        assertThat(shipped).hasSize(1);
    }

    @Test
    void keepsEachProgramOfALoopOverTwo(SparkSession spark) throws InterruptedException {
        Program add = add("first", Shape.of(-1));
        Program sum = Program.build(tf -> {
                    var z = placeholder(tf, "z_input", TFloat64.class, Shape.of(-1));
                    return outputs("z", tf.sum(z, tf.constant(0)));
                })
                .named("second");
        Dataset<Row> numbers = numbers(spark);
        Set<BlockId> shipped = new HashSet<>();
        for (int by = 0; by < ITERATIONS; by++) {
            Dataset<Row> mapped = mapBlocks(add)
                    .with("by", TensorValue.of((double) by))
                    .trim()
                    .apply(numbers);
            assertThat(reduceBlocks(sum).apply(mapped).getDouble(0)).isEqualTo(4950.0 + 100 * by);
            collectGarbage();
            shipped.addAll(shipped("first"));
            shipped.addAll(shipped("second"));
        }
        assertThat(shipped).hasSize(2);
    }

    @Test
    void shipsEqualProgramsOnceAndKeepsThemForTheLast(SparkSession spark) throws InterruptedException {
        Program last = add("equal", Shape.of(-1));
        List<BlockId> shipped = runBoth(spark, add("equal", Shape.of(-1)), last);
        assertThat(shipped).hasSize(1);
        collectGarbage();
        run(spark, mapBlocks(last));
        assertThat(shipped("equal")).isEqualTo(shipped);
    }

    private static List<BlockId> runBoth(SparkSession spark, Program first, Program last) {
        try {
            run(spark, mapBlocks(first));
            run(spark, mapBlocks(last));
        } finally {
            Reference.reachabilityFence(first);
        }
        return shipped("equal");
    }

    @Test
    void takesBackABlockProgramThatNobodyHolds(SparkSession spark) throws InterruptedException {
        runAndForget(spark, add("forgottenOfBlocks", Shape.of(-1)), TensorFrames::mapBlocks);
        assertIsTakenBack("forgottenOfBlocks");
    }

    @Test
    void takesBackARowProgramThatNobodyHolds(SparkSession spark) throws InterruptedException {
        runAndForget(spark, add("forgottenOfRows", Shape.scalar()), TensorFrames::mapRows);
        assertIsTakenBack("forgottenOfRows");
    }

    private static void runAndForget(
            SparkSession spark, Program program, Function<Program, MapOperation<?>> operation) {
        try {
            run(spark, operation.apply(program));
            assertThat(shipped(program.name())).hasSize(1);
        } finally {
            Reference.reachabilityFence(program);
        }
    }

    private static void assertIsTakenBack(String name) throws InterruptedException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!shipped(name).isEmpty() && System.nanoTime() < end) {
            collectGarbage();
        }
        assertThat(shipped(name)).isEmpty();
    }

    @Test
    void shipsNoLongFileWithinOneProcess(SparkSession spark) {
        Program program = BroadcastContentsTest.adding(500_000).named("long");
        Dataset<Row> mapped = mapBlocks(program).apply(numbers(spark));
        double sum = new Random(500_000).doubles(500_000).sum();
        assertThat(mapped.select("z").as(Encoders.DOUBLE()).collectAsList())
                .hasSize(100)
                .first(as(InstanceOfAssertFactories.DOUBLE))
                .isCloseTo(sum, within(1e-5));
        BlockManager blocks = SparkEnv.get().blockManager();
        assertThat(shipped("long"))
                .singleElement()
                .satisfies(id -> assertThat(blocks.memoryStore()
                                .getSize(new BroadcastBlockId(((BroadcastBlockId) id).broadcastId(), "piece0")))
                        .isBetween(1L, 20_000L));
    }

    private static void run(SparkSession spark, MapOperation<?> operation) {
        operation.with("by", TensorValue.of(1.0)).apply(numbers(spark)).collectAsList();
    }

    /** Gives Spark's cleaner, which is told by the garbage collector, the time to remove what nobody holds. */
    private static void collectGarbage() throws InterruptedException {
        System.gc();
        Thread.sleep(200);
    }

    /** Returns the broadcasts that hold a program of this name. */
    private static List<BlockId> shipped(String name) {
        BlockManager blocks = SparkEnv.get().blockManager();
        return CollectionConverters.asJava(blocks.getMatchingBlockIds(id -> id instanceof BroadcastBlockId broadcast
                        && broadcast.field().isEmpty()))
                .stream()
                .filter(id -> {
                    var values = blocks.memoryStore().getValues(id);
                    return values.isDefined()
                            && values.get().next() instanceof Program program
                            && program.name().equals(name);
                })
                .toList();
    }
}
