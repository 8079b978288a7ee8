package io.tensorbridge.examples;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.udf;

import io.tensorbridge.tensor.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * Which sentence means about the same? Embeds sentences with BERT, an unmodified saved model, and says of each which other
 * is nearest.
 */
public final class EmbedSentences {

    static final List<String> SENTENCES = List.of(
            "The cat sat on the mat.",
            "A dog lay down on the rug.",
            "The stock market fell sharply on Monday.",
            "Shares lost a lot of their value this week.",
            "He plays the violin in an orchestra.",
            "She sings in a choir.");

    private EmbedSentences() {}

    public static void main(String[] args) throws IOException {
        Path model = ExampleFiles.bert();
        if (!Files.isDirectory(model)) {
            System.err.println("There is no BERT in %s: run mvn -Pbert -DskipTests package first".formatted(model));
            System.exit(1);
        }
        try (SparkSession spark = SparkSession.builder()
                .master("local[*]")
                .appName("EmbedSentences")
                .config("spark.ui.enabled", "false")
                .getOrCreate()) {
            run(spark, model);
        }
    }

    static void run(SparkSession spark, Path model) throws IOException {
        BertTokenizer tokenizer = BertTokenizer.read(model.resolve("assets/vocab.txt"));
        var encode = udf((UDF1<String, Row>) tokenizer::encode, BertTokenizer.INPUTS);
        Dataset<Row> sentences =
                spark.createDataset(SENTENCES, Encoders.STRING()).toDF("sentence");
        Dataset<Row> tokens =
                sentences.select(col("sentence"), encode.apply(col("sentence")).as("tokens"));

        // region join
        Program meanOfTokens = Program.build(tf -> {
            var vectors = placeholder(tf, "sequence_output", TFloat32.class, Shape.of(-1, -1, 768));
            var mask = placeholder(tf, "input_mask", TInt32.class, Shape.of(-1, -1)); // which is fed to BERT as well
            var counts = tf.expandDims(tf.dtypes.cast(mask, TFloat32.class), tf.constant(2));
            var sums = tf.reduceSum(tf.math.mul(vectors, counts), tf.constant(1));
            return outputs("embedding", tf.math.div(sums, tf.reduceSum(counts, tf.constant(1))));
        });
        Program bert = Program.fromSavedModel(model).then(meanOfTokens);
        // endregion

        Dataset<Row> embedded =
                mapBlocks(bert).apply(tokens.select("sentence", "tokens.*")).select("sentence", "embedding");

        List<Row> rows = embedded.collectAsList();
        for (Row row : rows) {
            Row nearest = row;
            double highest = -1;
            for (Row other : rows) {
                double cosine = other == row ? -1 : cosine(row.getList(1), other.getList(1));
                if (cosine > highest) {
                    highest = cosine;
                    nearest = other;
                }
            }
            System.out.println(
                    String.format(Locale.ROOT, "%s -> %s (%.2f)", row.getString(0), nearest.getString(0), highest));
        }
    }

    private static double cosine(List<Float> a, List<Float> b) {
        double product = 0;
        double squaresOfA = 0;
        double squaresOfB = 0;
        for (int i = 0; i < a.size(); i++) {
            product += (double) a.get(i) * b.get(i);
            squaresOfA += (double) a.get(i) * a.get(i);
            squaresOfB += (double) b.get(i) * b.get(i);
        }
        return product / Math.sqrt(squaresOfA * squaresOfB);
    }
}
