package io.tensorbridge.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.tensor.NativeMemoryExtension;
import java.io.IOException;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs the examples on pictures, each on few, and holds the page on Spark ML against them. */
@ExtendWith(NativeMemoryExtension.class)
class PictureExamplesTest {

    private interface Run {
        void on(SparkSession spark) throws IOException;
    }

    private static List<String> printedBy(Run run) {
        return Documentation.printedBy(args -> {
                    try (SparkSession spark = SparkSession.builder()
                            .master("local[2]")
                            .appName("PictureExamplesTest")
                            .config("spark.ui.enabled", "false")
                            .config("spark.sql.shuffle.partitions", "2")
                            .getOrCreate()) {
                        run.on(spark);
                    }
                })
                .lines()
                .toList();
    }

    private static double number(String line, String what) {
        assertThat(line).startsWith(what + ": ");
        return Double.parseDouble(line.substring(what.length() + 2));
    }

    @Test
    void learnsFromFeaturesOfANetwork() {
        List<String> lines = printedBy(spark -> TransferLearning.run(spark, 200, 100));
        assertThat(lines).hasSize(3);
        assertThat(number(lines.get(0), "accuracy")).isBetween(0.6, 1.0);
        assertThat(number(lines.get(1), "accuracy on raw pixels")).isBetween(0.5, 1.0);
        assertThat(number(lines.get(2), "accuracy of a perceptron")).isBetween(0.5, 1.0);
    }

    @Test
    void tellsWhichLayerIsTheBestToLearnFrom() {
        List<String> lines = printedBy(spark -> TuneModels.run(spark, 100, 50));
        assertThat(lines.get(1)).matches("\\| *layer\\|regParam\\|accuracy\\|seconds\\|featureSeconds\\| best\\|");
        Pattern row = Pattern.compile("\\| *(block \\d+)\\| *(0\\.\\d+)\\| *(\\d\\.\\d+)\\|.*\\| *(true|false)\\|");
        List<MatchResult> rows = lines.stream()
                .map(row::matcher)
                .filter(Matcher::matches)
                .map(Matcher::toMatchResult)
                .toList();
        assertThat(rows.stream().map(found -> found.group(1) + ", " + found.group(2)))
                .containsExactlyInAnyOrder("block 6, 0.01", "block 6, 0.1", "block 13, 0.01", "block 13, 0.1");
        assertThat(rows.stream().filter(found -> found.group(4).equals("true"))).hasSize(1);
        assertThat(rows)
                .allSatisfy(
                        found -> assertThat(Double.parseDouble(found.group(3))).isBetween(0.4, 1.0));
        assertThat(number(lines.get(lines.size() - 1), "accuracy of the best")).isBetween(0.4, 1.0);
    }

    @Test
    void namesTheThreeBestClasses() {
        List<String> lines = printedBy(spark -> PredictTopK.run(spark, 200, 10));
        assertThat(lines).hasSize(10);
        Pattern guess = Pattern.compile("(?<= -> |, )([^,]+) (\\d\\.\\d\\d)");
        int right = 0;
        for (String line : lines) {
            String label = line.substring(0, line.indexOf(" -> "));
            assertThat(FashionPictures.CLASSES).contains(label);
            List<MatchResult> guesses = guess.matcher(line).results().toList();
            assertThat(guesses).hasSize(3);
            double before = 1;
            for (MatchResult found : guesses) {
                assertThat(FashionPictures.CLASSES).contains(found.group(1));
                double probability = Double.parseDouble(found.group(2));
                assertThat(probability).isBetween(0.0, before);
                before = probability;
            }
            if (guesses.get(0).group(1).equals(label)) {
                right++;
            }
        }
        assertThat(right).isGreaterThanOrEqualTo(5);
    }

    @Test
    void findsWhatLooksAlike() {
        List<String> lines = printedBy(spark -> SimilarPictures.run(spark, 200, 10));
        assertThat(lines).hasSize(10);
        Pattern form = Pattern.compile("\\d+, (.*): like \\d+, (.*)");
        assertThat(lines).allMatch(line -> form.matcher(line).matches());
        assertThat(lines.stream()
                        .map(form::matcher)
                        .filter(Matcher::matches)
                        .filter(found -> found.group(1).equals(found.group(2))))
                .hasSizeGreaterThanOrEqualTo(5);
    }

    @ParameterizedTest
    @CsvSource({"TransferLearning, learn", "TransferLearning, save", "TuneModels, tune", "PredictTopK, predict"})
    void isTheCodeOfThePage(String example, String region) throws IOException {
        assertThat(Documentation.page("docs/ml.md"))
                .contains("```java\n" + Documentation.region(example, region) + "```\n");
    }
}
