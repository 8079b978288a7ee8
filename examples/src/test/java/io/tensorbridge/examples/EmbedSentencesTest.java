package io.tensorbridge.examples;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.tensorflow.Result;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** BERT, where {@code mvn -Pbert package} has brought it. */
@ExtendWith(NativeMemoryExtension.class)
class EmbedSentencesTest {

    private static final Path MODEL = ExampleFiles.bert();
    private static final int WIDTH = 768;

    @BeforeAll
    static void skipWithoutTheModel() {
        boolean isThere = Files.isDirectory(MODEL);
        if (!isThere) {
            System.out.println("Skipped: there is no BERT in %s, mvn -Pbert package brings it".formatted(MODEL));
        }
        Assumptions.assumeTrue(isThere, "There is no BERT in " + MODEL);
    }

    @Test
    void findsTheSentencesThatMeanTheSame() {
        assertThat(Documentation.printedBy(EmbedSentences::main)
                        .lines()
                        .map(line -> line.replaceAll(" \\(0\\.\\d\\d\\)$", "")))
                .containsExactly(
                        "The cat sat on the mat. -> A dog lay down on the rug.",
                        "A dog lay down on the rug. -> The cat sat on the mat.",
                        "The stock market fell sharply on Monday. -> Shares lost a lot of their value this week.",
                        "Shares lost a lot of their value this week. -> The stock market fell sharply on Monday.",
                        "He plays the violin in an orchestra. -> She sings in a choir.",
                        "She sings in a choir. -> He plays the violin in an orchestra.");
    }

    @Test
    void givesWhatAPlainSessionGives() throws IOException {
        BertTokenizer tokenizer = BertTokenizer.read(MODEL.resolve("assets/vocab.txt"));
        List<Row> rows =
                EmbedSentences.SENTENCES.stream().map(tokenizer::encode).toList();
        float[] expected = plainSession(rows);
        assertThat(expected).hasSize(rows.size() * WIDTH);
        try (SparkSession spark = SparkSession.builder()
                .master("local[2]")
                .appName("EmbedSentencesTest")
                .config("spark.ui.enabled", "false")
                .getOrCreate()) {
            Dataset<Row> result = mapBlocks(Program.fromSavedModel(MODEL))
                    .fetch("pooled_output")
                    .trim()
                    .apply(spark.createDataFrame(rows, BertTokenizer.INPUTS));
            List<Row> found = result.collectAsList();
            assertThat(found).hasSameSizeAs(rows);
            for (int row = 0; row < found.size(); row++) {
                List<Float> embedding = found.get(row).getList(0);
                assertThat(embedding).hasSize(WIDTH);
                for (int i = 0; i < WIDTH; i++) {
                    assertThat(embedding.get(i)).isCloseTo(expected[row * WIDTH + i], within(1e-5f));
                }
            }
        }
    }

    private static float[] plainSession(List<Row> rows) {
        try (SavedModelBundle model = SavedModelBundle.load(MODEL.toString(), "serve");
                TInt32 ids = ints(rows, 0);
                TInt32 mask = ints(rows, 1);
                TInt32 segments = ints(rows, 2)) {
            SignatureDef signature = model.metaGraphDef().getSignatureDefOrThrow("serving_default");
            var runner = model.session()
                    .runner()
                    .fetch(signature.getOutputsOrThrow("pooled_output").getName());
            feed(runner, signature, "input_ids", ids);
            feed(runner, signature, "input_mask", mask);
            feed(runner, signature, "segment_ids", segments);
            try (Result result = runner.run()) {
                float[] embeddings = new float[rows.size() * WIDTH];
                ((TFloat32) result.get(0)).copyTo(DataBuffers.of(embeddings, false, false));
                return embeddings;
            }
        }
    }

    private static void feed(
            org.tensorflow.Session.Runner runner, SignatureDef signature, String input, Tensor tensor) {
        runner.feed(signature.getInputsOrThrow(input).getName(), tensor);
    }

    private static TInt32 ints(List<Row> rows, int column) {
        int[][] values = rows.stream().map(row -> (int[]) row.get(column)).toArray(int[][]::new);
        return TInt32.tensorOf(StdArrays.ndCopyOf(values));
    }
}
