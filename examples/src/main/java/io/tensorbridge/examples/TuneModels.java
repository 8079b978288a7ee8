package io.tensorbridge.examples;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.desc;
import static org.apache.spark.sql.functions.round;

import io.tensorbridge.image.PixelScaling;
import io.tensorbridge.ml.ImageFeaturizer;
import io.tensorbridge.ml.PipelineTuner;
import io.tensorbridge.ml.PipelineTunerModel;
import io.tensorbridge.ml.Pooling;
import io.tensorbridge.tensor.Program;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.classification.LogisticRegression;
import org.apache.spark.ml.evaluation.MulticlassClassificationEvaluator;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.tuning.CrossValidator;
import org.apache.spark.ml.tuning.ParamGridBuilder;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import scala.jdk.javaapi.CollectionConverters;

/** Which layer's features are the best to learn from, and how is it to be learnt? Tries two layers and two penalties on folds. */
public final class TuneModels {

    private TuneModels() {}

    public static void main(String[] args) throws IOException {
        try (SparkSession spark = SparkSession.builder()
                .master("local[*]")
                .appName("TuneModels")
                .config("spark.ui.enabled", "false")
                .getOrCreate()) {
            run(spark, 2000, 1000);
        }
    }

    static void run(SparkSession spark, int toLearnFrom, int toScore) throws IOException {
        Dataset<Row> training = FashionPictures.read(spark, 0, toLearnFrom);

        // region tune
        Program mobilenet = Program.fromSavedModel(ExampleFiles.data("mobilenet_v2_block13"));
        List<Program> layers = List.of(
                mobilenet.cutAt("block_6_expand_relu").named("block 6"),
                mobilenet.cutAt("block_13_expand_relu").named("block 13"));

        var featurizer = new ImageFeaturizer()
                .setSize(64, 64)
                .setScaling(PixelScaling.UNIT)
                .setPooling(Pooling.AVERAGE)
                .setInputCol("image")
                .setOutputCol("features");
        var regression = new LogisticRegression().setMaxIter(30);
        var evaluator = new MulticlassClassificationEvaluator().setMetricName("accuracy");
        ParamMap[] grid = new ParamGridBuilder()
                .addGrid(featurizer.program(), CollectionConverters.asScala(layers))
                .addGrid(regression.regParam(), new double[] {0.01, 0.1})
                .build();

        PipelineTunerModel tuned = new PipelineTuner()
                .setValidator(new CrossValidator()
                        .setEstimator(new Pipeline().setStages(new PipelineStage[] {featurizer, regression}))
                        .setEstimatorParamMaps(grid)
                        .setEvaluator(evaluator)
                        .setNumFolds(3)
                        .setSeed(20_26)
                        .setParallelism(2))
                .fit(training);
        tuned.results(spark)
                .select(
                        col("params").getItem("program").as("layer"),
                        col("params").getItem("regParam").as("regParam"),
                        round(col("metric"), 3).as("accuracy"),
                        round(col("seconds"), 1).as("seconds"),
                        round(col("featureSeconds"), 1).as("featureSeconds"),
                        col("best"))
                .orderBy(desc("accuracy"))
                .show();
        // endregion

        Dataset<Row> test = FashionPictures.read(spark, toLearnFrom, toLearnFrom + toScore);
        System.out.println(
                String.format(Locale.ROOT, "accuracy of the best: %.3f", evaluator.evaluate(tuned.transform(test))));
    }
}
