package io.tensorbridge.examples;

import io.tensorbridge.train.graph.Initialiser;
import io.tensorbridge.train.graph.TrainingGraph;
import io.tensorbridge.train.graph.TrainingProgram;
import java.util.List;
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
    // region perceptron
    static TrainingProgram perceptron() {
        return TrainingProgram.build(t -> {
            Ops tf = t.ops();
            var pixels = t.input("pixels", TUint8.class, SIDE, SIDE); // [?, 28, 28], 0 to 255
            var label = t.label("label", TInt32.class, CLASSES); // [?], 0 to 9
            Operand<TFloat32> flat = tf.reshape(
                    tf.math.div(tf.dtypes.cast(pixels, TFloat32.class), tf.constant(255f)),
                    tf.constant(new int[] {-1, SIDE * SIDE}));
            Operand<TFloat32> hidden = tf.nn.relu(dense(t, "hidden", flat, SIDE * SIDE, 128));
            classify(t, dense(t, "scores", hidden, 128, CLASSES), label);
        });
    }

    /** A layer each of whose outputs is a weighted sum of all inputs. */
    private static Operand<TFloat32> dense(TrainingGraph t, String name, Operand<TFloat32> x, int inputs, int outputs) {
        Operand<TFloat32> kernel = t.variable(name + "/kernel", Initialiser.glorot(), inputs, outputs);
        Operand<TFloat32> bias = t.variable(name + "/bias", Initialiser.zeros(), outputs);
        return t.ops().math.add(t.ops().linalg.matMul(x, kernel), bias);
    }

    /** Says what is to be learnt, what is watched, and what the trained program gives. */
    private static void classify(TrainingGraph t, Operand<TFloat32> scores, Operand<TInt32> label) {
        Ops tf = t.ops();
        Operand<TFloat32> oneHot = tf.oneHot(label, tf.constant(CLASSES), tf.constant(1f), tf.constant(0f));
        t.loss(tf.math.mean(tf.nn.softmaxCrossEntropyWithLogits(scores, oneHot).loss(), tf.constant(0)));
        Operand<TInt32> guess = tf.math.argMax(scores, tf.constant(1), TInt32.class);
        t.metric("accuracy", tf.math.mean(tf.dtypes.cast(tf.math.equal(guess, label), TFloat32.class), tf.constant(0)));
        t.output("guess", guess);
        t.output("probabilities", tf.nn.softmax(scores));
    }
    // endregion

    /** Two convolutions with pooling, a hidden layer of 64, and dropout. */
    static TrainingProgram convolutional() {
        return TrainingProgram.build(t -> {
            Ops tf = t.ops();
            var pixels = t.input("pixels", TUint8.class, SIDE, SIDE);
            var label = t.label("label", TInt32.class, CLASSES);
            Operand<TFloat32> picture = tf.reshape(
                    tf.math.div(tf.dtypes.cast(pixels, TFloat32.class), tf.constant(255f)),
                    tf.constant(new int[] {-1, SIDE, SIDE, 1}));
            Operand<TFloat32> first = convolution(t, "first", picture, 1, 16);
            Operand<TFloat32> second = convolution(t, "second", first, 16, 32);
            int values = SIDE / 4 * SIDE / 4 * 32;
            Operand<TFloat32> flat = tf.reshape(second, tf.constant(new int[] {-1, values}));
            Operand<TFloat32> hidden = tf.nn.relu(dense(t, "hidden", flat, values, 64));
            classify(t, dense(t, "scores", t.dropout(hidden, 0.25), 64, CLASSES), label);
        });
    }

    /** A convolution with kernels of 3 by 3, and the largest of each 2 by 2. */
    private static Operand<TFloat32> convolution(
            TrainingGraph t, String name, Operand<TFloat32> x, int inputs, int outputs) {
        Ops tf = t.ops();
        Operand<TFloat32> kernel = t.variable(name + "/kernel", Initialiser.he(), 3, 3, inputs, outputs);
        Operand<TFloat32> bias = t.variable(name + "/bias", Initialiser.zeros(), outputs);
        Operand<TFloat32> sums = tf.nn.biasAdd(tf.nn.conv2d(x, kernel, List.of(1L, 1L, 1L, 1L), "SAME"), bias);
        return tf.nn.maxPool(
                tf.nn.relu(sums), tf.constant(new int[] {1, 2, 2, 1}), tf.constant(new int[] {1, 2, 2, 1}), "VALID");
    }
}
