package io.tensorbridge.ml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static scala.jdk.javaapi.CollectionConverters.asScala;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.classification.NaiveBayes;
import org.apache.spark.ml.evaluation.MulticlassClassificationEvaluator;
import org.apache.spark.ml.feature.SQLTransformer;
import org.apache.spark.ml.feature.VectorAssembler;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.tuning.CrossValidator;
import org.apache.spark.ml.tuning.ParamGridBuilder;
import org.apache.spark.ml.tuning.TrainValidationSplit;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PipelineTunerTest extends TunerFixture {

    @ParameterizedTest
    @ValueSource(strings = {"", "part"})
    void givesTheMetricsAndTheModelOfSparksCrossValidator(String foldColumn, SparkSession spark) {
        CountingFeatures features = features();
        NaiveBayes bayes = bayes();
        CrossValidator validator = crossValidator(pipeline(features, bayes), programsBySmoothing(features, bayes))
                .setFoldCol(foldColumn);
        var expected = validator.fit(pictures(spark));
        PipelineTunerModel tuned = tune(validator, pictures(spark));
        assertThat(metrics(tuned, spark)).containsExactly(expected.avgMetrics());
        assertThat(expected.avgMetrics()).doesNotHaveDuplicates();
        assertThat(tuned.transform(pictures(spark)).collectAsList())
                .isEqualTo(expected.transform(pictures(spark)).collectAsList());
    }

    @Test
    void givesTheMetricsOfSparksTrainValidationSplit(SparkSession spark) {
        CountingFeatures features = features();
        NaiveBayes bayes = bayes();
        var validator = new TrainValidationSplit()
                .setEstimator(pipeline(features, bayes))
                .setEstimatorParamMaps(programsBySmoothing(features, bayes))
                .setEvaluator(new MulticlassClassificationEvaluator().setMetricName("logLoss"))
                .setSeed(7);
        var expected = validator.fit(pictures(spark));
        featurized.reset();
        read.reset();
        PipelineTunerModel tuned = new PipelineTuner().setValidator(validator).fit(pictures(spark));
        assertThat(metrics(tuned, spark)).containsExactly(expected.validationMetrics());
        assertThat(featurized.value()).isEqualTo(2 * ROWS);
        assertThat(read.value()).isEqualTo(ROWS);
    }

    @Test
    void theBestOfATrainValidationSplitIsFittedToBothParts(SparkSession spark) {
        CountingFeatures features = features();
        NaiveBayes bayes = bayes();
        Pipeline pipeline = pipeline(features, bayes);
        var validator = new TrainValidationSplit()
                .setEstimator(pipeline)
                .setEstimatorParamMaps(new ParamMap[] {new ParamMap()})
                .setEvaluator(new MulticlassClassificationEvaluator().setMetricName("logLoss"))
                .setTrainRatio(0.5)
                .setSeed(7);
        PipelineTunerModel tuned = new PipelineTuner().setValidator(validator).fit(pictures(spark));
        Dataset<Row>[] parts = pictures(spark).randomSplit(new double[] {0.5, 0.5}, 7);
        List<Row> expected = pipeline.fit(parts[0].union(parts[1]))
                .transform(pictures(spark))
                .collectAsList();
        assertThat(tuned.transform(pictures(spark)).collectAsList())
                .isEqualTo(expected)
                .isNotEqualTo(pipeline.fit(parts[0]).transform(pictures(spark)).collectAsList());
    }

    @Test
    void asManyTrialsRunAtOnceAsTheValidatorSays(SparkSession spark) {
        CountingFeatures features = features();
        NaiveBayes bayes = bayes();
        var both = new CountDownLatch(2);
        var areTogether = new AtomicBoolean(true);
        CrossValidator validator = crossValidator(pipeline(features, bayes), programsBySmoothing(features, bayes))
                .setEvaluator(TestEvaluator.doing(() -> {
                    both.countDown();
                    areTogether.compareAndSet(true, both.await(30, TimeUnit.SECONDS));
                }));
        tune(validator, pictures(spark));
        assertThat(areTogether).isTrue();
    }

    @Test
    void stagesMayBeParamsToo(SparkSession spark) {
        CountingFeatures features = features();
        NaiveBayes bayes = bayes();
        Pipeline pipeline = pipeline(features, bayes);
        var assembler = new VectorAssembler("assembler")
                .setInputCols(new String[] {"id", "part"})
                .setOutputCol("features");
        ParamMap[] maps = new ParamGridBuilder()
                .addGrid(
                        pipeline.stages(),
                        asScala(List.of(new PipelineStage[] {features, bayes}, new PipelineStage[] {assembler, bayes})))
                .build();
        CrossValidator validator = crossValidator(pipeline, maps);
        PipelineTunerModel tuned = tune(validator, pictures(spark));
        assertThat(metrics(tuned, spark))
                .containsExactly(validator.fit(pictures(spark)).avgMetrics());
        assertThat(tuned.results(spark).select("params").collectAsList().stream()
                        .map(row -> row.<Object, Object>getJavaMap(0).get("stages")))
                .containsExactly("[featurizer, bayes]", "[assembler, bayes]");
    }

    @Test
    void tunesWhatBeginsWithAnEstimator(SparkSession spark) {
        Dataset<Row> assembled = new VectorAssembler()
                .setInputCols(new String[] {"id", "part"})
                .setOutputCol("features")
                .transform(pictures(spark));
        NaiveBayes bayes = bayes();
        ParamMap[] maps = new ParamGridBuilder()
                .addGrid(bayes.smoothing(), new double[] {0.5, 8})
                .build();
        for (Estimator<?> estimator : List.of(bayes, pipeline(bayes))) {
            read.reset();
            CrossValidator validator = crossValidator(estimator, maps);
            PipelineTunerModel tuned = tune(validator, assembled);
            assertThat(read.value()).isEqualTo(ROWS);
            assertThat(metrics(tuned, spark))
                    .containsExactly(validator.fit(assembled).avgMetrics());
        }
    }

    @Test
    void tunesWhatHasNothingToFit(SparkSession spark) {
        CountingFeatures features = features();
        var guess = new SQLTransformer()
                .setStatement("SELECT *, double(vector_sum(features) > 0.5) AS prediction FROM __THIS__");
        UDF1<Vector, Double> sum = vector -> Arrays.stream(vector.toArray()).sum();
        spark.udf().register("vector_sum", sum, DataTypes.DoubleType);
        ParamMap[] maps = new ParamGridBuilder()
                .addGrid(features.program(), asScala(List.of(times("plain", 1), times("half", 0.5f))))
                .build();
        CrossValidator validator = crossValidator(pipeline(features, guess), maps)
                .setEvaluator(new MulticlassClassificationEvaluator().setMetricName("accuracy"));
        PipelineTunerModel tuned = tune(validator, pictures(spark));
        assertThat(metrics(tuned, spark))
                .containsExactly(validator.fit(pictures(spark)).avgMetrics());
    }

    @Test
    void tellsWhatCameOfEachTrial(SparkSession spark) {
        CountingFeatures features = features();
        NaiveBayes bayes = bayes();
        ParamMap[] maps = programsBySmoothing(features, bayes);
        PipelineTunerModel tuned = tune(crossValidator(pipeline(features, bayes), maps), pictures(spark));
        List<Row> rows = tuned.results(spark).collectAsList();
        List<Map<Object, Object>> params = new ArrayList<>();
        double best = rows.stream()
                .mapToDouble(row -> row.<Double>getAs("metric"))
                .min()
                .orElseThrow();
        for (Row row : rows) {
            params.add(row.getJavaMap(row.fieldIndex("params")));
            assertThat(row.<Integer>getAs("trial")).isEqualTo(params.size() - 1);
            assertThat(row.<Double>getAs("seconds")).isPositive();
            assertThat(row.<Double>getAs("featureSeconds")).isPositive();
            assertThat(row.<Boolean>getAs("best")).isEqualTo(row.<Double>getAs("metric") == best);
        }
        assertThat(params)
                .containsExactlyInAnyOrder(
                        Map.of("program", "plain", "smoothing", "0.5"),
                        Map.of("program", "plain", "smoothing", "8.0"),
                        Map.of("program", "squares", "smoothing", "0.5"),
                        Map.of("program", "squares", "smoothing", "8.0"));
    }

    @Test
    void theBestIsWrittenAsAPipeline(SparkSession spark, @TempDir Path directory) throws IOException {
        var assembler = new VectorAssembler("assembler")
                .setInputCols(new String[] {"id", "part"})
                .setOutputCol("features");
        NaiveBayes bayes = bayes();
        ParamMap[] maps = new ParamGridBuilder()
                .addGrid(bayes.smoothing(), new double[] {0.5, 8})
                .build();
        PipelineTunerModel tuned = tune(crossValidator(pipeline(assembler, bayes), maps), pictures(spark));
        String path = directory.resolve("model").toString();
        tuned.write().overwrite().save(path);
        assertThat(PipelineModel.load(path).transform(pictures(spark)).collectAsList())
                .isEqualTo(tuned.transform(pictures(spark)).collectAsList());
        assertThat(tuned.copy(new ParamMap()).transform(pictures(spark)).collectAsList())
                .isEqualTo(tuned.transform(pictures(spark)).collectAsList());
        assertThat(tuned.transformSchema(pictures(spark).schema()).fieldNames())
                .containsExactlyInAnyOrder(tuned.transform(pictures(spark)).columns());
        assertThat(tuned.parent()).isInstanceOf(PipelineTuner.class);
    }

    @Test
    void refusesToKeepAllModels(SparkSession spark) {
        CrossValidator validator = crossValidator(pipeline(features(), bayes()), new ParamMap[] {new ParamMap()})
                .setCollectSubModels(true);
        assertThatThrownBy(() -> tune(validator, pictures(spark)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Invalid validator: expected collectSubModels false, found true. The models of all trials are not kept; call setCollectSubModels(false)");
    }

    @Test
    void refusesOtherValidators() {
        assertThatThrownBy(() -> Validation.of(bayes()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Invalid validator: expected a CrossValidator or a TrainValidationSplit, found org.apache.spark.ml.classification.NaiveBayes");
    }

    @Test
    void whatIsNoNumberIsNeverTheBest(SparkSession spark) {
        CountingFeatures features = features();
        NaiveBayes bayes = bayes();
        ParamMap[] maps = programsBySmoothing(features, bayes);
        CrossValidator validator = crossValidator(pipeline(features, bayes), maps)
                .setEvaluator(new ListedEvaluator(Double.NaN, 1, 3, 3))
                .setFoldCol("part")
                .setParallelism(1);
        PipelineTunerModel tuned = tune(validator, pictures(spark));
        // trials of the first program on one fold, then on the other, and those of the second: the first gives NaN
        assertThat(metrics(tuned, spark)).contains(Double.NaN).contains(3);
        assertThat(tuned.results(spark).filter("best").collectAsList())
                .hasSize(1)
                .allMatch(row -> row.<Double>getAs("metric") == 3);
    }

    @Test
    void aCopyHasAValidatorOfItsOwn() {
        NaiveBayes bayes = bayes();
        var tuner = new PipelineTuner().setValidator(crossValidator(bayes, new ParamMap[] {new ParamMap()}));
        PipelineTuner copy = tuner.copy(new ParamMap().put(bayes.smoothing(), 3.0));
        var inner = (NaiveBayes) ((CrossValidator) copy.getOrDefault(copy.validator())).getEstimator();
        assertThat(inner.getSmoothing()).isEqualTo(3);
        assertThat(bayes.getSmoothing()).isEqualTo(1);
        assertThat(copy.uid()).isEqualTo(tuner.uid());
        assertThat(tuner.explainParams()).startsWith("validator: the CrossValidator or TrainValidationSplit");
    }

    /** Gives the same metric to all trials of a smoothing and a program, whichever fold, in the order of trials. */
    private static final class ListedEvaluator extends TestEvaluator {

        private final double[] metrics;
        private final AtomicInteger count = new AtomicInteger();

        ListedEvaluator(double... metrics) {
            this.metrics = metrics;
        }

        @Override
        public double evaluate(Dataset<?> dataset) {
            int call = count.getAndIncrement();
            // two trials of a program on each of two folds
            return metrics[call / 4 * 2 + call % 2];
        }
    }
}
