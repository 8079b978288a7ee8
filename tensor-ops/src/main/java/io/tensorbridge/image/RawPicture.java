package io.tensorbridge.image;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TString;
import org.tensorflow.types.TUint8;

/** Reads a picture that is its bytes, in a graph under construction, and fails if they are too many or too few. */
final class RawPicture {

    private RawPicture() {}

    /**
     * Adds the reading to a graph.
     *
     * @param height a scalar, as all of them
     * @param data a byte for each channel of each pixel
     * @return {@code [height, width, channels]}
     */
    static Operand<TUint8> of(
            Ops tf, Operand<TInt32> height, Operand<TInt32> width, Operand<TInt32> channels, Operand<TString> data) {
        Operand<TUint8> bytes = tf.io.decodeRaw(data, TUint8.class);
        Operand<TInt32> shape = tf.stack(List.of(height, width, channels));
        // a negative dimension would mean to a reshape that it is to be worked out
        Op hasPixels = Requirement.of(
                tf,
                tf.math.greater(tf.math.minimum(height, width), tf.constant(0)),
                "The picture has no pixels: expected a height and a width above 0, found {} x {}",
                List.of(height, width));
        Op hasChannels = Requirement.of(
                tf.withControlDependencies(hasPixels),
                tf.reduceAny(tf.math.equal(channels, tf.constant(new int[] {1, 3, 4})), tf.constant(0)),
                "The picture has unknown channels: expected 1, 3 or 4, found {}",
                List.of(channels));
        Operand<TInt64> expected = tf.reduceProd(tf.dtypes.cast(shape, TInt64.class), tf.constant(0));
        Operand<TInt64> found = tf.size(bytes, TInt64.class);
        Op hasBytes = Requirement.of(
                tf.withControlDependencies(hasChannels),
                tf.math.equal(expected, found),
                "The data of the picture are not height * width * nChannels bytes: expected {}, found {}",
                List.of(expected, found));
        return tf.withControlDependencies(hasBytes).reshape(bytes, shape);
    }
}
