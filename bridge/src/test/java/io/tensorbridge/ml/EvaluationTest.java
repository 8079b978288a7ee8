package io.tensorbridge.ml;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.tensorbridge.SparkExtension;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.mllib.evaluation.BinaryClassificationMetrics;
import org.apache.spark.mllib.evaluation.MulticlassMetrics;
import org.apache.spark.mllib.evaluation.RegressionMetrics;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.LongAccumulator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import scala.Tuple2;

@ExtendWith(SparkExtension.class)
class EvaluationTest {

    private static final StructType PAIRS = new StructType()
            .add("label", DataTypes.DoubleType)
            .add("a", DataTypes.DoubleType)
            .add("b", DataTypes.DoubleType);

    /** Rows of labels from 0 to 3, with the predictions of a good and a bad model, in several partitions. */
    private static List<Row> classes() {
        var random = new Random(7);
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            double label = random.nextInt(4);
            double good = random.nextInt(10) < 8 ? label : random.nextInt(5);
            rows.add(RowFactory.create(label, good, (double) random.nextInt(3)));
        }
        return rows;
    }

    private static List<Row> numbers() {
        var random = new Random(8);
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            double label = 1000 + random.nextGaussian();
            rows.add(RowFactory.create(label, label + random.nextGaussian() / 4, 1000.0 + random.nextInt(2)));
        }
        return rows;
    }

    private static List<Row> scores() {
        var random = new Random(9);
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            int label = random.nextInt(4) == 0 ? 1 : 0;
            rows.add(RowFactory.create(
                    (double) label, Math.round(10 * (label + random.nextGaussian())) / 10.0, random.nextDouble()));
        }
        return rows;
    }

    private static Dataset<Row> df(SparkSession spark, List<Row> rows) {
        return spark.createDataFrame(new JavaSparkContext(spark.sparkContext()).parallelize(rows, 3), PAIRS);
    }

    private static <T> T spark(SparkSession spark, List<Row> rows, int column, OfPairs<T> metrics) {
        return metrics.of(new JavaSparkContext(spark.sparkContext())
                .parallelize(rows, 3)
                .map(row -> new Tuple2<Object, Object>(row.get(column), row.get(0)))
                .rdd());
    }

    private interface OfPairs<T> {
        T of(org.apache.spark.rdd.RDD<Tuple2<Object, Object>> pairs);
    }

    @Test
    void countsClassesAsSparkDoes(SparkSession spark) {
        Map<String, Classification> both =
                Evaluation.of(df(spark, classes()), "label").classifications(List.of("b", "a"));
        assertThat(both.keySet()).containsExactly("b", "a");
        for (String name : both.keySet()) {
            Classification found = both.get(name);
            MulticlassMetrics expected = spark(spark, classes(), name.equals("a") ? 1 : 2, MulticlassMetrics::new);
            assertThat(found.rows()).isEqualTo(500);
            assertThat(found.accuracy()).isCloseTo(expected.accuracy(), within(1e-12));
            assertThat(found.weightedPrecision()).isCloseTo(expected.weightedPrecision(), within(1e-12));
            assertThat(found.weightedRecall()).isCloseTo(expected.weightedRecall(), within(1e-12));
            assertThat(found.weightedF1()).isCloseTo(expected.weightedFMeasure(), within(1e-12));
            assertThat(found.byLabel()).hasSize(4).allSatisfy(label -> {
                assertThat(label.precision()).isCloseTo(expected.precision((double) label.label()), within(1e-12));
                assertThat(label.recall()).isCloseTo(expected.recall((double) label.label()), within(1e-12));
                assertThat(label.f1()).isCloseTo(expected.fMeasure((double) label.label()), within(1e-12));
            });
            for (int label = 0; label < 4; label++) {
                for (int prediction = 0; prediction < 4; prediction++) {
                    assertThat(found.confusion().rows(label, prediction))
                            .isEqualTo((long) expected.confusionMatrix().apply(label, prediction));
                }
            }
        }
    }

    @Test
    void tellsLabelsAndConfusionAsDataFrames(SparkSession spark) {
        Dataset<Row> df = spark.sql("select * from values (0, 0), (0, 1), (1, 1), (1, 1), (2, 7) as (label, guess)");
        Classification found = Evaluation.of(df, "label").classification("guess");
        assertThat(found.toDataFrame(spark).collectAsList())
                .containsExactly(
                        RowFactory.create(0L, 2L, 1.0, 0.5, 2 / 3.0),
                        RowFactory.create(1L, 2L, 2 / 3.0, 1.0, 0.8),
                        RowFactory.create(2L, 1L, 0.0, 0.0, 0.0));
        assertThat(found.confusion().toDataFrame(spark).collectAsList())
                .containsExactly(
                        RowFactory.create(0L, 0L, 1L),
                        RowFactory.create(0L, 1L, 1L),
                        RowFactory.create(1L, 1L, 2L),
                        RowFactory.create(2L, 7L, 1L));
        assertThat(found.confusion().labels()).containsExactly(0L, 1L, 2L, 7L);
    }

    @Test
    void takesBooleansAndNumbersOfEveryType(SparkSession spark) {
        Dataset<Row> df = spark.range(10)
                .select(
                        col("id").lt(5).as("la.bel"),
                        col("id").lt(6).cast("byte").as("byte"),
                        col("id").lt(7).cast("decimal(3,1)").as("decimal"));
        Map<String, Classification> found = Evaluation.of(df, "LA.BEL").classifications(List.of("byte", "decimal"));
        assertThat(found.values()).extracting(Classification::accuracy).containsExactly(0.9, 0.8);
    }

    @Test
    void sumsUpErrorsAsSparkDoes(SparkSession spark) {
        Map<String, Regression> both =
                Evaluation.of(df(spark, numbers()), "label").regressions(List.of("a", "b"));
        both.forEach((name, found) -> {
            RegressionMetrics expected = spark(spark, numbers(), name.equals("a") ? 1 : 2, RegressionMetrics::new);
            assertThat(found.rows()).isEqualTo(500);
            assertThat(found.meanSquaredError()).isCloseTo(expected.meanSquaredError(), within(1e-9));
            assertThat(found.rootMeanSquaredError()).isCloseTo(expected.rootMeanSquaredError(), within(1e-9));
            assertThat(found.meanAbsoluteError()).isCloseTo(expected.meanAbsoluteError(), within(1e-9));
            assertThat(found.r2()).isCloseTo(expected.r2(), within(1e-9));
            assertThat(found.explainedVariance()).isCloseTo(expected.explainedVariance(), within(1e-9));
        });
    }

    @Test
    void hasNoR2OfLabelsThatAreAllTheSame(SparkSession spark) {
        Dataset<Row> df = spark.sql("select * from values (2, 1), (2, 3) as (label, guess)");
        assertThat(Evaluation.of(df, "label").regression("guess"))
                .isEqualTo(new Regression(2, 1.0, 1.0, Double.NaN, 1.0));
    }

    @Test
    void drawsCurvesAsSparkDoes(SparkSession spark) {
        Map<String, BinaryClassification> both =
                Evaluation.of(df(spark, scores()), "label").binaryClassifications(List.of("a", "b"));
        both.forEach((name, found) -> {
            BinaryClassificationMetrics expected =
                    spark(spark, scores(), name.equals("a") ? 1 : 2, BinaryClassificationMetrics::new);
            assertThat(found.areaUnderRoc()).isCloseTo(expected.areaUnderROC(), within(1e-12));
            assertThat(found.areaUnderPrecisionRecall()).isCloseTo(expected.areaUnderPR(), within(1e-12));
            assertThat(found.roc()).hasSameSizeAs(expected.roc().toJavaRDD().collect());
            assertThat(found.positives() + found.negatives()).isEqualTo(500);
            expected.unpersist();
        });
        List<Double> areas =
                both.values().stream().map(BinaryClassification::areaUnderRoc).toList();
        assertThat(areas.get(0)).isGreaterThan(0.7);
        assertThat(areas.get(1)).isBetween(0.4, 0.6);
        assertThat(spark.sparkContext().getPersistentRDDs().size()).isZero();
    }

    @Test
    void tellsCurvesAsDataFrames(SparkSession spark) {
        Dataset<Row> df = spark.sql("select * from values (true, 0.9), (false, 0.5), (true, 0.5) as (label, score)");
        BinaryClassification found = Evaluation.of(df, "label").binaryClassification("score");
        assertThat(found.rocToDataFrame(spark).collectAsList())
                .containsExactly(
                        RowFactory.create(0.0, 0.0),
                        RowFactory.create(0.0, 0.5),
                        RowFactory.create(1.0, 1.0),
                        RowFactory.create(1.0, 1.0));
        assertThat(found.precisionRecallToDataFrame(spark).collectAsList())
                .containsExactly(
                        RowFactory.create(0.0, 1.0), RowFactory.create(0.5, 1.0), RowFactory.create(1.0, 2 / 3.0));
        assertThat(found.areaUnderRoc()).isEqualTo(0.75);
        assertThat(found.positives()).isEqualTo(2);
    }

    @Test
    void hasFewerPointsForFewerBins(SparkSession spark) {
        Evaluation evaluation = Evaluation.of(df(spark, scores()), "label");
        assertThat(evaluation.bins(10).binaryClassification("b").roc()).hasSizeBetween(10, 20);
        assertThat(evaluation.binaryClassification("b").roc()).hasSizeGreaterThan(400);
    }

    @Test
    void computesEveryRowOnceForAllModels(SparkSession spark) {
        assertThat(rowsComputed(spark, classes(), evaluation -> evaluation.classifications(List.of("a", "b"))))
                .isEqualTo(500);
        assertThat(rowsComputed(spark, numbers(), evaluation -> evaluation.regressions(List.of("a", "b"))))
                .isEqualTo(500);
        assertThat(rowsComputed(spark, scores(), evaluation -> evaluation.binaryClassifications(List.of("a", "b"))))
                .isEqualTo(500);
    }

    private static long rowsComputed(SparkSession spark, List<Row> rows, Consumer<Evaluation> evaluate) {
        LongAccumulator computed = spark.sparkContext().longAccumulator();
        var counted = new JavaSparkContext(spark.sparkContext())
                .parallelize(rows, 3)
                .map(row -> {
                    computed.add(1);
                    return row;
                });
        evaluate.accept(Evaluation.of(spark.createDataFrame(counted, PAIRS), "label"));
        return computed.value();
    }

    @Test
    void saysAllThatIsWrongWithColumnsBeforeAJob(SparkSession spark) {
        Dataset<Row> df =
                spark.range(3).select(col("id").as("x"), lit("no").as("text"), lit(1).as("y"), lit(2).as("Y"));
        assertRefused(() -> Evaluation.of(df, "label").regressions(List.of("x", "text", "y")), """
                Cannot evaluate this DataFrame:
                  - label 'label': expected one column of that name, found none among [x, text, y, Y]
                  - prediction 'text': expected a column of numbers or booleans, found string. Make a number of it with select(…) before
                  - prediction 'y': expected one column of that name, found 2 among [x, text, y, Y]\
                """);
        assertRefused(() -> Evaluation.of(df, "x").binaryClassifications(List.of()), """
                Cannot evaluate this DataFrame:
                  - expected the column of a score or more, found none\
                """);
        assertRefused(() -> Evaluation.of(df, "x").binaryClassifications(List.of("x", "x")), """
                Cannot evaluate this DataFrame:
                  - expected each score once, found [x, x]\
                """);
        assertRefused(() -> Evaluation.of(df, "x").bins(0), "Invalid bins: must be positive, found 0");
    }

    @Test
    void saysAllThatIsWrongWithClasses(SparkSession spark) {
        assertRefused(
                () -> Evaluation.of(
                                df(spark, rows(new @Nullable Double[][] {
                                    {null, 1.0, 1.0}, {0.5, null, 1.0}, {2.0, 1e300, 1.0}, {null, Double.NaN, 1.0}
                                })),
                                "label")
                        .classifications(List.of("a", "b")),
                """
                Cannot evaluate this DataFrame:
                  - label 'label': expected whole numbers, found null in 2 rows. Leave such rows out, or fill them, with na()
                  - label 'label': expected whole numbers, found others in 1 row, such as 0.5
                  - prediction 'a': expected whole numbers, found null in 1 row. Leave such rows out, or fill them, with na()
                  - prediction 'a': expected whole numbers, found others in 2 rows, such as 1.0E300\
                """);
    }

    @Test
    void saysAllThatIsWrongWithNumbers(SparkSession spark) {
        assertRefused(
                () -> Evaluation.of(
                                df(spark, rows(new @Nullable Double[][] {
                                    {null, 1.0, 1.0}, {1.0, Double.NEGATIVE_INFINITY, Double.NaN}
                                })),
                                "label")
                        .regressions(List.of("a", "b")),
                """
                Cannot evaluate this DataFrame:
                  - label 'label': expected finite numbers, found null in 1 row. Leave such rows out, or fill them, with na()
                  - prediction 'a': expected finite numbers, found others in 1 row, such as -Infinity
                  - prediction 'b': expected finite numbers, found others in 1 row, such as NaN\
                """);
    }

    @Test
    void saysAllThatIsWrongWithScores(SparkSession spark) {
        assertRefused(
                () -> Evaluation.of(
                                df(spark, rows(new @Nullable Double[][] {
                                    {null, 1.0, 1.0}, {1.0, null, Double.NaN}, {2.0, null, 1.0}
                                })),
                                "label")
                        .binaryClassifications(List.of("a", "b")),
                """
                Cannot evaluate this DataFrame:
                  - label 'label': expected 0 or 1, found null in 1 row. Leave such rows out, or fill them, with na()
                  - label 'label': expected 0 or 1, found others in 1 row, such as 2.0
                  - label 'label': expected rows with 0 and rows with 1, found 1 row with 1 alone
                  - score 'a': expected numbers, found null in 2 rows. Leave such rows out, or fill them, with na()
                  - score 'b': expected numbers, found others in 1 row, such as NaN\
                """);
        assertThat(spark.sparkContext().getPersistentRDDs().size()).isZero();
    }

    @Test
    void refusesDataFramesWithoutRows(SparkSession spark) {
        Evaluation evaluation = Evaluation.of(df(spark, List.of()), "label");
        String message = "Cannot evaluate this DataFrame: expected rows, found none";
        assertRefused(() -> evaluation.classification("a"), message);
        assertRefused(() -> evaluation.regression("a"), message);
        assertRefused(() -> evaluation.binaryClassification("a"), message);
    }

    private static List<Row> rows(@Nullable Double[][] values) {
        return Arrays.stream(values)
                .map(row -> RowFactory.create((Object[]) row))
                .toList();
    }

    private static void assertRefused(Runnable evaluate, String message) {
        assertThatThrownBy(evaluate::run)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }
}
