package io.tensorbridge;

import static io.tensorbridge.TensorFrames.mapRows;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static io.tensorbridge.TensorFrames.reduceBlocks;
import static io.tensorbridge.TensorFrames.reduceRows;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.udf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.internal.run.ExecutorMemory;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.function.ForeachPartitionFunction;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;

/** What {@link FailuresTest} is for blocks, for rows and reductions: nothing is left behind, which the extensions check. */
@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class OperationFailuresTest {

    /** What a program does to each value before anything else. */
    private interface Step {
        Operand<TFloat64> of(Ops tf, Operand<TFloat64> x);
    }

    /** Operations over a column {@code x}, which all give a column {@code z}. */
    enum Kind {
        MAP_ROWS {
            @Override
            Dataset<Row> run(Step step, Dataset<Row> df) {
                Program program = Program.build(tf ->
                        outputs("z", step.of(tf, placeholder(tf, "x", TFloat64.class, Shape.scalar()))));
                return mapRows(program.named("picky")).blockRows(500).apply(df);
            }
        },
        REDUCE_BLOCKS {
            @Override
            Dataset<Row> run(Step step, Dataset<Row> df) {
                Program program = Program.build(tf -> {
                    var x = placeholder(tf, "x_input", TFloat64.class, Shape.of(-1));
                    return outputs("x", tf.sum(step.of(tf, x), tf.constant(0)));
                });
                return reduceBlocks(program.named("picky"))
                        .fetch("x", "z")
                        .blockRows(500)
                        .lazily(df);
            }
        },
        REDUCE_ROWS {
            @Override
            Dataset<Row> run(Step step, Dataset<Row> df) {
                Program program = Program.build(tf -> {
                    var left = placeholder(tf, "x_1", TFloat64.class, Shape.scalar());
                    var right = placeholder(tf, "x_2", TFloat64.class, Shape.scalar());
                    return outputs("x", tf.math.add(step.of(tf, left), step.of(tf, right)));
                });
                return reduceRows(program.named("picky"))
                        .fetch("x", "z")
                        .blockRows(500)
                        .lazily(df);
            }
        };

        abstract Dataset<Row> run(Step step, Dataset<Row> df);
    }

    private static Dataset<Row> numbers(SparkSession spark) {
        return spark.range(0, 10_000, 1, 1).select(col("id").cast("double").as("x"));
    }

    /** Fails at the first value that is not below a bound. */
    private static Step below(double bound) {
        return (tf, x) -> {
            var fine = tf.math.less(x, tf.constant(bound));
            var axes = tf.range(tf.constant(0), tf.rank(fine), tf.constant(1));
            var check = tf.assertThat(tf.reduceAll(fine, axes), List.<Operand<?>>of(x));
            return tf.withControlDependencies(check).identity(x);
        };
    }

    /** Takes about 0.1 ms for a value, and leaves it as it is. */
    private static Operand<TFloat64> slowly(Ops tf, Operand<TFloat64> x) {
        var wide = tf.math.mul(
                tf.expandDims(x, tf.constant(-1)), tf.zeros(tf.constant(new int[] {4_000}), TFloat64.class));
        var nothing = tf.reduceSum(tf.math.sin(tf.math.sin(wide)), tf.constant(-1));
        return tf.math.add(x, nothing);
    }

    private static Operand<TFloat64> same(Ops tf, Operand<TFloat64> x) {
        return tf.identity(x);
    }

    private static Column failingFrom(double bound, Column column) {
        return udf(
                        (UDF1<Double, Double>) value -> {
                            if (value > bound) {
                                throw new IllegalStateException("no more");
                            }
                            return value;
                        },
                        DataTypes.DoubleType)
                .apply(column);
    }

    @ParameterizedTest
    @EnumSource
    void aProgramThatFailsInTheMiddle(Kind kind, SparkSession spark) {
        // one that only a row has, and no sum of rows before it
        Dataset<Row> df = numbers(spark).selectExpr("if(x = 5250, 1e12D, x) as x");
        assertThatThrownBy(() -> kind.run(below(1e12), df).collectAsList())
                .hasStackTraceContaining(
                        "io.tensorbridge.tensor.ProgramException: Program 'picky' failed on %sblock 10 of partition 0 (500 rows): "
                                .formatted(kind == Kind.MAP_ROWS ? "row 250 of " : ""))
                .hasStackTraceContaining("assertion failed");
        assertThat(ExecutorMemory.allocatedBytes()).isZero();
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "MAP_ROWS")
    void aProgramThatFailsOnWhatBlocksGave(Kind kind, SparkSession spark) {
        // more than any value or half of a block comes to, and less than a block
        assertThatThrownBy(() ->
                        kind.run(below(2e6), numbers(spark).repartition(20)).collectAsList())
                .hasStackTraceContaining(
                        "io.tensorbridge.tensor.ProgramException: Program 'picky' failed on block 0 of partition 0 (20 rows): ")
                .hasStackTraceContaining("assertion failed");
        assertThat(ExecutorMemory.allocatedBytes()).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void aSourceThatFails(Kind kind, SparkSession spark) {
        Dataset<Row> df = numbers(spark).select(failingFrom(5_250, col("x")).as("x"));
        assertThatThrownBy(() -> kind.run(OperationFailuresTest::same, df).collectAsList())
                .hasStackTraceContaining("no more");
        assertThat(ExecutorMemory.allocatedBytes()).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void aConsumerThatFails(Kind kind, SparkSession spark) {
        Dataset<Row> df = kind.run(OperationFailuresTest::same, numbers(spark));
        assertThatThrownBy(() -> df.select(failingFrom(5_250, col("z"))).collectAsList())
                .hasStackTraceContaining("no more");
        assertThat(ExecutorMemory.allocatedBytes()).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void aConsumerThatStopsEarly(Kind kind, SparkSession spark) {
        Dataset<Row> df = kind.run(OperationFailuresTest::same, numbers(spark));
        for (int i = 0; i < 5; i++) {
            assertThat(df.limit(1).collectAsList()).hasSize(1);
            for (int most : new int[] {0, 1, 700}) {
                df.foreachPartition((ForeachPartitionFunction<Row>) rows -> {
                    for (int n = 0; n < most && rows.hasNext(); n++) {
                        rows.next();
                    }
                });
            }
        }
        assertThat(ExecutorMemory.allocatedBytes()).isZero();
    }

    /** A block takes a tenth of a second or so: the task ends between two of them. */
    @ParameterizedTest
    @EnumSource
    @Timeout(value = 60, unit = TimeUnit.SECONDS)
    void aJobThatIsCancelledFreesItsSlotSoon(Kind kind, SparkSession spark) throws Exception {
        SparkContext context = spark.sparkContext();
        Dataset<Row> df = kind.run(
                OperationFailuresTest::slowly,
                spark.range(0, 10_000_000, 1, 2).select(col("id").cast("double").as("x")));
        var job = new Thread(() -> {
            context.setJobGroup("slow", "a slow job", /* interruptOnCancel= */ false);
            try {
                df.write().format("noop").mode("overwrite").save();
            } catch (RuntimeException e) {
                // cancelled, as it should be
            }
        });
        var running = new RunningTasks();
        context.addSparkListener(running);
        try {
            job.start();
            while (ExecutorMemory.allocatedBytes() == 0) { // bounded by the test's own time
                Thread.sleep(1);
            }
            Thread.sleep(500);
            assertThat(running.count.get()).isEqualTo(2);
            long start = System.nanoTime();
            context.cancelJobGroup("slow");
            while (running.count.get() > 0) {
                Thread.sleep(10);
            }
            assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(2));
            assertThat(ExecutorMemory.allocatedBytes()).isZero();
            job.join();
        } finally {
            context.cancelJobGroup("slow");
            context.removeSparkListener(running);
        }
    }

    /** Counts tasks until they have ended in truth, which is after their job has. */
    private static final class RunningTasks extends SparkListener {

        private final AtomicInteger count = new AtomicInteger();

        @Override
        public void onTaskStart(SparkListenerTaskStart start) {
            count.incrementAndGet();
        }

        @Override
        public void onTaskEnd(SparkListenerTaskEnd end) {
            count.decrementAndGet();
        }
    }
}
