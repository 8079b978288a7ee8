package io.tensorbridge.ml;

import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.udf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static scala.jdk.javaapi.CollectionConverters.asScala;

import io.tensorbridge.tensor.Program;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.TaskContext;
import org.apache.spark.ml.classification.NaiveBayes;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.tuning.CrossValidator;
import org.apache.spark.ml.tuning.ParamGridBuilder;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.storage.StorageLevel;
import org.junit.jupiter.api.Test;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

class PipelineTunerFailuresTest extends TunerFixture {

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
    void anInterruptEndsItAll(SparkSession spark) throws InterruptedException {
        CountingFeatures features = features();
        NaiveBayes bayes = bayes();
        ParamMap[] maps = programsBySmoothing(features, bayes);
        var evaluator = new WaitingEvaluator();
        CrossValidator validator =
                crossValidator(pipeline(features, bayes), maps).setEvaluator(evaluator);
        assertInterruptEnds(() -> tune(validator, pictures(spark)), WaitingEvaluator.STARTED);
    }

    @Test
    void aFailureToFitTheBestIsNamedAndLeavesNothing(SparkSession spark) {
        CountingFeatures features = features();
        var bayes = new WatchedBayes(FOLDS + 1, dataset -> {
            persist(dataset);
            throw new IllegalStateException("No model today");
        });
        CrossValidator validator = crossValidator(pipeline(features, bayes), onlyProgram(features));
        assertThatThrownBy(() -> tune(validator, pictures(spark)))
                .isInstanceOf(TrialException.class)
                .hasMessage("The trial with {program=plain} failed when fitted to all rows: No model today");
    }

    @Test
    void anInterruptEndsTheFitOfTheBest(SparkSession spark) throws InterruptedException {
        CountingFeatures features = features();
        var started = new CountDownLatch(1);
        var bayes = new WatchedBayes(FOLDS + 1, dataset -> {
            persist(dataset);
            started.countDown();
            UDF1<Object, Boolean> waiting = label -> {
                long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
                while (!TaskContext.get().isInterrupted() && System.nanoTime() < end) {
                    Thread.onSpinWait();
                }
                return true;
            };
            dataset.filter(udf(waiting, DataTypes.BooleanType).apply(col("label")))
                    .count();
        });
        CrossValidator validator = crossValidator(pipeline(features, bayes), onlyProgram(features));
        assertInterruptEnds(() -> tune(validator, pictures(spark)), started);
        assertThat(spark.sparkContext().statusTracker().getActiveJobIds()).isEmpty();
    }

    @Test
    void aFailureLeavesTheCacheOfAnInputThatItsTrialsHaveFilled(SparkSession spark) {
        Dataset<Row> df = pictures(spark).cache();
        try {
            CountingFeatures features = features();
            NaiveBayes bayes = bayes();
            CrossValidator validator = crossValidator(pipeline(features, bayes), programsBySmoothing(features, bayes))
                    .setEvaluator(new FailingEvaluator(1));
            assertThatThrownBy(() -> tune(validator, df)).isInstanceOf(TrialException.class);
            assertThat(read.value()).isEqualTo(ROWS);
            assertThat(cachedRdds(spark)).isEqualTo(cachedBefore + 1);
            assertThat(df.count()).isEqualTo(ROWS);
            assertThat(df.agg(sum("label")).head().getDouble(0)).isPositive();
            assertThat(read.value()).isEqualTo(ROWS);
        } finally {
            df.unpersist();
        }
    }

    @Test
    void aFailureLeavesTheCacheOfAnotherTableThatItsTrialsHaveFilled(SparkSession spark) {
        Dataset<Row> table = spark.range(10).toDF("id").cache();
        try {
            CountingFeatures features = features();
            var bayes = new WatchedBayes(1, dataset -> {
                dataset.join(table, "id").count();
                throw new IllegalStateException("No model today");
            });
            CrossValidator validator = crossValidator(pipeline(features, bayes), onlyProgram(features));
            assertThatThrownBy(() -> tune(validator, pictures(spark))).isInstanceOf(TrialException.class);
            assertThat(cachedRdds(spark)).isEqualTo(cachedBefore + 1);
            assertThat(cachedDatasets(spark)).isEqualTo(entriesBefore + 1);
        } finally {
            table.unpersist();
        }
    }

    @Test
    void rowsThatAnEstimatorHasMadeAnewAndCachedAreLetGoOf(SparkSession spark) {
        CountingFeatures features = features();
        var anew = new CompletableFuture<Dataset<Row>>();
        // as a validator does that is tuned itself
        var bayes = new WatchedBayes(1, dataset -> {
            Dataset<Row> df = dataset.toDF();
            anew.complete(spark.createDataFrame(df.rdd(), df.schema()).persist());
            anew.join().count();
            throw new IllegalStateException("No model today");
        });
        CrossValidator validator = crossValidator(pipeline(features, bayes), onlyProgram(features));
        assertThatThrownBy(() -> tune(validator, pictures(spark))).isInstanceOf(TrialException.class);
        assertThat(cachedRdds(spark)).isEqualTo(cachedBefore);
        // Spark does not tell whose entry that is, which holds no rows any more
        anew.join().unpersist();
    }

    private static ParamMap[] onlyProgram(CountingFeatures features) {
        return new ParamGridBuilder()
                .addGrid(features.program(), asScala(List.of(times("plain", 1))))
                .build();
    }

    /** Leaves behind what an estimator does that is cut off. */
    private static void persist(Dataset<?> dataset) {
        dataset.toDF().rdd().persist(StorageLevel.MEMORY_ONLY()).count();
        dataset.select("features", "label").persist().count();
        dataset.select("label").persist();
    }

    private static void assertInterruptEnds(Runnable tuning, CountDownLatch started) throws InterruptedException {
        var outcome = new CompletableFuture<Throwable>();
        var thread = new Thread(() -> {
            try {
                tuning.run();
                outcome.complete(new AssertionError("The tuning ended well"));
            } catch (Throwable e) {
                outcome.complete(e);
            }
        });
        thread.start();
        assertThat(started.await(60, TimeUnit.SECONDS)).isTrue();
        thread.interrupt();
        thread.join(20_000);
        assertThat(outcome.getNow(new AssertionError("The tuning did not end")))
                .isInstanceOf(CancellationException.class)
                .hasMessage("The tuning was interrupted");
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

    private static final class WaitingEvaluator extends TestEvaluator {

        static final CountDownLatch STARTED = new CountDownLatch(1);

        @Override
        public double evaluate(Dataset<?> dataset) {
            // what an estimator that is cut off leaves behind
            persist(dataset);
            STARTED.countDown();
            try {
                Thread.sleep(60_000);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return 1;
        }
    }
}
