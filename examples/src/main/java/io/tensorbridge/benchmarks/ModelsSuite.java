package io.tensorbridge.benchmarks;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.benchmarks.Comparison.print;
import static io.tensorbridge.benchmarks.Comparison.seconds;

import io.tensorbridge.RunMetrics;
import io.tensorbridge.examples.ExampleFiles;
import io.tensorbridge.tensor.Program;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * Models of others through Spark, beside a plain loop over blocks of the same size on the same number of threads: rows from
 * the cache, results into nothing.
 */
final class ModelsSuite {

    private static final int ROUNDS = 3;
    private static final int SIDE = 224;
    private static final int TOKENS = 128;
    private static final int WORDS = 30_522;

    private ModelsSuite() {}

    static void run() {
        Map<String, Double> ratios = new LinkedHashMap<>();
        for (int cores = 1; cores <= 2; cores++) {
            SparkSession spark = SparkSession.builder()
                    .master("local[%d]".formatted(cores))
                    .appName("benchmarks")
                    .config("spark.ui.enabled", "false")
                    .config("spark.driver.host", "127.0.0.1")
                    .config("spark.driver.bindAddress", "127.0.0.1")
                    .getOrCreate();
            try {
                String at = cores == 1 ? "" : "-local" + cores;
                ratios.put("mobilenet" + at, compare(spark, cores, mobilenet(cores)));
                if (Files.isDirectory(ExampleFiles.bert())) {
                    ratios.put("bert" + at, compare(spark, cores, bert(cores)));
                } else {
                    print(
                            "bert: not measured, since there is no %s; mvn -Pbert package brings it",
                            ExampleFiles.bert());
                }
            } finally {
                spark.stop();
            }
        }
        ratios.forEach((name, ratio) -> print("ratio %s: %.3f", name, ratio));
    }

    /**
     * A model, and what it is to run over.
     *
     * @param rows the distinct rows, one array for each input
     * @param repeats how often the job goes through them
     */
    private record Job(
            String name,
            Path model,
            String output,
            StructType schema,
            List<Object[]> rows,
            int repeats,
            UnaryOperator<io.tensorbridge.MapBlocks> shapes,
            TensorOfRows tensors) {}

    private interface TensorOfRows {
        Map<String, Tensor> of(List<Object[]> rows);
    }

    private static Job mobilenet(int cores) {
        var random = new Random(4);
        List<Object[]> pictures = IntStream.range(0, 400)
                .mapToObj(i -> {
                    float[] picture = new float[SIDE * SIDE * 3];
                    for (int at = 0; at < picture.length; at++) {
                        picture[at] = random.nextInt(256) / 255f;
                    }
                    return new Object[] {picture};
                })
                .toList();
        return new Job(
                "mobilenet",
                ExampleFiles.data("mobilenet_v2_block13"),
                "features",
                new StructType().add("image", "array<float>", false),
                pictures,
                12 * cores,
                map -> map.shape("image", SIDE, SIDE, 3),
                rows -> Map.of("image", floats(rows, 0)));
    }

    private static TFloat32 floats(List<Object[]> rows, int column) {
        return TFloat32.tensorOf(Shape.of(rows.size(), SIDE, SIDE, 3), tensor -> {
            for (int i = 0; i < rows.size(); i++) {
                tensor.get(i).copyFrom(DataBuffers.of((float[]) rows.get(i)[column], false, false));
            }
        });
    }

    private static Job bert(int cores) {
        var random = new Random(4);
        List<Object[]> sentences = IntStream.range(0, 40)
                .mapToObj(i -> {
                    int[] ids = random.ints(TOKENS, 1_000, WORDS).toArray();
                    int[] mask = new int[TOKENS];
                    Arrays.fill(mask, 1);
                    return new Object[] {ids, mask, new int[TOKENS]};
                })
                .toList();
        return new Job(
                "bert",
                ExampleFiles.bert(),
                "pooled_output",
                new StructType()
                        .add("input_ids", "array<int>", false)
                        .add("input_mask", "array<int>", false)
                        .add("segment_ids", "array<int>", false),
                sentences,
                5 * cores,
                UnaryOperator.identity(),
                rows -> Map.of("input_ids", ints(rows, 0), "input_mask", ints(rows, 1), "segment_ids", ints(rows, 2)));
    }

    private static TInt32 ints(List<Object[]> rows, int column) {
        return TInt32.tensorOf(Shape.of(rows.size(), TOKENS), tensor -> {
            for (int i = 0; i < rows.size(); i++) {
                tensor.get(i).copyFrom(DataBuffers.of((int[]) rows.get(i)[column], false, false));
            }
        });
    }

    /** Returns ours over theirs. */
    private static double compare(SparkSession spark, int cores, Job job) {
        var counts = new Counts(spark);
        Dataset<Row> rows = cached(spark, cores, job);
        Dataset<Row> all = rows;
        for (int i = 1; i < job.repeats(); i++) {
            all = all.union(rows);
        }
        Program program = Program.fromSavedModel(job.model());
        Dataset<Row> result = job.shapes()
                .apply(mapBlocks(program))
                .fetch(job.output())
                .trim()
                .apply(all);
        try (PlainLoop loop = new PlainLoop(job.model(), job.output())) {
            RunMetrics metrics = counts.of(() -> drain(result)); // which shows how large blocks become
            int blockRows = Math.round((float) metrics.rows() / metrics.blocks());
            List<PlainLoop.Block> blocks = blocks(job, blockRows);
            Comparison.Result measured = Comparison.inTurn(
                    /* warmUps= */ 1,
                    ROUNDS,
                    () -> seconds(() -> drain(result)),
                    () -> seconds(() -> {
                        if (Double.isNaN(loop.run(blocks, cores))) {
                            throw new IllegalStateException("Expected numbers, found NaN");
                        }
                    }));
            print(
                    "%s at local[%d]: ours %.2f s, plain loop %.2f s for %d rows in blocks of %d",
                    job.name(), cores, measured.ours(), measured.theirs(), metrics.rows(), blockRows);
            return measured.oursOverTheirs();
        } finally {
            rows.unpersist(true);
        }
    }

    private static Dataset<Row> cached(SparkSession spark, int cores, Job job) {
        Dataset<Row> rows = spark.createDataFrame(
                        job.rows().stream().map(RowFactory::create).toList(), job.schema())
                .repartition(cores)
                .cache();
        rows.count();
        return rows;
    }

    private static List<PlainLoop.Block> blocks(Job job, int blockRows) {
        List<PlainLoop.Block> blocks = new ArrayList<>();
        int count = job.rows().size() * job.repeats();
        for (int from = 0; from < count; from += blockRows) {
            List<Object[]> rows = IntStream.range(from, Math.min(count, from + blockRows))
                    .mapToObj(i -> job.rows().get(i % job.rows().size()))
                    .toList();
            blocks.add(() -> job.tensors().of(rows));
        }
        return blocks;
    }

    private static void drain(Dataset<Row> df) {
        df.write().format("noop").mode("overwrite").save();
    }
}
