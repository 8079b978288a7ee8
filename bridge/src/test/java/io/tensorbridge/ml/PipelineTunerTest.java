package io.tensorbridge.ml;

import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.udf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static scala.jdk.javaapi.CollectionConverters.asScala;

import io.tensorbridge.SparkExtension;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.classification.NaiveBayes;
import org.apache.spark.ml.evaluation.Evaluator;
import org.apache.spark.ml.evaluation.MulticlassClassificationEvaluator;
import org.apache.spark.ml.feature.SQLTransformer;
import org.apache.spark.ml.feature.VectorAssembler;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.tuning.CrossValidator;
import org.apache.spark.ml.tuning.ParamGridBuilder;
import org.apache.spark.ml.tuning.TrainValidationSplit;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.util.LongAccumulator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class PipelineTunerTest {

    private static final int ROWS = 120;
    private static final int FOLDS = 2;

    private LongAccumulator featurized;
    private LongAccumulator read;
    private int cachedBefore;

    @BeforeEach
    void count(SparkSession spark) {
        featurized = spark.sparkContext().longAccumulator();
        read = spark.sparkContext().longAccumulator();
        cachedBefore = spark.sparkContext().getPersistentRDDs().size();
    }

    @AfterEach
    void nothingStaysCached(SparkSession spark) {
        assertThat(spark.sparkContext().getPersistentRDDs().size()).isEqualTo(cachedBefore);
    }

    /** Pixels of three values, labels that hang on them with some noise, and a count of the rows that are read. */
    private Dataset<Row> pictures(SparkSession spark) {
        LongAccumulator count = read;
        UDF1<Long, Long> counting = id -> {
            count.add(1);
            return id;
        };
        return spark.range(0, ROWS, 1, 2)
                .select(udf(counting, DataTypes.LongType).apply(col("id")).as("id"))
                .select(
                        col("id"),
                        expr("transform(array(7, 11, 13), p -> float((id * p * p) % 17 / 17.0))")
                                .as("pixels"))
                .select(
                        col("id"),
                        col("pixels"),
                        expr("double(pixels[0] + pixels[1] * pixels[2] + (id * 31 % 10) / 20.0 > 0.9)")
                                .as("label"),
                        expr("int(id % 2)").as("part"));
    }

    /** Multiplies by a number. */
    private static Program times(String name, float factor) {
        return Program.build(tf -> {
                    var x = placeholder(tf, "x", TFloat32.class, Shape.of(-1, 3));
                    return outputs("y", tf.math.mul(x, tf.constant(factor)));
                })
                .named(name);
    }

    /** Squares and multiplies by a number. */
    private static Program squares(String name) {
        return Program.build(tf -> {
                    var x = placeholder(tf, "x", TFloat32.class, Shape.of(-1, 3));
                    return outputs("y", tf.math.square(x));
                })
                .named(name);
    }

    private CountingFeatures features() {
        return new CountingFeatures("featurizer", featurized).with("pixels", "features", times("plain", 1));
    }

    /** One that fits in a single job. */
    private static NaiveBayes bayes() {
        return new NaiveBayes("bayes");
    }

    private static Pipeline pipeline(PipelineStage... stages) {
        return new Pipeline().setStages(stages);
    }

    private static CrossValidator crossValidator(Estimator<?> estimator, ParamMap[] maps) {
        return new CrossValidator()
                .setEstimator(estimator)
                .setEstimatorParamMaps(maps)
                .setEvaluator(new MulticlassClassificationEvaluator().setMetricName("logLoss"))
                .setNumFolds(FOLDS)
                .setSeed(7)
                .setParallelism(2);
    }

    private static ParamMap[] programsBySmoothing(CountingFeatures features, NaiveBayes bayes) {
        return new ParamGridBuilder()
                .addGrid(features.program(), asScala(List.of(times("plain", 1), squares("squares"))))
                .addGrid(bayes.smoothing(), new double[] {0.5, 8})
                .build();
    }

    private static PipelineTunerModel tune(CrossValidator validator, Dataset<Row> df) {
        return new PipelineTuner().setValidator(validator).fit(df);
    }

    private static double[] metrics(PipelineTunerModel model, SparkSession spark) {
        return model.results(spark).orderBy("trial").collectAsList().stream()
                .mapToDouble(row -> row.<Double>getAs("metric"))
                .toArray();
    }

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
    void aFailedTrialIsNamedAndEndsTheOthers(SparkSession spark) {
        CountingFeatures features = features();
        NaiveBayes bayes = bayes();
        ParamMap[] maps = programsBySmoothing(features, bayes);
        var evaluator = new FailingEvaluator(3);
        CrossValidator validator = crossValidator(pipeline(features, bayes), maps)
                .setEvaluator(evaluator)
                .setParallelism(1);
        assertThatThrownBy(() -> tune(validator, pictures(spark)))
                .isInstanceOf(TrialException.class)
                .hasMessage("The trial with {program=plain, smoothing=0.5} failed in fold 2 of 2: No metric today")
                .cause()
                .isInstanceOf(IllegalStateException.class);
        assertThat(evaluator.count.get()).isEqualTo(3);
    }

    @Test
    void aProgramThatFailsIsNamed(SparkSession spark) {
        CountingFeatures features = features();
        NaiveBayes bayes = bayes();
        Program failing = Program.build(tf -> {
                    var x = placeholder(tf, "x", TFloat32.class, Shape.of(-1, 3));
                    return outputs("y", tf.reshape(x, tf.constant(new int[] {-1, 7})));
                })
                .named("failing");
        ParamMap[] maps = new ParamGridBuilder()
                .addGrid(features.program(), asScala(List.of(failing)))
                .build();
        CrossValidator validator =
                crossValidator(pipeline(features, bayes), maps).setParallelism(1);
        assertThatThrownBy(() -> tune(validator, pictures(spark)))
                .isInstanceOf(TrialException.class)
                .hasMessageStartingWith("The trial with {program=failing} failed in fold 1 of 2: Job aborted")
                .hasStackTraceContaining("multiple of 7");
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
    void anInterruptEndsItAll(SparkSession spark) throws InterruptedException {
        CountingFeatures features = features();
        NaiveBayes bayes = bayes();
        ParamMap[] maps = programsBySmoothing(features, bayes);
        var evaluator = new WaitingEvaluator();
        CrossValidator validator =
                crossValidator(pipeline(features, bayes), maps).setEvaluator(evaluator);
        var outcome = new CompletableFuture<Throwable>();
        var thread = new Thread(() -> {
            try {
                tune(validator, pictures(spark));
                outcome.complete(new AssertionError("The tuning ended well"));
            } catch (CancellationException e) {
                outcome.complete(e);
            }
        });
        thread.start();
        assertThat(WaitingEvaluator.STARTED.await(60, TimeUnit.SECONDS)).isTrue();
        thread.interrupt();
        thread.join(20_000);
        assertThat(outcome.getNow(new AssertionError("The tuning did not end")))
                .isInstanceOf(CancellationException.class)
                .hasMessage("The tuning was interrupted");
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

    /** Fails the third time, or whichever it is told. */
    private static final class FailingEvaluator extends TestEvaluator {

        private final int at;
        private final AtomicInteger count = new AtomicInteger();

        FailingEvaluator(int at) {
            this.at = at;
        }

        @Override
        public double evaluate(Dataset<?> dataset) {
            if (count.incrementAndGet() == at) {
                throw new IllegalStateException("No metric today\nwhatever follows");
            }
            return 1;
        }
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

    private static final class WaitingEvaluator extends TestEvaluator {

        static final CountDownLatch STARTED = new CountDownLatch(1);

        @Override
        public double evaluate(Dataset<?> dataset) {
            // what an estimator that is cut off leaves behind
            dataset.toDF().rdd().persist(StorageLevel.MEMORY_ONLY()).count();
            STARTED.countDown();
            try {
                Thread.sleep(60_000);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
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

    private abstract static class TestEvaluator extends Evaluator {

        private final String uid = Identifiable.randomUID("evaluator");

        @Override
        public String uid() {
            return uid;
        }

        @Override
        public Evaluator copy(ParamMap extra) {
            return this;
        }
    }
}
