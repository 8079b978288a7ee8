package io.tensorbridge.examples;

import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;

import io.tensorbridge.image.PixelScaling;
import io.tensorbridge.ml.ImageFeaturizer;
import io.tensorbridge.ml.ImagePredictor;
import io.tensorbridge.tensor.Program;
import java.io.IOException;
import java.util.Locale;
import java.util.StringJoiner;
import org.apache.spark.ml.classification.LogisticRegression;
import org.apache.spark.ml.classification.LogisticRegressionModel;
import org.apache.spark.ml.linalg.Matrix;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

/**
 * What is most likely on these pictures? Learns to tell clothes apart, puts what was learnt behind the network that made the
 * features, and lets the one graph name the three best classes.
 */
public final class PredictTopK {

    private PredictTopK() {}

    public static void main(String[] args) throws IOException {
        try (SparkSession spark = SparkSession.builder()
                .master("local[*]")
                .appName("PredictTopK")
                .config("spark.ui.enabled", "false")
                .getOrCreate()) {
            run(spark, 2000, 8);
        }
    }

    static void run(SparkSession spark, int toLearnFrom, int toPredict) throws IOException {
        Program mobilenet = Program.fromSavedModel(ExampleFiles.data("mobilenet_v2_block13"));
        var featurizer = new ImageFeaturizer()
                .setProgram(mobilenet)
                .setSize(96, 96)
                .setScaling(PixelScaling.UNIT)
                .setInputCol("image")
                .setOutputCol("features");
        LogisticRegressionModel learnt = new LogisticRegression()
                .setRegParam(0.01)
                .setMaxIter(30)
                .fit(featurizer.transform(FashionPictures.read(spark, 0, toLearnFrom)));

        // region predict
        var predictor = new ImagePredictor()
                .setProgram(mobilenet.then(head(learnt)))
                .setSize(96, 96)
                .setScaling(PixelScaling.UNIT)
                .setScores(ImagePredictor.Scores.LOGITS)
                .setTopK(3)
                .setLabels(FashionPictures.CLASSES)
                .setInputCol("image")
                .setOutputCol("predictions");
        Dataset<Row> predicted = predictor.transform(FashionPictures.read(spark, toLearnFrom, toLearnFrom + toPredict));
        // endregion

        for (Row row : predicted.collectAsList()) {
            var best = new StringJoiner(", ");
            for (Row prediction : row.<Row>getList(row.fieldIndex("predictions"))) {
                best.add(String.format(
                        Locale.ROOT,
                        "%s %.2f",
                        prediction.<String>getAs("class"),
                        prediction.<Float>getAs("probability")));
            }
            System.out.println(FashionPictures.CLASSES.get(row.<Integer>getAs("label")) + " -> " + best);
        }
    }

    // region head
    /** Makes a program of what was learnt: features to a number for each class, whose softmax the probabilities are. */
    private static Program head(LogisticRegressionModel learnt) {
        Matrix coefficients = learnt.coefficientMatrix();
        int classes = coefficients.numRows();
        float[][] weights = new float[coefficients.numCols()][classes];
        float[] bias = new float[classes];
        for (int j = 0; j < classes; j++) {
            for (int i = 0; i < weights.length; i++) {
                weights[i][j] = (float) coefficients.apply(j, i);
            }
            bias[j] = (float) learnt.interceptVector().apply(j);
        }
        return Program.build(tf -> {
            var features = placeholder(tf, "features", TFloat32.class, Shape.of(-1, weights.length));
            var product = tf.linalg.matMul(features, tf.constant(weights));
            return outputs("scores", tf.math.add(product, tf.constant(bias)));
        });
    }
    // endregion
}
