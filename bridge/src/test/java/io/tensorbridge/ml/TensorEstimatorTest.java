package io.tensorbridge.ml;

import static org.apache.spark.sql.functions.col;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.protobuf.ByteString;
import io.tensorbridge.SparkExtension;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.SignatureMismatchException;
import io.tensorbridge.train.TrainingListener;
import io.tensorbridge.train.graph.Initialiser;
import io.tensorbridge.train.graph.LearningRate;
import io.tensorbridge.train.graph.Optimizer;
import io.tensorbridge.train.graph.TrainingProgram;
import io.tensorbridge.train.worker.EpochResult;
import io.tensorbridge.train.worker.TrainingSettings.Better;
import io.tensorbridge.train.worker.TrainingSettings.Keep;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.evaluation.RegressionEvaluator;
import org.apache.spark.ml.feature.SQLTransformer;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.tuning.CrossValidator;
import org.apache.spark.ml.tuning.CrossValidatorModel;
import org.apache.spark.ml.tuning.ParamGridBuilder;
import org.apache.spark.ml.tuning.TrainValidationSplit;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class TensorEstimatorTest {

    private static final TrainingProgram LINE = TrainingProgram.build(t -> {
        var tf = t.ops();
        var x = tf.dtypes.cast(t.input("x", TFloat64.class), TFloat32.class);
        var y = tf.dtypes.cast(t.input("y", TFloat64.class), TFloat32.class);
        var a = t.variable("a", Initialiser.truncatedNormal(0.5));
        var b = t.variable("b", Initialiser.zeros());
        var guess = tf.math.add(tf.math.mul(x, a), b);
        t.loss(tf.math.mean(tf.math.squaredDifference(guess, y), tf.constant(0)));
        t.metric("error", tf.math.mean(tf.math.abs(tf.math.sub(guess, y)), tf.constant(0)));
        t.output("guess", guess);
    });

    @TempDir
    Path directory;

    private static Dataset<Row> points(SparkSession spark) {
        return spark.range(0, 200, 1, 2).selectExpr("id / 200.0D as x", "3 * id / 200.0D - 1 as label");
    }

    private static TensorEstimator estimator() {
        return new TensorEstimator()
                .setTrainingProgram(LINE)
                .feed("y", "label")
                .fetch("guess", "prediction")
                .setWorkers(1)
                .setEpochs(40)
                .setBatchRows(20)
                .setLearningRate(0.05);
    }

    @Test
    void trainsInPipelinesThatAreSavedAndLoaded(SparkSession spark) throws IOException {
        var half = new SQLTransformer().setStatement("select label, x from __THIS__");
        var pipeline =
                new Pipeline().setStages(new PipelineStage[] {half, estimator().setSeed(5)});
        pipeline.save(path("pipeline"));
        PipelineModel model = pipeline.fit(points(spark));
        List<Row> expected = model.transform(points(spark)).collectAsList();
        assertThat(expected)
                .hasSize(200)
                .allSatisfy(row ->
                        assertThat((double) row.<Float>getAs("prediction")).isCloseTo(row.getAs("label"), within(0.1)));
        model.save(path("model"));
        PipelineModel loaded = PipelineModel.load(path("model"));
        // the label is of no need any more
        assertThat(loaded.stages()[1].transform(points(spark).drop("label")).count())
                .isEqualTo(200);
        assertThat(loaded.transform(points(spark)).collectAsList()).isEqualTo(expected);
        assertThat(Pipeline.load(path("pipeline"))
                        .fit(points(spark))
                        .transform(points(spark))
                        .collectAsList())
                .isEqualTo(expected);
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                // a stream of Java's serialisation begins with AC ED
                assertThat(HexFormat.of().formatHex(Files.readAllBytes(file))).doesNotStartWith("aced");
            }
        }
    }

    @Test
    void remembersItsHistory(SparkSession spark) throws IOException {
        TensorModel model = estimator()
                .setEpochs(3)
                .setValidationSplit(0.2)
                .watch("error", Better.LOWER)
                .setKeep(Keep.BEST)
                .fit(points(spark));
        List<Row> history = model.history(spark).collectAsList();
        assertThat(model.history(spark).columns())
                .startsWith("epoch", "step", "loss", "error", "validation_loss", "validation_error");
        assertThat(history).extracting(row -> row.getInt(0)).containsExactly(1, 2, 3);
        assertThat(history.get(2).getDouble(2)).isLessThan(history.get(0).getDouble(2));
        assertThat(model.copy(new ParamMap()).history(spark).collectAsList()).isEqualTo(history);
        model.asVector("prediction").setBlockRows(7).save(path("model"));
        TensorModel loaded = TensorModel.load(path("model"));
        assertThat(loaded.history(spark).collectAsList()).isEqualTo(history);
        assertThat(loaded.history(spark).schema())
                .isEqualTo(model.history(spark).schema());
        assertThat(loaded.explainParams()).isEqualTo(model.explainParams());
        assertThat(loaded.getProgram()).isEqualTo(model.getProgram());
    }

    @Test
    void isTunedByCrossValidation(SparkSession spark) throws IOException {
        TensorEstimator estimator = estimator().setEpochs(6);
        ParamMap[] grid = new ParamGridBuilder()
                .addGrid(estimator.learningRate(), new double[] {1e-6, 0.1})
                .build();
        CrossValidatorModel tuned = new CrossValidator()
                .setEstimator(estimator)
                .setEstimatorParamMaps(grid)
                .setEvaluator(new RegressionEvaluator())
                .setNumFolds(2)
                .setSeed(3)
                .fit(points(spark));
        assertThat(tuned.avgMetrics()[0]).isGreaterThan(2 * tuned.avgMetrics()[1]);
        var best = (TensorModel) tuned.bestModel();
        var parent = (TensorEstimator) best.parent();
        assertThat(parent.getOrDefault(parent.learningRate())).isEqualTo(0.1);
        tuned.save(path("tuned"));
        assertThat(CrossValidatorModel.load(path("tuned"))
                        .transform(points(spark))
                        .collectAsList())
                .isEqualTo(tuned.transform(points(spark)).collectAsList());
    }

    @Test
    void isTunedBehindTransformersThatRunOnce(SparkSession spark) {
        TensorEstimator estimator = estimator().setEpochs(4);
        assertThat(ParamTree.of(estimator).strings()).contains("x", "label"); // those columns stay
        var validator = new TrainValidationSplit()
                .setEstimator(new Pipeline().setStages(new PipelineStage[] {
                    new SQLTransformer().setStatement("select label, x from __THIS__"), estimator
                }))
                .setEstimatorParamMaps(new ParamGridBuilder()
                        .addGrid(estimator.learningRate(), new double[] {1e-6, 0.1})
                        .build())
                .setEvaluator(new RegressionEvaluator());
        PipelineTunerModel tuned = new PipelineTuner().setValidator(validator).fit(points(spark));
        assertThat(tuned.results(spark).count()).isEqualTo(2);
        assertThat(tuned.transform(points(spark)).columns()).contains("prediction");
    }

    @Test
    void comesBackWithItsParams() throws IOException {
        TensorEstimator estimator = estimator()
                .setOptimizer(Optimizer.momentum(0.75))
                .setSchedule(LearningRate.constant(0.25))
                .setSeed(17)
                .setWeightDecay(0.125)
                .setClipValue(2)
                .setClipNorm(3)
                .setAccumulate(2)
                .setPatience(4)
                .setLeastGain(0.5)
                .setKeep(Keep.BEST)
                .watch("error", Better.HIGHER)
                .setFillValue(0.5)
                .shape("x", 1)
                .setValidationIndicatorCol("held")
                .setCheckpointDirectory("checkpoints")
                .setCheckpointSteps(12)
                .setEventDirectory("events");
        estimator.save(path("estimator"));
        TensorEstimator loaded = TensorEstimator.load(path("estimator"));
        assertThat(loaded.uid()).isEqualTo(estimator.uid());
        loaded.setTrainingProgram(LINE); // it has first values, by which it is another
        assertThat(loaded.explainParams()).isEqualTo(estimator.explainParams());
        assertThat(loaded.copy(new ParamMap()).explainParams()).isEqualTo(estimator.explainParams());
        assertThat(estimator.explainParams())
                .contains(
                        "optimizer: how variables follow their gradients (default: Adam",
                        "current: Momentum[momentum=0.75]",
                        "epochs: how often every row is seen, at most (default: 1, current: 40)");
    }

    static Stream<Optimizer> optimizers() {
        return Stream.of(
                Optimizer.sgd(), Optimizer.momentum(0.5), Optimizer.adam(), Optimizer.adagrad(), Optimizer.rmsProp());
    }

    @ParameterizedTest
    @MethodSource("optimizers")
    void writesOptimizersAsJson(Optimizer optimizer) {
        var param = new SealedParam<>(new TensorEstimator(), "optimizer", "", Optimizer.class);
        assertThat(param.jsonDecode(param.jsonEncode(optimizer))).isEqualTo(optimizer);
    }

    @Test
    void refusesOtherJson() {
        var param = new SealedParam<>(new TensorEstimator(), "optimizer", "", Optimizer.class);
        assertThatThrownBy(() -> param.jsonDecode("{\"type\":\"Momentum\"}"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid optimizer: must have 'momentum', found {\"type\":\"Momentum\"}");
        assertThatThrownBy(() -> param.jsonDecode("{\"type\":\"java.lang.String\"}"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("Invalid optimizer: must be one of [Sgd, Momentum")
                .hasMessageEndingWith("found {\"type\":\"java.lang.String\"}");
    }

    @Test
    void tellsItsListenersAndKeepsNoCheckpoints(SparkSession spark) throws IOException {
        List<Integer> epochs = new ArrayList<>();
        TensorEstimator estimator = estimator()
                .setEpochs(3)
                .setCheckpointDirectory(uri("checkpoints"))
                .setCheckpointSteps(5)
                .setEventDirectory(uri("events"))
                .listener(new TrainingListener() {
                    @Override
                    public void epoch(EpochResult result, ByteString histograms) {
                        epochs.add(result.epoch());
                    }
                });
        estimator.copy(new ParamMap()).fit(points(spark));
        assertThat(epochs).containsExactly(1, 2, 3);
        assertThat(directory.resolve("checkpoints")).isEmptyDirectory();
        try (Stream<Path> files = Files.walk(directory.resolve("events"))) {
            assertThat(files.filter(file -> file.getFileName().toString().contains("tfevents")))
                    .hasSize(1)
                    .allMatch(file -> file.toString().contains("/train/"));
        }
    }

    @Test
    void validatesOnTheRowsThatAColumnSays(SparkSession spark) {
        TensorModel model = estimator()
                .setEpochs(1)
                .setValidationIndicatorCol("held")
                .fit(points(spark).withColumn("held", col("x").lt(0.25)));
        Row epoch = model.history(spark).first();
        assertThat(epoch.<Long>getAs("rows")).isEqualTo(150);
        assertThat(epoch.<Double>getAs("validation_loss")).isNotNull();
    }

    @Test
    void saysTheSchemaOfTheModel(SparkSession spark) {
        TensorEstimator estimator = estimator().setEpochs(1);
        StructType schema = points(spark).schema();
        assertThat(estimator.transformSchema(schema))
                .isEqualTo(estimator.fit(points(spark)).transform(points(spark)).schema())
                .isEqualTo(schema.add("prediction", DataTypes.FloatType, false));
    }

    @Test
    void saysAllThatDoesNotFit(SparkSession spark) {
        Dataset<Row> df = spark.range(3).toDF();
        assertRefused(
                () -> new TensorEstimator("e")
                        .setValidationIndicatorCol("id")
                        .setValidationSplit(0.5)
                        .fit(df),
                """
                Cannot transform with stage 'e':
                  - expected a program, found none. Give it with setTrainingProgram(…)
                  - expected either validationSplit or validationIndicatorCol, found both. Leave out setValidationSplit(…) or setValidationIndicatorCol(…)
                  - validationIndicatorCol 'id': expected a column of booleans, found one of bigint\
                """);
        assertRefused(
                () -> new TensorEstimator("e")
                        .setTrainingProgram(LINE)
                        .feed("y", "label")
                        .transformSchema(df.schema()),
                """
                Cannot transform with stage 'e':
                  - input 'x': expected column 'x', found none among [id]. Name one with feed("x", "…")
                  - input 'y': expected column 'label', found none among [id]. Name one with feed("y", "…")\
                """);
        assertThatThrownBy(() -> new TensorEstimator("e").save(path("nothing")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage(
                        "Cannot save stage 'e': expected a program, found none. Give it with setTrainingProgram(…)");
    }

    private static void assertRefused(Runnable call, String message) {
        assertThatThrownBy(call::run)
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage(message);
    }

    private String path(String name) {
        return directory.resolve(name).toString();
    }

    private String uri(String name) {
        return directory.resolve(name).toUri().toString();
    }
}
