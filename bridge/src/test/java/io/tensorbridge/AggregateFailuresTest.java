package io.tensorbridge;

import static io.tensorbridge.TensorFrames.aggregate;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.udf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.internal.run.ExecutorMemory;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.SignatureMismatchException;
import io.tensorbridge.tensor.TensorValue;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat64;

/** What is refused, and failures at every step: what is said, and that nothing is left behind, which the extensions check. */
@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class AggregateFailuresTest {

    private static final Program SUM = Program.build(tf -> {
                var x = placeholder(tf, "x_input", TFloat64.class, Shape.of(-1));
                return outputs("x", tf.reduceSum(x, tf.constant(0)));
            })
            .named("sum");

    private static Dataset<Row> numbers(SparkSession spark) {
        return spark.range(0, 10_000, 1, 1)
                .select(col("id").mod(10).as("k"), col("id").cast("double").as("x"));
    }

    @Test
    void wantsAKey(SparkSession spark) {
        assertThatThrownBy(() -> aggregate(SUM).apply(numbers(spark)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot aggregate with program 'sum': expected a column to group by, found none. Give one with by(\"…\")");
    }

    @Test
    void saysAllThatDoesNotFit(SparkSession spark) {
        Dataset<Row> df = numbers(spark);
        assertThatThrownBy(() -> aggregate(SUM)
                        .by("key", "k")
                        .feed("x_input", "value")
                        .apply(df.withColumn("k2", col("k")).toDF("k", "x", "k")))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot run program 'sum' on this DataFrame:
                          - input 'x_input': expected a column 'value', found columns [k, x, k]. Bind one with feed("x_input", "…")
                          - by("key"): expected one of the columns [k, x, k], found none of that name. Mend the name
                          - by("k"): expected one column 'k', found 2. Rename all but one""");
        assertThatThrownBy(() -> aggregate(SUM).by("k").fetch("x", "k").apply(df))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot run program 'sum' on this DataFrame:
                          - output 'x': expected a column of its own, found 'k' to be that of a key. Rename it with fetch("x", "…")""");
    }

    @Test
    void refusesValuesInTheColumnsPlace(SparkSession spark) {
        assertThatThrownBy(() -> aggregate(SUM)
                        .by("k")
                        .with("x_input", TensorValue.of(Shape.of(2), 1.0, 2.0))
                        .apply(numbers(spark)))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot run program 'sum' on this DataFrame:
                          - input 'x_input': expected a column, found a value. Feed it with feed("x_input", "…")""");
    }

    @Test
    void leavesItToSparkWhatCanBeAKey(SparkSession spark) {
        assertThatThrownBy(() -> aggregate(SUM).by(sum("x")).apply(numbers(spark)))
                .isInstanceOf(AnalysisException.class);
    }

    @Test
    void refusesStreams(SparkSession spark) {
        Dataset<Row> stream =
                spark.readStream().format("rate").load().selectExpr("value % 10 as k", "cast(value as double) as x");
        assertThatThrownBy(() -> aggregate(SUM).by("k").apply(stream))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessage(
                        "Cannot aggregate with program 'sum': expected a DataFrame that ends, found a streaming one. Aggregate its batches in foreachBatch(…)");
    }

    @Test
    void aNull(SparkSession spark) {
        Dataset<Row> df = numbers(spark).selectExpr("k", "if(x = 700, null, x) as x");
        assertThatThrownBy(() -> aggregate(SUM).by("k").blockRows(500).apply(df).collectAsList())
                .hasStackTraceContaining(
                        "Cannot feed column 'x': expected a value in row 200 of block 1, found null. Fill or drop nulls with onNull(…)");
        Dataset<Row> cached = df.cache();
        try {
            assertThatThrownBy(() ->
                            aggregate(SUM).by("k").blockRows(500).apply(cached).collectAsList())
                    .hasStackTraceContaining(
                            "Cannot feed column 'x': expected a value in row 200 of block 1, found null. Fill or drop nulls with onNull(…)");
        } finally {
            cached.unpersist();
        }
    }

    @Test
    void aProgramThatFails(SparkSession spark) {
        Program odd = Program.build(tf -> {
                    var x = placeholder(tf, "x_input", TFloat64.class, Shape.of(-1));
                    var pairs = tf.reshape(x, tf.constant(new int[] {-1, 2}));
                    return outputs("x", tf.reduceSum(pairs, tf.constant(new int[] {0, 1})));
                })
                .named("odd");
        assertThatThrownBy(() -> aggregate(odd)
                        .by("k")
                        .blockRows(101)
                        .apply(numbers(spark))
                        .collectAsList())
                .hasStackTraceContaining(
                        "io.tensorbridge.tensor.ProgramException: Program 'odd' failed on block 0 of partition 0 (101 rows): ");
    }

    @Test
    void aSourceThatFailsAndAConsumerThatStops(SparkSession spark) {
        var failing = udf(
                (UDF1<Double, Double>) x -> {
                    if (x > 5_000) {
                        throw new IllegalStateException("no more");
                    }
                    return x;
                },
                DataTypes.DoubleType);
        Dataset<Row> df =
                numbers(spark).select(col("k"), failing.apply(col("x")).as("x"));
        assertThatThrownBy(() -> aggregate(SUM).by("k").blockRows(500).apply(df).collectAsList())
                .hasStackTraceContaining("no more");
        assertThat(aggregate(SUM)
                        .by("x")
                        .fetch("x", "total")
                        .blockRows(100)
                        .apply(numbers(spark))
                        .limit(7)
                        .collectAsList())
                .hasSize(7);
        assertThat(ExecutorMemory.allocatedBytes()).isZero();
    }

    /** A run of a tenth of a second or so for each size of group: the task ends between two of them. */
    @Test
    @Timeout(value = 60, unit = TimeUnit.SECONDS)
    void aJobThatIsCancelledFreesItsSlotSoon(SparkSession spark) throws Exception {
        Program slow = Program.build(tf -> {
            var x = placeholder(tf, "x_input", TFloat64.class, Shape.of(-1));
            var wide = tf.math.mul(
                    tf.expandDims(x, tf.constant(1)), tf.zeros(tf.constant(new int[] {1, 4_000}), TFloat64.class));
            var nothing = tf.reduceSum(tf.math.exp(tf.math.sin(wide)), tf.constant(new int[] {0, 1}));
            return outputs("x", tf.math.add(tf.reduceSum(x, tf.constant(0)), tf.math.mul(nothing, tf.constant(0.0))));
        });
        var context = spark.sparkContext();
        var job = new Thread(() -> {
            context.setJobGroup("slow", "a slow job", /* interruptOnCancel= */ false);
            try {
                aggregate(slow)
                        .by("k")
                        .blockRows(500)
                        .apply(spark.range(0, 10_000_000, 1, 2)
                                .select(
                                        col("id").mod(10).as("k"),
                                        col("id").cast("double").as("x")))
                        .write()
                        .format("noop")
                        .mode("overwrite")
                        .save();
            } catch (RuntimeException e) {
                // cancelled, as it should be
            }
        });
        job.start();
        while (ExecutorMemory.allocatedBytes() == 0) { // bounded by the test's own time
            Thread.sleep(10);
        }
        Thread.sleep(500);
        assertThat(ExecutorMemory.allocatedBytes()).isPositive();
        long start = System.nanoTime();
        context.cancelJobGroup("slow");
        while (ExecutorMemory.allocatedBytes() > 0) {
            Thread.sleep(10);
        }
        assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(2));
        job.join();
    }
}
