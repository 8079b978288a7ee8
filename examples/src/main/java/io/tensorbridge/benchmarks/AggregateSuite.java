package io.tensorbridge.benchmarks;

import static io.tensorbridge.TensorFrames.aggregate;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static io.tensorbridge.benchmarks.Comparison.print;
import static io.tensorbridge.benchmarks.Comparison.seconds;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.sum;

import io.tensorbridge.tensor.Program;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat64;

/** {@code aggregate} beside Spark's own {@code groupBy}: sums of ten million doubles, by few keys and by many. */
final class AggregateSuite {

    private static final long ROWS = 10_000_000;
    private static final Map<String, Long> KEYS = Map.of("1k", 1_000L, "1m", 1_000_000L);

    private static final Program SUM = Program.build(tf -> {
        var x = placeholder(tf, "x_input", TFloat64.class, Shape.of(-1));
        return outputs("x", tf.reduceSum(x, tf.constant(0)));
    });

    private AggregateSuite() {}

    static void run() {
        Map<String, Comparison.Result> both = compare(2, 2, 5);
        Map<String, Comparison.Result> alone = compare(1, 2, 5);
        both.forEach((name, result) -> print("ratio %s-local2: %.2f", name, result.oursOverTheirs()));
        alone.forEach((name, result) -> print("ratio %s: %.2f", name, result.oursOverTheirs()));
    }

    private static Map<String, Comparison.Result> compare(int cores, int warmUps, int rounds) {
        SparkSession spark = LocalSpark.on(cores);
        try {
            Map<String, Comparison.Result> results = new LinkedHashMap<>();
            for (String keys : KEYS.keySet().stream().sorted().toList()) {
                Dataset<Row> range = spark.range(0, ROWS, 1, cores)
                        .select(
                                // scattered over the rows, as keys of data are
                                col("id")
                                        .multiply(2_654_435_761L)
                                        .bitwiseAND(Long.MAX_VALUE)
                                        .mod(KEYS.getOrDefault(keys, 1L))
                                        .as("k"),
                                col("id").cast("double").as("x"));
                String name = "aggregate-" + keys;
                results.put(name + "-range", compare(name + "-range", cores, range, warmUps, rounds));
                Dataset<Row> cached = range.cache();
                cached.count();
                results.put(name, compare(name, cores, cached, warmUps, rounds));
                cached.unpersist(true);
            }
            return results;
        } finally {
            spark.stop();
        }
    }

    private static Comparison.Result compare(String name, int cores, Dataset<Row> df, int warmUps, int rounds) {
        Comparison.Result result = Comparison.inTurn(
                warmUps,
                rounds,
                () -> seconds(() -> drain(aggregate(SUM).by("k").apply(df))),
                () -> seconds(() -> drain(df.groupBy("k").agg(sum("x").as("x")))));
        print("%s: ours %.3f s, Spark %.3f s at local[%d]", name, result.ours(), result.theirs(), cores);
        return result;
    }

    private static void drain(Dataset<Row> df) {
        df.write().format("noop").mode("overwrite").save();
    }
}
