package io.tensorbridge.benchmarks;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static io.tensorbridge.benchmarks.Comparison.print;
import static io.tensorbridge.benchmarks.Comparison.seconds;
import static org.apache.spark.sql.functions.array_repeat;
import static org.apache.spark.sql.functions.col;

import io.tensorbridge.tensor.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/** mapBlocks beside the same program over rows: from range, Parquet and cache, into nothing. */
final class MapBlocksSuite {

    private static final long DOUBLES = 10_000_000;
    private static final int DOUBLES_BLOCK = 10_000;
    private static final long ARRAYS = 200_000;
    private static final int WIDTH = 784;
    private static final int ARRAYS_BLOCK = 256;

    private static final Program PLUS_THREE = Program.build(tf -> {
        var x = placeholder(tf, "x", TFloat64.class, Shape.of(-1));
        return outputs("z", tf.math.add(x, tf.constant(3.0)));
    });
    private static final Program SUM_OF_SQUARES = Program.build(tf -> {
        var x = placeholder(tf, "x", TFloat32.class, Shape.of(-1, -1));
        return outputs("y", tf.reduceSum(tf.math.square(x), tf.constant(1)));
    });

    private MapBlocksSuite() {}

    static void run() throws IOException {
        Path directory = Files.createTempDirectory("tensorbridge-benchmarks-");
        try {
            Map<String, Comparison.Result> alone = compare(1, 2, 7, directory);
            Map<String, Comparison.Result> both = compare(2, 1, 3, directory);
            alone.forEach((name, result) -> print(
                    "%s: ours %.3f s, rows %.3f s at local[1]; ours %.3f s, rows %.3f s at local[2]",
                    name,
                    result.ours(),
                    result.theirs(),
                    both.getOrDefault(name, result).ours(),
                    both.getOrDefault(name, result).theirs()));
            both.forEach((name, result) -> print("ratio %s-local2: %.2f", name, result.theirsOverOurs()));
            alone.forEach((name, result) -> print("ratio %s: %.2f", name, result.theirsOverOurs()));
        } finally {
            delete(directory);
        }
    }

    private static Map<String, Comparison.Result> compare(int cores, int warmUps, int rounds, Path directory) {
        SparkSession spark = LocalSpark.on(cores);
        try {
            Map<String, Comparison.Result> results = new LinkedHashMap<>();
            Dataset<Row> doubles = spark.range(0, DOUBLES, 1, cores)
                    .select(col("id").cast("double").as("x"));
            sources(spark, doubles, directory.resolve("doubles-" + cores)).forEach((source, df) -> {
                results.put(
                        "doubles-" + source,
                        Comparison.inTurn(
                                warmUps,
                                rounds,
                                () -> seconds(() -> drain(mapBlocks(PLUS_THREE)
                                        .blockRows(DOUBLES_BLOCK)
                                        .apply(df))),
                                () -> seconds(() -> drain(RowBaseline.plusThree(df, DOUBLES_BLOCK)))));
                df.unpersist(true);
            });
            Dataset<Row> arrays = spark.range(0, ARRAYS, 1, cores)
                    .select(array_repeat(col("id").cast("float"), WIDTH).as("x"));
            sources(spark, arrays, directory.resolve("floats-" + cores)).forEach((source, df) -> {
                results.put(
                        "floats-" + source,
                        Comparison.inTurn(
                                warmUps,
                                rounds,
                                () -> seconds(() -> drain(mapBlocks(SUM_OF_SQUARES)
                                        .blockRows(ARRAYS_BLOCK)
                                        .trim()
                                        .apply(df))),
                                () -> seconds(() -> drain(RowBaseline.sumOfSquares(df, WIDTH, ARRAYS_BLOCK)))));
                df.unpersist(true);
            });
            return results;
        } finally {
            spark.stop();
        }
    }

    private static Map<String, Dataset<Row>> sources(SparkSession spark, Dataset<Row> df, Path parquet) {
        df.write().parquet(parquet.toString());
        Map<String, Dataset<Row>> sources = new LinkedHashMap<>();
        sources.put("range", df);
        sources.put("parquet", spark.read().parquet(parquet.toString()));
        Dataset<Row> cached = df.filter("true").select("x").cache();
        cached.count();
        sources.put("cache", cached);
        return sources;
    }

    private static void drain(Dataset<Row> df) {
        df.write().format("noop").mode("overwrite").save();
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> paths = Files.walk(directory)) {
            paths.sorted(Comparator.reverseOrder()).forEach(path -> {
                try {
                    Files.delete(path);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }
}
