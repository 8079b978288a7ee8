package io.tensorbridge;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static org.apache.spark.sql.functions.col;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tensorbridge.tensor.Devices;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.ProgramException;
import io.tensorbridge.tensor.SessionOptions;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat64;

@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class DeviceTest {

    private static final Program NEGATION =
            Program.build(tf -> outputs("y", tf.math.neg(placeholder(tf, "x", TFloat64.class, Shape.of(-1)))));

    private static Dataset<Row> numbers(SparkSession spark) {
        return spark.range(0, 10, 1, 2).select(col("id").cast("double").as("x"));
    }

    @AfterEach
    void unset(SparkSession spark) {
        spark.conf().unset(TensorFramesOptions.DEVICE);
    }

    @Test
    void runsOnTheCpuIfAskedTo(SparkSession spark) {
        spark.conf().set(TensorFramesOptions.DEVICE, "cpu");
        Dataset<Row> mapped = mapBlocks(NEGATION).apply(numbers(spark));
        assertThat(mapped.collectAsList()).hasSize(10);
        assertThat(RunMetrics.of(mapped).sessionsOnGpu()).isZero();
        assertThat(mapBlocks(NEGATION).explain(numbers(spark))).endsWith("\n  device  CPU");
    }

    @Test
    void findsOutBeforeAJobThatThereIsNoGpu(SparkSession spark) {
        var found = Devices.names(SessionOptions.onCallingThread(1));
        assumeTrue(found.stream().noneMatch(name -> name.startsWith("GPU")));
        spark.conf().set(TensorFramesOptions.DEVICE, "gpu");
        Dataset<Row> numbers = numbers(spark);
        assertThatThrownBy(() -> mapBlocks(NEGATION).apply(numbers))
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot run programs on a GPU: expected device GPU:0, found %s. Set spark.tensorbridge.device to cpu, or run where there is a GPU, with a -gpu classifier of tensorflow-core-native on the class path"
                                .formatted(found));
    }

    @Test
    void refusesAnotherDevice(SparkSession spark) {
        spark.conf().set(TensorFramesOptions.DEVICE, "tpu");
        Dataset<Row> numbers = numbers(spark);
        assertThatThrownBy(() -> mapBlocks(NEGATION).apply(numbers))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid spark.tensorbridge.device: must be auto, cpu or gpu, found 'tpu'");
    }
}
