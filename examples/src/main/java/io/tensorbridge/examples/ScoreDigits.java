package io.tensorbridge.examples;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static org.apache.spark.sql.functions.array_max;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.round;

import io.tensorbridge.RunMetrics;
import io.tensorbridge.tensor.Program;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** Which digits are these? Scores handwritten digits out of Parquet with a saved model. */
public final class ScoreDigits {

    private ScoreDigits() {}

    public static void main(String[] args) throws IOException {
        try (SparkSession spark = SparkSession.builder()
                .master("local[*]")
                .appName("ScoreDigits")
                .config("spark.ui.enabled", "false")
                .getOrCreate()) {
            run(spark);
        }
    }

    static void run(SparkSession spark) {
        // region score
        Program classifier = Program.fromSavedModel(ExampleFiles.data("digits/model"));
        Dataset<Row> digits = spark.read()
                .parquet(ExampleFiles.data("digits/held-out.parquet").toString());

        Dataset<Row> scored = mapBlocks(classifier)
                .shape("pixels", 20, 20) // 400 bytes a row are a picture of 20 by 20
                .fetch("digit", "guess") // program output, new column
                .fetch("probabilities")
                .apply(digits);
        // endregion

        long start = System.nanoTime();
        List<Row> rows = scored.collectAsList();
        double seconds = (System.nanoTime() - start) / 1e9;

        // region show
        scored.select(
                        col("label"),
                        col("guess"),
                        round(array_max(col("probabilities")), 3).as("probability"))
                .show(5);
        // endregion
        printConfusion(rows);
        printCounts(rows, RunMetrics.of(scored), seconds);
    }

    private static void printConfusion(List<Row> rows) {
        int[][] counts = new int[10][10];
        for (Row row : rows) {
            counts[row.<Integer>getAs("label")][row.<Integer>getAs("guess")]++;
        }
        var header = new StringBuilder("label \\ guess");
        for (int guess = 0; guess < 10; guess++) {
            header.append(String.format(Locale.ROOT, "%5d", guess));
        }
        System.out.println(header);
        for (int label = 0; label < 10; label++) {
            var line = new StringBuilder(String.format(Locale.ROOT, "%13d", label));
            for (int guess = 0; guess < 10; guess++) {
                line.append(String.format(Locale.ROOT, "%5d", counts[label][guess]));
            }
            System.out.println(line);
        }
        System.out.println();
    }

    private static void printCounts(List<Row> rows, RunMetrics metrics, double seconds) {
        long right = rows.stream()
                .filter(row -> row.<Integer>getAs("label").equals(row.<Integer>getAs("guess")))
                .count();
        var reasons = new StringJoiner(", ", "(", ")");
        metrics.bytesCopied().forEach((reason, bytes) -> {
            if (bytes > 0) {
                reasons.add(reason + "=" + bytes);
            }
        });
        long copied = metrics.bytesCopied().values().stream()
                .mapToLong(Long::longValue)
                .sum();
        System.out.println("rows: " + rows.size());
        System.out.println(String.format(Locale.ROOT, "accuracy: %.3f", (double) right / rows.size()));
        System.out.println("sessions loaded: " + metrics.sessionsLoaded());
        System.out.println("bytes aliased: " + metrics.bytesAliased());
        System.out.println("bytes copied: " + copied + " " + reasons);
        System.out.println(
                String.format(Locale.ROOT, "seconds in Session.run: %.3f of %.3f", metrics.runNanos() / 1e9, seconds));
    }
}
