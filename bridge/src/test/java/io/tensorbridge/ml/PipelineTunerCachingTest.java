package io.tensorbridge.ml;

import static org.apache.spark.sql.functions.expr;
import static org.assertj.core.api.Assertions.assertThat;
import static scala.jdk.javaapi.CollectionConverters.asScala;

import io.tensorbridge.HoldingTransformer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.spark.ml.Model;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.classification.NaiveBayes;
import org.apache.spark.ml.classification.NaiveBayesModel;
import org.apache.spark.ml.feature.SQLTransformer;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.tuning.CrossValidator;
import org.apache.spark.ml.tuning.CrossValidatorModel;
import org.apache.spark.ml.tuning.ParamGridBuilder;
import org.apache.spark.ml.tuning.TrainValidationSplit;
import org.apache.spark.scheduler.AccumulableInfo;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.util.LongAccumulator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import scala.jdk.javaapi.CollectionConverters;

class PipelineTunerCachingTest extends TunerFixture {

    @Test
    void computesFeaturesOnceForEachWayTheTransformersAreSet(SparkSession spark) {
        CountingFeatures features = features();
        NaiveBayes bayes = bayes();
        CrossValidator validator = crossValidator(pipeline(features, bayes), programsBySmoothing(features, bayes));
        tune(validator, pictures(spark));
        assertThat(featurized.value()).isEqualTo(2 * ROWS);
        assertThat(read.value()).isEqualTo(ROWS);

        featurized.reset();
        validator.fit(pictures(spark));
        // Spark's own fits and judges each map on each fold, with features of its own at least once
        assertThat(featurized.value()).isGreaterThan(4 * FOLDS * ROWS);
    }

    @Test
    void transformersPartWhereTheyAreSetOtherwise(SparkSession spark) {
        LongAccumulator first = spark.sparkContext().longAccumulator();
        var features = new CountingFeatures("first", first).with("pixels", "once", times("plain", 1));
        var more = new CountingFeatures("second", featurized).with("pixels", "features", times("plain", 1));
        NaiveBayes bayes = bayes();
        ParamMap[] maps = programsBySmoothing(more, bayes);
        tune(crossValidator(pipeline(features, more, bayes), maps), pictures(spark));
        assertThat(first.value()).isEqualTo(ROWS);
        assertThat(featurized.value()).isEqualTo(2 * ROWS);
    }

    @Test
    void whatTheCallerHasCachedStays(SparkSession spark) {
        Dataset<Row> df = pictures(spark).cache();
        try {
            CountingFeatures features = features();
            NaiveBayes bayes = bayes();
            ParamMap[] maps = programsBySmoothing(features, bayes);
            tune(crossValidator(pipeline(features, bayes), maps), df);
            assertThat(df.storageLevel()).isNotEqualTo(StorageLevel.NONE());
            assertThat(read.value()).isEqualTo(ROWS);
        } finally {
            df.unpersist();
        }
    }

    @Test
    void columnsThatTheRestDoesNotNameAreLeftOut(SparkSession spark) {
        CountingFeatures features = features();
        NaiveBayes bayes = bayes();
        ParamMap[] maps = new ParamMap[] {new ParamMap()};
        var evaluator = new ColumnsEvaluator();
        tune(crossValidator(pipeline(features, bayes), maps).setEvaluator(evaluator), pictures(spark));
        assertThat(ColumnsEvaluator.columns)
                .containsExactly("id", "label", "part", "features", "rawPrediction", "probability", "prediction");

        var statement = new SQLTransformer().setStatement("SELECT *, size(pixels) AS size FROM __THIS__");
        tune(crossValidator(pipeline(features, bayes, statement), maps).setEvaluator(evaluator), pictures(spark));
        assertThat(ColumnsEvaluator.columns).contains("pixels", "size");
    }

    @Test
    void anInputThatIsCachedIsNotCachedAgain(SparkSession spark) {
        Dataset<Row> df = pictures(spark).cache();
        try {
            CountingFeatures features = features();
            NaiveBayes bayes = bayes();
            var evaluator = new CachesEvaluator(spark);
            CrossValidator validator = crossValidator(pipeline(features, bayes), programsBySmoothing(features, bayes))
                    .setEvaluator(evaluator)
                    .setParallelism(1);
            tune(validator, df);
            // the caller's, the features of one program, and a fold's two parts
            assertThat(evaluator.first).isEqualTo(cachedBefore + 4);
        } finally {
            df.unpersist();
        }
    }

    @Test
    void twoTuningsOfTheSameRowsDoNotDisturbEachOther(SparkSession spark) throws Exception {
        Dataset<Row> df = pictures(spark);
        CountingFeatures features = features();
        NaiveBayes bayes = bayes();
        ParamMap[] maps = new ParamGridBuilder()
                .addGrid(features.program(), asScala(List.of(times("a", 1), times("b", 0.5f), squares("c"))))
                .build();
        var inFirst = new CountDownLatch(1);
        var secondIsDone = new CountDownLatch(1);
        CrossValidator first = crossValidator(pipeline(features, bayes), maps)
                .setEvaluator(TestEvaluator.doing(() -> {
                    inFirst.countDown();
                    assertThat(secondIsDone.await(60, TimeUnit.SECONDS)).isTrue();
                }))
                .setParallelism(1);
        CompletableFuture<PipelineTunerModel> outcome = CompletableFuture.supplyAsync(() -> tune(first, df));
        assertThat(inFirst.await(60, TimeUnit.SECONDS)).isTrue();
        try {
            tune(crossValidator(pipeline(features, bayes), maps), df);
        } finally {
            secondIsDone.countDown();
        }
        outcome.get(60, TimeUnit.SECONDS);
        assertThat(read.value()).isEqualTo(2 * ROWS);
        assertThat(featurized.value()).isEqualTo(2 * 3 * ROWS);
    }

    @Test
    void columnsAreNamedAsTheSessionNamesThem(SparkSession spark) {
        CountingFeatures features = features();
        NaiveBayes bayes = bayes();
        ParamMap[] maps = new ParamMap[] {new ParamMap()};
        var evaluator = new ColumnsEvaluator();
        var statement = new SQLTransformer().setStatement("SELECT *, size(PIXELS) AS size FROM __THIS__");
        tune(crossValidator(pipeline(features, bayes, statement), maps).setEvaluator(evaluator), pictures(spark));
        assertThat(ColumnsEvaluator.columns).contains("pixels", "size");

        Dataset<Row> renamed = pictures(spark).withColumnRenamed("pixels", "Pixels");
        var tensors = new TensorTransformer()
                .setProgram(times("plain", 1))
                .feed("x", "pixels")
                .fetch("y", "features")
                .asVector("features");
        tune(crossValidator(pipeline(tensors, bayes), maps).setEvaluator(evaluator), renamed);
        assertThat(ColumnsEvaluator.columns).contains("id", "features").doesNotContain("Pixels");
        statement.setStatement("SELECT *, size(pixels) AS size FROM __THIS__");
        tune(crossValidator(pipeline(tensors, bayes, statement), maps).setEvaluator(evaluator), renamed);
        assertThat(ColumnsEvaluator.columns).contains("Pixels", "size");

        Dataset<Row> quoted = pictures(spark).withColumnRenamed("pixels", "pi`xels");
        tensors.feed("x", "pi`xels");
        statement.setStatement("SELECT *, size(`pi``xels`) AS size FROM __THIS__");
        tune(crossValidator(pipeline(tensors, bayes, statement), maps).setEvaluator(evaluator), quoted);
        assertThat(ColumnsEvaluator.columns).contains("pi`xels", "size");
    }

    @ParameterizedTest
    @ValueSource(strings = {"CrossValidatorModel", "TrainValidationSplitModel", "PipelineTunerModel"})
    void columnsThatAModelInsideAModelNamesStay(String kind, SparkSession spark) {
        CountingFeatures features = features();
        var evaluator = new ColumnsEvaluator();
        ParamMap[] maps = new ParamMap[] {new ParamMap()};
        for (String column : List.of("pixels", "id")) {
            var statement =
                    new SQLTransformer().setStatement("SELECT *, string(%s) AS more FROM __THIS__".formatted(column));
            Model<?> model = holding(kind, pipeline(statement), spark);
            assertThat(model.getClass().getSimpleName()).isEqualTo(kind);
            if (model.hasParam("estimator")) {
                // what it was fitted with shows the same names, and need not be there
                model.clear(model.getParam("estimator"));
            }
            tune(crossValidator(pipeline(features, bayes(), model), maps).setEvaluator(evaluator), pictures(spark));
            assertThat(ColumnsEvaluator.columns).contains("more");
            assertThat(ColumnsEvaluator.columns.contains("pixels")).isEqualTo(column.equals("pixels"));
        }
    }

    private Model<?> holding(String kind, Pipeline pipeline, SparkSession spark) {
        ParamMap[] maps = new ParamMap[] {new ParamMap()};
        CrossValidator cross = crossValidator(pipeline, maps).setEvaluator(new ColumnsEvaluator());
        return switch (kind) {
            case "CrossValidatorModel" -> cross.fit(pictures(spark));
            case "TrainValidationSplitModel" ->
                new TrainValidationSplit()
                        .setEstimator(pipeline)
                        .setEstimatorParamMaps(maps)
                        .setEvaluator(new ColumnsEvaluator())
                        .fit(pictures(spark));
            default -> tune(cross, pictures(spark));
        };
    }

    @Test
    void nothingIsLeftOutIfAStageDoesNotShowWhatItHolds(SparkSession spark) {
        var statement = new SQLTransformer().setStatement("SELECT *, size(pixels) AS size FROM __THIS__");
        CrossValidator validator = crossValidator(
                        pipeline(features(), bayes(), new HoldingTransformer(statement)),
                        new ParamMap[] {new ParamMap()})
                .setEvaluator(new ColumnsEvaluator());
        tune(validator, pictures(spark));
        assertThat(ColumnsEvaluator.columns).contains("pixels", "size");
    }

    @Test
    void aColumnThatFeedsAProgramByItsNameStays(SparkSession spark) {
        Dataset<Row> df = pictures(spark).withColumnRenamed("pixels", "x");
        var first = new TensorTransformer("first")
                .setProgram(times("first", 0.5f))
                .feed("x", "x")
                .fetch("y", "once");
        var second = new TensorTransformer("second").fetch("y", "features").asVector("features");
        NaiveBayes bayes = bayes();
        ParamMap[] maps = new ParamGridBuilder()
                .addGrid(second.program(), asScala(List.of(times("plain", 1), squares("squares"))))
                .build();
        CrossValidator validator = crossValidator(pipeline(first, second, bayes), maps);
        PipelineTunerModel tuned = tune(validator, df);
        assertThat(read.value()).isEqualTo(ROWS);
        assertThat(metrics(tuned, spark)).containsExactly(validator.fit(df).avgMetrics());
    }

    @Test
    void transformersOfPipelinesInFrontRunOnce(SparkSession spark) {
        CountingFeatures features = features();
        NaiveBayes bayes = bayes();
        Pipeline inner = pipeline(pipeline(features), bayes);
        CrossValidator validator = crossValidator(pipeline(inner), programsBySmoothing(features, bayes));
        PipelineTunerModel tuned = tune(validator, pictures(spark));
        assertThat(featurized.value()).isEqualTo(2 * ROWS);
        CrossValidatorModel expected = validator.fit(pictures(spark));
        assertThat(metrics(tuned, spark)).containsExactly(expected.avgMetrics());
        assertThat(tuned.transform(pictures(spark)).collectAsList())
                .isEqualTo(expected.transform(pictures(spark)).collectAsList());
        assertThat(Arrays.stream(tuned.bestModel().stages()).map(Object::getClass))
                .isEqualTo(List.of(CountingFeatures.class, NaiveBayesModel.class));
    }

    @Test
    void stagesOfAPipelineInFrontMayBeParamsToo(SparkSession spark) {
        CountingFeatures features = features();
        CountingFeatures others = new CountingFeatures("others", featurized).with("pixels", "features", squares("s"));
        NaiveBayes bayes = bayes();
        Pipeline inner = new Pipeline();
        ParamMap[] maps = new ParamGridBuilder()
                .addGrid(inner.stages(), asScala(List.of(new PipelineStage[] {features}, new PipelineStage[] {others})))
                .build();
        CrossValidator validator = crossValidator(pipeline(inner, bayes), maps);
        PipelineTunerModel tuned = tune(validator, pictures(spark));
        assertThat(featurized.value()).isEqualTo(2 * ROWS);
        assertThat(metrics(tuned, spark))
                .doesNotHaveDuplicates()
                .containsExactly(validator.fit(pictures(spark)).avgMetrics());
    }

    @Test
    void eachProgramRunsOverEachPictureOnce(SparkSession spark) throws Exception {
        List<byte[]> files = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            files.add(PictureFiles.png(8 + i, 8, i));
        }
        Dataset<Row> df = PictureFiles.frame(spark, files).withColumn("label", expr("double(id % 2)"));
        var featurizer = new ImageFeaturizer("featurizer")
                .setProgram(SmallModels.network())
                .setInputCol("CONTENT")
                .setBlockRows(1)
                .fetch("features", "features");
        NaiveBayes bayes = bayes();
        ParamMap[] maps = new ParamGridBuilder()
                .addGrid(featurizer.program(), asScala(List.of(SmallModels.network(), SmallModels.otherNetwork())))
                .addGrid(bayes.smoothing(), new double[] {0.5, 8})
                .build();
        CrossValidator validator =
                crossValidator(pipeline(featurizer, bayes), maps).setEvaluator(new ColumnsEvaluator());
        var counter = new BlockCounter();
        spark.sparkContext().addSparkListener(counter);
        try {
            tune(validator, df);
            spark.sparkContext().listenerBus().waitUntilEmpty();
            assertThat(counter.blocks.values()).containsExactly(16L, 16L);
            assertThat(ColumnsEvaluator.columns).contains("features").doesNotContain("content");
        } finally {
            spark.sparkContext().removeSparkListener(counter);
        }
    }

    /** Counts the blocks that programs run over, by the node of a plan. */
    private static final class BlockCounter extends SparkListener {

        private final Map<Long, Long> blocks = new ConcurrentHashMap<>();

        @Override
        public void onTaskEnd(SparkListenerTaskEnd end) {
            for (AccumulableInfo metric :
                    CollectionConverters.asJava(end.taskInfo().accumulables())) {
                if (metric.name().contains("number of blocks")) {
                    blocks.merge(metric.id(), (Long) metric.update().get(), Long::sum);
                }
            }
        }
    }

    /** Counts what is cached when it is first asked. */
    private static final class CachesEvaluator extends TestEvaluator {

        private final SparkSession spark;
        private int first = -1;

        CachesEvaluator(SparkSession spark) {
            this.spark = spark;
        }

        @Override
        public double evaluate(Dataset<?> dataset) {
            first = first < 0 ? cachedRdds(spark) : first;
            return 1;
        }
    }

    private static final class ColumnsEvaluator extends TestEvaluator {

        static volatile List<String> columns = List.of();

        @Override
        public double evaluate(Dataset<?> dataset) {
            columns = List.of(dataset.columns());
            return 1;
        }
    }
}
