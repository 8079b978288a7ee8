package io.tensorbridge.train.graph;

import io.tensorbridge.tensor.Shapes;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * The few layers that nearly every network has, with their variables. Activations are TensorFlow's own operations:
 * {@code t.ops().nn.relu(dense(t, "hidden", x, 128))}.
 */
public final class Layers {

    private Layers() {}

    /** Makes a vector of each row's cell: {@code [?, a, b, …]} becomes {@code [?, a * b * …]}. */
    public static Operand<TFloat32> flatten(TrainingGraph t, Operand<TFloat32> values) {
        Shape shape = values.asOutput().shape();
        Shape cell = shape.numDimensions() < 1 ? Shape.unknown() : shape.tail();
        if (cell.hasUnknownDimension()) {
            throw unfit("flatten", "[?, …] with a cell of known shape", shape);
        }
        return t.ops().reshape(values, t.ops().constant(new long[] {-1, cell.size()}));
    }

    /**
     * Gives each row some sums of its values, each with weights of its own: {@code [?, n]} becomes {@code [?, units]}.
     *
     * @param name begins the names of the variables {@code name/kernel} and {@code name/bias}
     */
    public static Operand<TFloat32> dense(TrainingGraph t, String name, Operand<TFloat32> values, int units) {
        Checked.positive("number of units", units);
        Shape shape = values.asOutput().shape();
        if (shape.numDimensions() != 2 || shape.get(1) < 1) {
            throw unfit("dense '%s'".formatted(name), "[?, n] with n known", shape);
        }
        Ops tf = t.ops();
        Operand<TFloat32> kernel = t.variable(name + "/kernel", Initialiser.glorot(), shape.get(1), units);
        Operand<TFloat32> bias = t.variable(name + "/bias", Initialiser.zeros(), units);
        return tf.nn.biasAdd(tf.linalg.matMul(values, kernel), bias);
    }

    /**
     * Gives each pixel of each picture some sums of those around it: {@code [?, height, width, channels]} becomes
     * {@code [?, height, width, filters]}; beyond the edge is 0.
     *
     * @param name begins the names of the variables {@code name/kernel} and {@code name/bias}
     * @param size how many pixels are summed, each way
     */
    public static Operand<TFloat32> conv2d(
            TrainingGraph t, String name, Operand<TFloat32> pictures, int filters, int size) {
        Checked.positive("number of filters", filters);
        Checked.positive("size of a filter", size);
        Shape shape = pictures.asOutput().shape();
        if (shape.numDimensions() != 4 || shape.get(3) < 1) {
            throw unfit("conv2d '%s'".formatted(name), "[?, height, width, n] with n known", shape);
        }
        Ops tf = t.ops();
        Operand<TFloat32> kernel =
                t.variable(name + "/kernel", Initialiser.glorot(), size, size, shape.get(3), filters);
        Operand<TFloat32> bias = t.variable(name + "/bias", Initialiser.zeros(), filters);
        return tf.nn.biasAdd(tf.nn.conv2d(pictures, kernel, List.of(1L, 1L, 1L, 1L), "SAME"), bias);
    }

    /** Takes the largest of each square of pixels, so that pictures become smaller by its size; what is left over is dropped. */
    public static Operand<TFloat32> maxPool(TrainingGraph t, Operand<TFloat32> pictures, int size) {
        Checked.positive("size of a square of pixels", size);
        Ops tf = t.ops();
        Operand<TInt32> square = tf.constant(new int[] {1, size, size, 1});
        return tf.nn.maxPool(pictures, square, square, "VALID");
    }

    private static IllegalArgumentException unfit(String layer, String expected, Shape found) {
        return new IllegalArgumentException("Cannot add layer %s: expected values of shape %s, found %s"
                .formatted(layer, expected, Shapes.describe(found)));
    }
}
