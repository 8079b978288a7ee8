package io.tensorbridge.examples;

import io.tensorbridge.train.graph.Layers;
import io.tensorbridge.train.graph.Losses;
import io.tensorbridge.train.graph.Metrics;
import io.tensorbridge.train.graph.TrainingGraph;
import io.tensorbridge.train.graph.TrainingProgram;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;

/** Networks that tell clothes apart, as programs that train. */
final class FashionNetwork {

    private static final int SIDE = FashionPictures.SIDE;
    private static final int CLASSES = FashionPictures.CLASSES.size();

    private FashionNetwork() {}

    /** Flattens a picture, and has one hidden layer of 128. */
    static TrainingProgram perceptron() {
        return TrainingProgram.build(t -> {
            Operand<TFloat32> flat = Layers.flatten(t, pixels(t)); // [?, 784]
            Operand<TFloat32> hidden = t.ops().nn.relu(Layers.dense(t, "hidden", flat, 128));
            classify(t, Layers.dense(t, "scores", hidden, CLASSES));
        });
    }

    /** Two convolutions with pooling, a hidden layer of 64, and dropout. */
    static TrainingProgram convolutional() {
        return TrainingProgram.build(t -> {
            Ops tf = t.ops();
            Operand<TFloat32> picture = tf.expandDims(pixels(t), tf.constant(3)); // [?, 28, 28, 1]
            Operand<TFloat32> first = Layers.maxPool(t, tf.nn.relu(Layers.conv2d(t, "first", picture, 16, 3)), 2);
            Operand<TFloat32> second = Layers.maxPool(t, tf.nn.relu(Layers.conv2d(t, "second", first, 32, 3)), 2);
            Operand<TFloat32> hidden = tf.nn.relu(Layers.dense(t, "hidden", Layers.flatten(t, second), 64));
            classify(t, Layers.dense(t, "scores", t.dropout(hidden, 0.25), CLASSES));
        });
    }

    /** Returns the pixels of a batch from 0 to 1: {@code [?, 28, 28]}. */
    private static Operand<TFloat32> pixels(TrainingGraph t) {
        Ops tf = t.ops();
        Operand<TUint8> pixels = t.input("pixels", TUint8.class, SIDE, SIDE);
        return tf.math.div(tf.dtypes.cast(pixels, TFloat32.class), tf.constant(255f));
    }

    /** Says what is to be learnt, what is watched, and what the trained program gives. */
    private static void classify(TrainingGraph t, Operand<TFloat32> scores) {
        Ops tf = t.ops();
        Operand<TInt32> label = t.label("label", TInt32.class, CLASSES);
        t.loss(Losses.crossEntropy(tf, scores, label));
        t.metric("accuracy", Metrics.accuracy(tf, scores, label));
        t.output("guess", tf.math.argMax(scores, tf.constant(1), TInt32.class));
        t.output("probabilities", tf.nn.softmax(scores));
    }
}
