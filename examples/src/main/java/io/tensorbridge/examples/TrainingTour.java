package io.tensorbridge.examples;

import static io.tensorbridge.TensorFrames.mapBlocks;

import io.tensorbridge.ml.BinaryClassification;
import io.tensorbridge.ml.Classification;
import io.tensorbridge.ml.Evaluation;
import io.tensorbridge.ml.TensorEstimator;
import io.tensorbridge.ml.TensorModel;
import io.tensorbridge.model.ModelTarget;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.train.EventFiles;
import io.tensorbridge.train.ProgressLine;
import io.tensorbridge.train.TrainedProgram;
import io.tensorbridge.train.Trainer;
import io.tensorbridge.train.graph.Layers;
import io.tensorbridge.train.graph.LearningRate;
import io.tensorbridge.train.graph.Losses;
import io.tensorbridge.train.graph.Metrics;
import io.tensorbridge.train.graph.Optimizer;
import io.tensorbridge.train.graph.TrainingProgram;
import io.tensorbridge.train.worker.TrainingSettings.Better;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.commons.io.FileUtils;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.feature.SQLTransformer;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;

/** What the page on training shows, on a few pictures of clothes. */
public final class TrainingTour {

    private TrainingTour() {}

    public static void main(String[] args) throws IOException {
        try (SparkSession spark = SparkSession.builder()
                .master("local[2]")
                .appName("TrainingTour")
                .config("spark.ui.enabled", "false")
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .getOrCreate()) {
            Path directory = Files.createTempDirectory("training");
            try {
                FashionPictures.Split pictures = FashionPictures.split(spark, 8_000);
                run(spark, pictures.training().limit(1_000), pictures.heldOut().limit(300), directory);
            } finally {
                FileUtils.deleteDirectory(directory.toFile());
            }
        }
    }

    private static void run(SparkSession spark, Dataset<Row> training, Dataset<Row> heldOut, Path directory)
            throws IOException {
        // region program
        TrainingProgram clothes = TrainingProgram.build(t -> {
            var tf = t.ops();
            var pixels = t.input("pixels", TUint8.class, 28, 28); // [?, 28, 28]
            var label = t.label("label", TInt32.class, 10); // [?], from 0 to 9
            var values = tf.math.div(tf.dtypes.cast(pixels, TFloat32.class), tf.constant(255f));
            var hidden = tf.nn.relu(Layers.dense(t, "hidden", Layers.flatten(t, values), 64));
            var scores = Layers.dense(t, "scores", t.dropout(hidden, 0.1), 10);
            t.loss(Losses.crossEntropy(tf, scores, label));
            t.metric("accuracy", Metrics.accuracy(tf, scores, label));
            t.output("guess", tf.math.argMax(scores, tf.constant(1), TInt32.class));
            t.output("probabilities", tf.nn.softmax(scores));
        });
        // endregion
        String checkpoints = directory.resolve("checkpoints").toUri().toString();
        String events = directory.resolve("events").toUri().toString();
        // region fit
        TrainedProgram trained = Trainer.of(clothes)
                .shape("pixels", 28, 28) // 784 bytes a row
                .workers(2)
                .epochs(8)
                .batchRows(32)
                .optimizer(Optimizer.adam())
                .learningRate(LearningRate.cosine(0.002, 0, 200))
                .clipNorm(5)
                .validationSplit(0.2)
                .watch("accuracy", Better.HIGHER)
                .earlyStopping(3)
                .keepBest()
                .checkpoints(checkpoints, 50)
                .listener(ProgressLine.onStandardError())
                .listener(EventFiles.in(spark, events))
                .fit(training);
        // endregion
        // region history
        trained.history(spark).printSchema();
        // endregion
        // region use
        Dataset<Row> scored =
                mapBlocks(trained.program()).shape("pixels", 28, 28).apply(heldOut);
        // endregion
        // region evaluate
        Classification found = Evaluation.of(scored, "label").classification("guess");
        System.out.println(found.rows() + " pictures, " + found.byLabel().size() + " labels");
        // endregion
        if (found.accuracy() < 0.5) {
            throw new IllegalStateException("It has learnt little: " + found.accuracy());
        }
        // region areas
        Dataset<Row> shoes = scored.selectExpr("label = 9 as boot", "probabilities[9] as score");
        BinaryClassification boots = Evaluation.of(shoes, "boot").binaryClassification("score");
        System.out.println(boots.areaUnderRoc() > 0.9);
        // endregion
        Path place = directory.resolve("saved");
        // region save
        trained.save(ModelTarget.of(place)); // signatures serving_default and train
        Program again = Program.fromSavedModel(place);
        TrainingProgram further = TrainingProgram.fromSavedModel(place).frozen("hidden/.*");
        // endregion
        System.out.println(again.signature().outputs().size() + " outputs, " + further.metrics());
        String model = directory.resolve("model").toUri().toString();
        // region estimator
        var network = new TensorEstimator()
                .setTrainingProgram(clothes)
                .shape("pixels", 28, 28)
                .fetch("guess", "prediction")
                .setWorkers(2)
                .setEpochs(2);
        var cast = new SQLTransformer().setStatement("SELECT *, double(prediction) AS number FROM __THIS__");
        new Pipeline()
                .setStages(new PipelineStage[] {network, cast})
                .fit(training)
                .save(model);
        PipelineModel loaded = PipelineModel.load(model);
        System.out.println(((TensorModel) loaded.stages()[0]).history(spark).count() + " epochs");
        // endregion
    }
}
