package io.tensorbridge.ml;

import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.udf;
import static org.assertj.core.api.Assertions.assertThat;
import static scala.jdk.javaapi.CollectionConverters.asScala;

import io.tensorbridge.SparkExtension;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import java.util.List;
import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.classification.NaiveBayes;
import org.apache.spark.ml.evaluation.MulticlassClassificationEvaluator;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.tuning.CrossValidator;
import org.apache.spark.ml.tuning.ParamGridBuilder;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.util.LongAccumulator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

/** Pictures to tune on, and what is to be seen of it: what was counted, and that nothing stays cached. */
@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
abstract class TunerFixture {

    static final int ROWS = 120;
    static final int FOLDS = 2;

    LongAccumulator featurized;
    LongAccumulator read;
    int cachedBefore;
    int entriesBefore;

    @BeforeEach
    void count(SparkSession spark) {
        featurized = spark.sparkContext().longAccumulator();
        read = spark.sparkContext().longAccumulator();
        cachedBefore = cachedRdds(spark);
        entriesBefore = cachedDatasets(spark);
    }

    @AfterEach
    void nothingStaysCached(SparkSession spark) {
        assertThat(cachedRdds(spark)).isEqualTo(cachedBefore);
        assertThat(cachedDatasets(spark)).isEqualTo(entriesBefore);
    }

    static int cachedRdds(SparkSession spark) {
        return spark.sparkContext().getPersistentRDDs().size();
    }

    static int cachedDatasets(SparkSession spark) {
        var classic = (org.apache.spark.sql.classic.SparkSession) spark;
        return classic.sharedState().cacheManager().numCachedEntries();
    }

    /** Pixels of three values, labels that hang on them with some noise, and a count of the rows that are read. */
    Dataset<Row> pictures(SparkSession spark) {
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
    static Program times(String name, float factor) {
        return Program.build(tf -> {
                    var x = placeholder(tf, "x", TFloat32.class, Shape.of(-1, 3));
                    return outputs("y", tf.math.mul(x, tf.constant(factor)));
                })
                .named(name);
    }

    /** Squares and multiplies by a number. */
    static Program squares(String name) {
        return Program.build(tf -> {
                    var x = placeholder(tf, "x", TFloat32.class, Shape.of(-1, 3));
                    return outputs("y", tf.math.square(x));
                })
                .named(name);
    }

    CountingFeatures features() {
        return new CountingFeatures("featurizer", featurized).with("pixels", "features", times("plain", 1));
    }

    /** One that fits in a single job. */
    static NaiveBayes bayes() {
        return new NaiveBayes("bayes");
    }

    static Pipeline pipeline(PipelineStage... stages) {
        return new Pipeline().setStages(stages);
    }

    static CrossValidator crossValidator(Estimator<?> estimator, ParamMap[] maps) {
        return new CrossValidator()
                .setEstimator(estimator)
                .setEstimatorParamMaps(maps)
                .setEvaluator(new MulticlassClassificationEvaluator().setMetricName("logLoss"))
                .setNumFolds(FOLDS)
                .setSeed(7)
                .setParallelism(2);
    }

    static ParamMap[] programsBySmoothing(CountingFeatures features, NaiveBayes bayes) {
        return new ParamGridBuilder()
                .addGrid(features.program(), asScala(List.of(times("plain", 1), squares("squares"))))
                .addGrid(bayes.smoothing(), new double[] {0.5, 8})
                .build();
    }

    static PipelineTunerModel tune(CrossValidator validator, Dataset<Row> df) {
        return new PipelineTuner().setValidator(validator).fit(df);
    }

    static double[] metrics(PipelineTunerModel model, SparkSession spark) {
        return model.results(spark).orderBy("trial").collectAsList().stream()
                .mapToDouble(row -> row.<Double>getAs("metric"))
                .toArray();
    }
}
