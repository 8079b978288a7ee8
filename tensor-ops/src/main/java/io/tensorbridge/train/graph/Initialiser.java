package io.tensorbridge.train.graph;

import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/** What a variable begins with. The same on every worker: what is random comes of a seed that all of them have. */
@FunctionalInterface
public interface Initialiser {

    /**
     * Makes the first value of a variable.
     *
     * @param tf the graph's operations
     * @param shape the shape of the variable
     * @param seed two numbers for TensorFlow's stateless random operations, others for each variable
     */
    Operand<TFloat32> value(Ops tf, Shape shape, Operand<TInt64> seed);

    /** Zeros, for what is added. */
    static Initialiser zeros() {
        return constant(0);
    }

    /** Ones, for what is multiplied. */
    static Initialiser ones() {
        return constant(1);
    }

    /** The same number everywhere. */
    static Initialiser constant(double value) {
        return (tf, shape, seed) -> tf.fill(tf.constant(shape), tf.constant((float) value));
    }

    /** Normal numbers around 0, none further away than two deviations. */
    static Initialiser truncatedNormal(double deviation) {
        Checked.positive("deviation", deviation);
        return (tf, shape, seed) -> tf.math.mul(
                tf.random.statelessTruncatedNormal(tf.constant(shape), seed, TFloat32.class),
                tf.constant((float) deviation));
    }

    /** Numbers between two bounds. */
    static Initialiser uniform(double least, double bound) {
        if (!(least < bound)) {
            throw new IllegalArgumentException(
                    "Invalid bounds: the first must be below the second, found %s and %s".formatted(least, bound));
        }
        return (tf, shape, seed) -> tf.math.add(
                tf.math.mul(
                        tf.random.statelessRandomUniform(tf.constant(shape), seed, TFloat32.class),
                        tf.constant((float) (bound - least))),
                tf.constant((float) least));
    }

    /** For layers with relu, after He et al., https://arxiv.org/abs/1502.01852: a variance of 2 by the number of inputs. */
    static Initialiser he() {
        double truncated =
                0.8796256610342398; // the deviation of a normal distribution that is cut off at two deviations
        return (tf, shape, seed) ->
                truncatedNormal(Math.sqrt(2.0 / fanIn(shape)) / truncated).value(tf, shape, seed);
    }

    /** For all others, after Glorot and Bengio: uniform, with a variance of 2 by the number of inputs and outputs. */
    static Initialiser glorot() {
        return (tf, shape, seed) -> {
            double limit = Math.sqrt(6.0 / (fanIn(shape) + fanOut(shape)));
            return uniform(-limit, limit).value(tf, shape, seed);
        };
    }

    private static double fanIn(Shape shape) {
        int rank = shape.numDimensions();
        return rank < 2 ? Math.max(1, shape.size()) : (double) shape.size() / shape.get(rank - 1);
    }

    private static double fanOut(Shape shape) {
        int rank = shape.numDimensions();
        return rank < 2 ? Math.max(1, shape.size()) : (double) shape.size() / shape.get(rank - 2);
    }
}
