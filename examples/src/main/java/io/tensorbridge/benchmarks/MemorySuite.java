package io.tensorbridge.benchmarks;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static io.tensorbridge.benchmarks.Comparison.print;
import static org.apache.spark.sql.functions.col;

import io.tensorbridge.internal.run.ExecutorMemory;
import io.tensorbridge.tensor.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.apache.spark.api.java.function.ForeachPartitionFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat64;

/** 100 million rows through one job on two cores: does the process grow? */
final class MemorySuite {

    private static final long ROWS = 100_000_000;
    private static final LongAdder DONE = new LongAdder();

    private MemorySuite() {}

    private record Sample(long rows, double mebibytes) {}

    static void run() throws InterruptedException {
        Program plusThree = Program.build(tf -> {
            var x = placeholder(tf, "x", TFloat64.class, Shape.of(-1));
            return outputs("z", tf.math.add(x, tf.constant(3.0)));
        });
        SparkSession spark = LocalSpark.on(2);
        List<Sample> samples = new ArrayList<>();
        try {
            Dataset<Row> df =
                    spark.range(0, ROWS, 1, 20).select(col("id").cast("double").as("x"));
            Thread job = new Thread(() -> mapBlocks(plusThree).apply(df).foreachPartition(countRows()));
            job.start();
            while (job.isAlive()) {
                samples.add(new Sample(DONE.sum(), residentMebibytes()));
                job.join(200);
            }
        } finally {
            spark.stop();
        }
        if (DONE.sum() != ROWS) {
            throw new IllegalStateException("Expected %d rows, found %d".formatted(ROWS, DONE.sum()));
        }
        List<Sample> later = samples.stream().filter(s -> s.rows() >= ROWS / 10).toList();
        print("rows: %d", DONE.sum());
        print("resident after the first 10 M rows: %.0f MiB", later.get(0).mebibytes());
        print("resident at the end: %.0f MiB", later.get(later.size() - 1).mebibytes());
        print("slope: %.2f MiB per 10 M rows over %d samples", slope(later) * 10_000_000, later.size());
        print("arrow bytes at the end: %d", ExecutorMemory.allocatedBytes());
    }

    private static ForeachPartitionFunction<Row> countRows() {
        return rows -> {
            long rowsOfPartition = 0;
            while (rows.hasNext()) {
                rows.next();
                if (++rowsOfPartition % 10_000 == 0) {
                    DONE.add(10_000);
                }
            }
            DONE.add(rowsOfPartition % 10_000);
        };
    }

    /** Returns the slope of the line that lies closest to the samples. */
    private static double slope(List<Sample> samples) {
        double meanRows = samples.stream().mapToDouble(Sample::rows).average().orElseThrow();
        double meanSize =
                samples.stream().mapToDouble(Sample::mebibytes).average().orElseThrow();
        double above = 0;
        double below = 0;
        for (Sample sample : samples) {
            above += (sample.rows() - meanRows) * (sample.mebibytes() - meanSize);
            below += (sample.rows() - meanRows) * (sample.rows() - meanRows);
        }
        return above / below;
    }

    private static double residentMebibytes() {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
                if (line.startsWith("VmRSS:")) {
                    return Long.parseLong(line.replaceAll("\\D", "")) / 1024.0;
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        throw new IllegalStateException("Resident memory can be read on Linux alone");
    }
}
