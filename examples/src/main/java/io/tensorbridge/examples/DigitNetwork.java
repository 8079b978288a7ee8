package io.tensorbridge.examples;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/**
 * A small convolutional network for digits: two layers of 3 by 3 filters, two dense layers.
 *
 * <p>Where its weights come from is the caller's: variables to train, or constants.
 */
final class DigitNetwork {

    static final int CLASSES = 10;

    private static final int FILTERS_1 = 16;
    private static final int FILTERS_2 = 32;
    private static final int FLAT = DigitPictures.SIDE / 4 * (DigitPictures.SIDE / 4) * FILTERS_2;
    private static final int HIDDEN = 96;

    private DigitNetwork() {}

    /** Returns the shapes of the weights by name, in order. */
    static Map<String, Shape> weights() {
        Map<String, Shape> weights = new LinkedHashMap<>();
        weights.put("conv1", Shape.of(3, 3, 1, FILTERS_1));
        weights.put("bias1", Shape.of(FILTERS_1));
        weights.put("conv2", Shape.of(3, 3, FILTERS_1, FILTERS_2));
        weights.put("bias2", Shape.of(FILTERS_2));
        weights.put("dense3", Shape.of(FLAT, HIDDEN));
        weights.put("bias3", Shape.of(HIDDEN));
        weights.put("dense4", Shape.of(HIDDEN, CLASSES));
        weights.put("bias4", Shape.of(CLASSES));
        return weights;
    }

    /**
     * Adds the network to a graph.
     *
     * @param pixels grey pictures {@code [n, 20, 20]}
     * @param weight gives the weight of a name and shape
     * @return the logits {@code [n, 10]}
     */
    static Operand<TFloat32> logits(
            Ops tf, Operand<TUint8> pixels, BiFunction<String, Shape, Operand<TFloat32>> weight) {
        Map<String, Operand<TFloat32>> weights = new LinkedHashMap<>();
        weights().forEach((name, shape) -> weights.put(name, weight.apply(name, shape)));
        List<Operand<TFloat32>> all = new ArrayList<>(weights.values());
        Operand<TFloat32> picture = tf.reshape(
                tf.math.div(tf.dtypes.cast(pixels, TFloat32.class), tf.constant(255f)),
                tf.constant(new int[] {-1, DigitPictures.SIDE, DigitPictures.SIDE, 1}));
        Operand<TFloat32> first = convolution(tf, picture, all.get(0), all.get(1));
        Operand<TFloat32> second = convolution(tf, first, all.get(2), all.get(3));
        Operand<TFloat32> flat = tf.reshape(second, tf.constant(new int[] {-1, FLAT}));
        Operand<TFloat32> hidden = tf.nn.relu(tf.math.add(tf.linalg.matMul(flat, all.get(4)), all.get(5)));
        return tf.math.add(tf.linalg.matMul(hidden, all.get(6)), all.get(7));
    }

    private static Operand<TFloat32> convolution(
            Ops tf, Operand<TFloat32> in, Operand<TFloat32> filter, Operand<TFloat32> bias) {
        Operand<TFloat32> sum = tf.nn.biasAdd(tf.nn.conv2d(in, filter, List.of(1L, 1L, 1L, 1L), "SAME"), bias);
        return tf.nn.maxPool(
                tf.nn.relu(sum), tf.constant(new int[] {1, 2, 2, 1}), tf.constant(new int[] {1, 2, 2, 1}), "SAME");
    }
}
