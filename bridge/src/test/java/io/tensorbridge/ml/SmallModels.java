package io.tensorbridge.ml;

import io.tensorbridge.tensor.Program;
import java.util.List;
import java.util.Random;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.ndarray.buffer.FloatDataBuffer;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TUint8;

/** Models small enough to be built in a test. */
final class SmallModels {

    static final int SIDE = 8;
    static final int CLASSES = 4;

    /** From {@code x} to {@code y}, its double, and {@code z}, three more. */
    static final Program ARITHMETIC = Program.build(tf -> {
                var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1, 2));
                return Program.outputs("y", tf.math.add(x, x)).and("z", tf.math.add(x, tf.constant(3.0)));
            })
            .named("arithmetic");

    private SmallModels() {}

    /** A network over pictures: {@code maps} of a convolution, {@code features}, which are their means, {@code logits}. */
    static Program network() {
        return Program.build(tf ->
                        outputs(tf, Program.placeholder(tf, "image", TFloat32.class, Shape.of(-1, SIDE, SIDE, 3)), 1))
                .named("network");
    }

    /** The same network with other weights. */
    static Program otherNetwork() {
        return Program.build(tf ->
                        outputs(tf, Program.placeholder(tf, "image", TFloat32.class, Shape.of(-1, SIDE, SIDE, 3)), 2))
                .named("other");
    }

    /** The same network, over pictures of any size. */
    static Program networkOfAnySize() {
        return Program.build(
                        tf -> outputs(tf, Program.placeholder(tf, "image", TFloat32.class, Shape.of(-1, -1, -1, 3)), 1))
                .named("any");
    }

    /** Means over a picture of bytes. */
    static Program ofBytes(int channels) {
        return Program.build(tf -> {
                    Placeholder<TUint8> image =
                            Program.placeholder(tf, "image", TUint8.class, Shape.of(-1, SIDE, SIDE, channels));
                    return Program.outputs(
                            "features",
                            tf.math.mean(tf.dtypes.cast(image, TFloat32.class), tf.constant(new int[] {1, 2})));
                })
                .named("bytes");
    }

    /** Adds the network's features to a graph, as {@link #network} has them. */
    static Operand<TFloat32> features(Ops tf, Operand<TFloat32> image) {
        return tf.math.mean(maps(tf, image, new Random(1)), tf.constant(new int[] {1, 2}));
    }

    private static Operand<TFloat32> maps(Ops tf, Operand<TFloat32> image, Random random) {
        var filters = tf.constant(Shape.of(3, 3, 3, 6), weights(random, 3 * 3 * 3 * 6));
        return tf.nn.relu(tf.nn.conv2d(image, filters, List.of(1L, 2L, 2L, 1L), "SAME"));
    }

    private static Program.Outputs outputs(Ops tf, Operand<TFloat32> image, long seed) {
        var random = new Random(seed);
        var maps = maps(tf, image, random);
        var features = tf.math.mean(maps, tf.constant(new int[] {1, 2}));
        var logits = tf.linalg.matMul(features, tf.constant(Shape.of(6, CLASSES), weights(random, 6 * CLASSES)));
        return Program.outputs("features", features).and("logits", logits).and("maps", maps);
    }

    private static FloatDataBuffer weights(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian() / 100;
        }
        return DataBuffers.of(values);
    }
}
