package io.tensorbridge.examples;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static org.apache.spark.sql.functions.col;

import io.tensorbridge.train.ProgressLine;
import io.tensorbridge.train.TrainedProgram;
import io.tensorbridge.train.Trainer;
import io.tensorbridge.train.graph.TrainingProgram;
import io.tensorbridge.train.worker.EpochResult;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Trains a network to tell clothes apart, on 8,000 pictures of Fashion-MNIST, and scores 2,000 others with what came of it.
 *
 * <p>{@code examples/run TrainMnist} trains the perceptron, {@code examples/run TrainMnist convolutional} a network with
 * convolutions. The path of a directory with the files of the whole data set, as they are published, may follow: then it is trained
 * on 60,000 pictures, and 10,000 are scored.
 */
public final class TrainMnist {

    private static final String CONVOLUTIONAL = "convolutional";

    private TrainMnist() {}

    public static void main(String[] args) throws IOException {
        List<String> arguments = List.of(args);
        boolean convolutional = arguments.contains(CONVOLUTIONAL);
        TrainingProgram network = convolutional ? FashionNetwork.convolutional() : FashionNetwork.perceptron();
        List<String> paths =
                arguments.stream().filter(each -> !each.equals(CONVOLUTIONAL)).toList();
        SparkSession.Builder builder = SparkSession.builder().appName("TrainMnist");
        if (System.getProperty("spark.master") == null) { // as spark-submit sets it
            builder.master("local[*]").config("spark.ui.enabled", "false");
        }
        try (SparkSession spark = builder.getOrCreate()) {
            FashionPictures.Split pictures = paths.isEmpty()
                    ? FashionPictures.split(spark, 8_000)
                    : FashionPictures.whole(spark, Path.of(paths.get(0)));
            run(network, pictures.training(), pictures.heldOut(), convolutional ? 6 : 12);
        }
    }

    static void run(TrainingProgram network, Dataset<Row> training, Dataset<Row> heldOut, int epochs) {
        // region train
        TrainedProgram trained = Trainer.of(network)
                .epochs(epochs)
                .batchRows(32)
                .learningRate(0.001) // Adam's
                .listener(ProgressLine.onStandardError())
                .fit(training);
        // endregion
        // region score
        Dataset<Row> scored = mapBlocks(trained.program())
                .shape("pixels", FashionPictures.SIDE, FashionPictures.SIDE)
                .fetch("guess")
                .apply(heldOut);
        // endregion
        double right = scored.where(col("guess").equalTo(col("label"))).count();
        print("accuracy: %.3f", right / heldOut.count());
        List<EpochResult> history = trained.epochs();
        print("epochs: %d", history.size());
        print(
                "rows per second: %.0f",
                history.stream().mapToLong(EpochResult::rows).sum()
                        / history.stream().mapToDouble(EpochResult::seconds).sum());
        print("workers: %d", trained.workers());
    }

    private static void print(String format, Object value) {
        System.out.println(String.format(Locale.ROOT, format, value));
    }
}
