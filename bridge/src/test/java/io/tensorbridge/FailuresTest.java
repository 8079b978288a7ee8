package io.tensorbridge;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.udf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.internal.run.ExecutorMemory;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.Programs;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.function.ForeachPartitionFunction;
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

/** Failures at every step: what is said, and that nothing is left behind, which the extensions check. */
@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class FailuresTest {

    private static Dataset<Row> numbers(SparkSession spark) {
        return spark.range(0, 10_000, 1, 1).select(col("id").cast("double").as("x"));
    }

    @Test
    void aProgramThatFails(SparkSession spark) {
        Program pairs = Program.build(tf -> {
                    var x = placeholder(tf, "x", TFloat64.class, Shape.of(-1));
                    return outputs("z", tf.math.add(x, tf.reshape(x, tf.constant(new int[] {50, 20}))));
                })
                .named("pairs");
        assertThatThrownBy(() -> mapBlocks(pairs)
                        .shape("z", 20)
                        .blockRows(700)
                        .trim()
                        .apply(numbers(spark))
                        .collectAsList())
                .isInstanceOf(SparkException.class)
                .hasStackTraceContaining(
                        "io.tensorbridge.tensor.ProgramException: Program 'pairs' failed on block 0 of partition 0 (700 rows): ");
    }

    @Test
    void aProgramWithAWrongRowCount(SparkSession spark) {
        Program half = Program.build(tf -> {
                    var x = placeholder(tf, "x", TFloat64.class, Shape.of(-1));
                    var two = tf.reshape(x, tf.constant(new int[] {-1, 2}));
                    return outputs("z", tf.reduceSum(two, tf.constant(1)));
                })
                .named("half");
        Dataset<Row> df = numbers(spark);
        assertThatThrownBy(() -> mapBlocks(half).blockRows(1_000).apply(df).collectAsList())
                .hasStackTraceContaining(
                        "io.tensorbridge.tensor.ProgramException: Program 'half' failed on block 0 of partition 0 (1000 rows): expected one row of output 'z' for each input row, found 500. Use trim() if the program changes the number of rows");
        List<Row> rows = mapBlocks(half).blockRows(1_000).trim().apply(df).collectAsList();
        assertThat(rows).hasSize(5_000);
        assertThat(rows.get(1).getDouble(0)).isEqualTo(2 + 3);
    }

    @Test
    void aConsumerThatFails(SparkSession spark) {
        var failing = udf(
                (UDF1<Double, Double>) z -> {
                    if (z > 5_000) {
                        throw new IllegalStateException("enough");
                    }
                    return z;
                },
                DataTypes.DoubleType);
        Dataset<Row> df = mapBlocks(Programs.plusThree()).blockRows(500).apply(numbers(spark));
        assertThatThrownBy(() -> df.select(failing.apply(col("z"))).collectAsList())
                .hasStackTraceContaining("enough");
        assertThat(ExecutorMemory.allocatedBytes()).isZero();
    }

    @Test
    void aSourceThatFails(SparkSession spark) {
        var failing = udf(
                (UDF1<Double, Double>) x -> {
                    if (x > 5_000) {
                        throw new IllegalStateException("no more");
                    }
                    return x;
                },
                DataTypes.DoubleType);
        Dataset<Row> df = mapBlocks(Programs.plusThree())
                .blockRows(500)
                .apply(numbers(spark).select(failing.apply(col("x")).as("x")));
        assertThatThrownBy(df::collectAsList).hasStackTraceContaining("no more");
    }

    @Test
    void aConsumerThatStopsEarly(SparkSession spark) {
        Dataset<Row> df = mapBlocks(Programs.plusThree()).blockRows(100).apply(numbers(spark));
        for (int i = 0; i < 20; i++) {
            assertThat(df.limit(7).collectAsList()).hasSize(7);
            df.foreachPartition((ForeachPartitionFunction<Row>) rows -> {
                for (int n = 0; n < 150 && rows.hasNext(); n++) {
                    rows.next();
                }
            });
        }
    }

    @Test
    void aModelThatCannotBeLoaded(SparkSession spark, @org.junit.jupiter.api.io.TempDir java.nio.file.Path directory)
            throws Exception {
        // sound to the reader, which does not run it, and failing by itself when TensorFlow prepares it
        java.nio.file.Path model = BrokenModels.thatCannotBeLoaded(directory);
        Dataset<Row> df = mapBlocks(Program.fromSavedModel(model)).apply(numbers(spark));
        assertThatThrownBy(df::collectAsList)
                .hasStackTraceContaining("io.tensorbridge.tensor.ProgramException: Cannot load program 'broken': ");
        // and the next one tries again rather than waiting for the first
        assertThatThrownBy(df::collectAsList).hasStackTraceContaining("Cannot load program 'broken': ");
    }

    /** A run of a tenth of a second or so a block: the task ends between two of them. */
    @Test
    @Timeout(value = 60, unit = TimeUnit.SECONDS)
    void aJobThatIsCancelledFreesItsSlotSoon(SparkSession spark) throws Exception {
        Program slow = Program.build(tf -> {
            var x = placeholder(tf, "x", TFloat64.class, Shape.of(-1));
            var column = tf.expandDims(x, tf.constant(1));
            var wide = tf.math.mul(column, tf.zeros(tf.constant(new int[] {1, 4_000}), TFloat64.class));
            return outputs("z", tf.reduceSum(tf.math.exp(tf.math.sin(wide)), tf.constant(1)));
        });
        var context = spark.sparkContext();
        var job = new Thread(() -> {
            context.setJobGroup("slow", "a slow job", /* interruptOnCancel= */ false);
            try {
                mapBlocks(slow)
                        .blockRows(500)
                        .apply(spark.range(0, 10_000_000, 1, 2)
                                .select(col("id").cast("double").as("x")))
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
        Thread.sleep(1_000);
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
