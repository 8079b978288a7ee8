package io.tensorbridge.ml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.tensorbridge.SparkExtension;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.SignatureMismatchException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class ImagePredictorTest {

    private static final List<String> LABELS = List.of("n1\ttabby cat", "n2\ttiger", "n3", "n4\tgräs");

    private static ImagePredictor predictor() {
        return new ImagePredictor("pictures")
                .setProgram(SmallModels.network())
                .setScoresOutput("logits")
                .setScores(ImagePredictor.Scores.LOGITS)
                .setTopK(3)
                .setLabels(LABELS)
                .setInputCol("content")
                .setOutputCol("predictions");
    }

    @Test
    void givesTheBestClassesWithTheirProbabilities(SparkSession spark) {
        Dataset<Row> df = PictureFiles.frame(spark, PictureFiles.various());
        Dataset<Row> result = predictor().transform(df);
        assertThat(result.schema().simpleString())
                .isEqualTo(
                        "struct<id:int,content:binary,predictions:array<struct<class:string,description:string,probability:float>>>");
        List<Row> logits = new ImageFeaturizer()
                .setProgram(SmallModels.network())
                .setInputCol("content")
                .fetch("logits", "logits")
                .transform(df)
                .collectAsList();
        List<Row> rows = result.collectAsList();
        assertThat(rows).hasSize(7);
        for (int i = 0; i < rows.size(); i++) {
            assertBest(rows.get(i).getList(2), ((Vector) logits.get(i).getAs("logits")).toArray());
        }
    }

    private static void assertBest(List<Row> found, double[] logits) {
        double sum = 0;
        for (double logit : logits) {
            sum += Math.exp(logit);
        }
        List<Integer> best = IntStream.range(0, logits.length)
                .boxed()
                .sorted(Comparator.comparing(c -> -logits[c]))
                .limit(3)
                .toList();
        assertThat(found).hasSize(3);
        for (int i = 0; i < 3; i++) {
            String[] label = LABELS.get(best.get(i)).split("\t", -1);
            assertThat(found.get(i).getString(0)).isEqualTo(label[0]);
            assertThat(found.get(i).getString(1)).isEqualTo(label[label.length - 1]);
            assertThat((double) found.get(i).getFloat(2)).isCloseTo(Math.exp(logits[best.get(i)]) / sum, within(1e-5));
        }
    }

    @Test
    void takesScoresForProbabilitiesUnlessTold(SparkSession spark) {
        Dataset<Row> df = PictureFiles.frame(spark, List.of(PictureFiles.png(8, 8, 1)));
        ImagePredictor predictor =
                predictor().setScores(ImagePredictor.Scores.PROBABILITIES).setTopK(1);
        Row best = (Row) predictor.transform(df).first().getList(2).get(0);
        Vector logits = new ImageFeaturizer()
                .setProgram(SmallModels.network())
                .setInputCol("content")
                .fetch("logits", "logits")
                .transform(df)
                .first()
                .getAs("logits");
        assertThat((double) best.getFloat(2)).isEqualTo(logits.apply(logits.argmax()));
    }

    @Test
    void numbersClassesThatHaveNoLabels(SparkSession spark) {
        ImagePredictor predictor = predictor().setLabels(List.of());
        Dataset<Row> df = PictureFiles.frame(spark, PictureFiles.various());
        List<Row> named = predictor().transform(df).collectAsList();
        List<Row> numbered = predictor.transform(df).collectAsList();
        assertThat(predictor.transformSchema(df.schema()))
                .isEqualTo(predictor.transform(df).schema());
        for (int i = 0; i < named.size(); i++) {
            Row name = named.get(i).<Row>getList(2).get(0);
            Row number = numbered.get(i).<Row>getList(2).get(0);
            assertThat(LABELS.get(Integer.parseInt(number.getString(0)))).startsWith(name.getString(0));
            assertThat(number.getString(1)).isEqualTo(number.getString(0));
            assertThat(number.getFloat(2)).isEqualTo(name.getFloat(2));
        }
    }

    @Test
    void saysWhyAPictureHasNoPredictions(SparkSession spark) {
        Dataset<Row> df = PictureFiles.frame(spark, List.of(PictureFiles.png(9, 9, 1), PictureFiles.text("hello")));
        ImagePredictor predictor =
                predictor().setBrokenImages(BrokenImages.NULL).setReasonCol("why");
        Dataset<Row> result = predictor.transform(df);
        assertThat(result.columns()).containsExactly("id", "content", "predictions", "why");
        assertThat(predictor.transformSchema(df.schema())).isEqualTo(result.schema());
        List<Row> rows = result.collectAsList();
        assertThat(rows.get(0).isNullAt(2)).isFalse();
        assertThat(rows.get(0).isNullAt(3)).isTrue();
        assertThat(rows.get(1).isNullAt(2)).isTrue();
        assertThat(rows.get(1).getString(3)).isNotBlank();
    }

    @Test
    void saysWhatDoesNotFitBeforeAnyJob(SparkSession spark) {
        Dataset<Row> df = PictureFiles.frame(spark, List.of());
        ImagePredictor wrong = predictor().setLabels("a", "b").setTopK(5);
        assertThatThrownBy(() -> wrong.transformSchema(df.schema()))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot transform with stage 'pictures':
                          - labels: expected one for each of the 4 classes of output 'logits', found 2. Mend setLabels(…)
                          - topK: expected at most 4, as many as there are classes, found 5. Lower setTopK(…)""");
        ImagePredictor open = predictor();
        open.clear(open.scoresOutput());
        open.clear(open.outputCol());
        assertThatThrownBy(() -> open.transform(df))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot transform with stage 'pictures':
                          - outputCol: expected a new column, found none. Give it with setOutputCol(…)
                          - program 'network': expected one output, found [features: DT_FLOAT[?, 6], logits: DT_FLOAT[?, 4], maps: DT_FLOAT[?, 4, 4, 6]]. Choose one with setScoresOutput(…)""");
        assertThatThrownBy(() -> predictor().setScoresOutput("maps").transform(df))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot transform with stage 'pictures':
                          - output 'maps': expected scores, DT_FLOAT[?, classes], found DT_FLOAT[?, 4, 4, 6]. Choose another with setScoresOutput(…), or give another program with setProgram(…)""");
        assertThatThrownBy(() -> predictor().setScoresOutput("scores").transform(df))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot transform with stage 'pictures':
                          - scoresOutput 'scores': expected one of the outputs [features, logits, maps], found none of that name. Mend setScoresOutput(…)""");
    }

    @Test
    void readsLabelsFromAFileOnce(@TempDir Path directory, SparkSession spark) throws IOException {
        Path file = directory.resolve("labels.txt");
        Files.writeString(file, "\uFEFFn1\ttabby cat\r\nn2\ttiger\nn3\nn4\tgräs\n\n", StandardCharsets.UTF_8);
        ImagePredictor predictor = predictor().setLabelsFrom(spark, file.toUri().toString());
        Files.delete(file);
        assertThat(predictor.getOrDefault(predictor.labels())).isEqualTo(LABELS);
    }

    @Test
    void refusesAFileOfAnotherNumberOfLabels(@TempDir Path directory, SparkSession spark) throws IOException {
        Path file = directory.resolve("labels.txt");
        Files.writeString(file, "a\nb\nc\nd\ne\n");
        ImagePredictor predictor = predictor().setLabelsFrom(spark, file.toUri().toString());
        assertThatThrownBy(() -> predictor.transform(PictureFiles.frame(spark, List.of())))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot transform with stage 'pictures':
                          - labels: expected one for each of the 4 classes of output 'logits', found 5. Mend setLabels(…)""");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''           | a label on each line, found no line. Mend the file",
                "a\\n\\nb     | a label on each line, found line 2 to be blank. Mend the file",
                "\\u0000bytes | UTF-8, found other bytes. Mend the file",
                "none         | a file, found none. Mend the path",
            })
    void refusesFilesThatAreNoLabels(String content, String problem, @TempDir Path directory, SparkSession spark)
            throws IOException {
        Path file = directory.resolve("labels.txt");
        if (content.endsWith("bytes")) {
            Files.write(file, new byte[] {'a', '\n', (byte) 0xFF, (byte) 0xFE});
        } else if (!content.equals("none")) {
            Files.writeString(file, content.replace("\\n", "\n"));
        }
        String uri = file.toUri().toString();
        assertThatThrownBy(() -> predictor().setLabelsFrom(spark, uri))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Cannot read labels from '%s': expected %s", uri, problem);
    }

    @Test
    void refusesLabelsThatAreBlank() {
        assertThatThrownBy(() -> predictor().setLabels("a", " ", "c"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid labels: must not be blank, found number 2 of 3 to be");
    }

    @Test
    void isSavedWithItsLabels(@TempDir Path directory, SparkSession spark) throws IOException {
        ImagePredictor predictor = predictor();
        String uri = directory.resolve("stage").toUri().toString();
        predictor.save(uri);
        Dataset<Row> df = PictureFiles.frame(spark, PictureFiles.various());
        assertThat(ImagePredictor.load(uri).transform(df).select("predictions").collectAsList())
                .isEqualTo(predictor.transform(df).select("predictions").collectAsList());
    }
}
