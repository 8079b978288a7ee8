package io.tensorbridge.benchmarks;

import static io.tensorbridge.benchmarks.Comparison.print;
import static io.tensorbridge.benchmarks.Comparison.seconds;

import io.tensorbridge.RunMetrics;
import io.tensorbridge.examples.ExampleFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;

/**
 * Models of others through Spark, beside a plain loop over blocks of the same size on the same number of threads: rows from
 * the cache, results into nothing.
 */
final class ModelsSuite {

    private static final int ROUNDS = 3;

    private ModelsSuite() {}

    static void run() throws IOException {
        List<Supplier<ModelJob>> jobs =
                new ArrayList<>(List.of(ModelJob::mobilenetOfBytes, ModelJob::mobilenetOfFloats));
        if (Files.isDirectory(ExampleFiles.bert())) {
            jobs.add(ModelJob::bert);
        } else {
            print("bert is left out: there is no %s, which mvn -Pbert -DskipTests package brings", ExampleFiles.bert());
        }
        Map<String, Double> ratios = new LinkedHashMap<>();
        for (int cores = 2; cores >= 1; cores--) {
            for (Supplier<ModelJob> job : jobs) {
                SparkSession spark = LocalSpark.on(cores);
                try {
                    ModelJob measured = job.get();
                    ratios.put(measured.name() + (cores == 1 ? "" : "-local" + cores), compare(spark, cores, measured));
                } finally {
                    spark.stop();
                }
            }
        }
        ratios.forEach((name, ratio) -> print("ratio %s: %.3f", name, ratio));
    }

    /** Returns ours over theirs. */
    private static double compare(SparkSession spark, int cores, ModelJob job) throws IOException {
        Dataset<Row> some = spark.createDataFrame(
                        job.rows().stream().map(RowFactory::create).toList(), job.schema())
                .repartition(cores)
                .cache();
        some.count();
        Dataset<Row> all = some;
        int repeats = job.repeats() * cores;
        for (int i = 1; i < repeats; i++) {
            all = all.union(some);
        }
        Dataset<Row> result = job.map().trim().apply(all);
        try (PlainLoop loop = job.loop().open()) {
            RunMetrics metrics = new Counts(spark).of(() -> drain(result)); // which shows how large blocks become
            int blockRows = Math.max(1, Math.round((float) metrics.rows() / metrics.blocks()));
            List<PlainLoop.Block> blocks = blocks(job, repeats, blockRows);
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
        }
    }

    private static List<PlainLoop.Block> blocks(ModelJob job, int repeats, int blockRows) {
        List<PlainLoop.Block> blocks = new ArrayList<>();
        int count = job.rows().size() * repeats;
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
