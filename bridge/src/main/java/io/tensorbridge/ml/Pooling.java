package io.tensorbridge.ml;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** What becomes of feature maps, {@code [height, width, channels]} for a picture. */
public enum Pooling {
    /** They stay as they are. As vectors they are refused, since nobody wants 100,000 features without having said so. */
    NONE {
        @Override
        Operand<TFloat32> pool(Ops tf, Operand<TFloat32> maps, Shape shape) {
            return maps;
        }
    },

    /** The mean of each channel, as {@code GlobalAveragePooling2D} in Keras: {@code [channels]}. */
    AVERAGE {
        @Override
        Operand<TFloat32> pool(Ops tf, Operand<TFloat32> maps, Shape shape) {
            return tf.math.mean(maps, tf.constant(new int[] {1, 2}));
        }
    },

    /** The greatest value of each channel, as {@code GlobalMaxPooling2D} in Keras: {@code [channels]}. */
    MAX {
        @Override
        Operand<TFloat32> pool(Ops tf, Operand<TFloat32> maps, Shape shape) {
            return tf.max(maps, tf.constant(new int[] {1, 2}));
        }
    },

    /** All values one after the other: {@code [height * width * channels]}. */
    FLATTEN {
        @Override
        Operand<TFloat32> pool(Ops tf, Operand<TFloat32> maps, Shape shape) {
            long values = shape.tail().size();
            if (values >= 0) {
                return tf.reshape(maps, tf.constant(new long[] {-1, values}));
            }
            var rows = tf.slice(tf.shape(maps), tf.constant(new int[] {0}), tf.constant(new int[] {1}));
            return tf.reshape(maps, tf.concat(List.of(rows, tf.constant(new int[] {-1})), tf.constant(0)));
        }
    };

    /**
     * Adds the pooling to a graph.
     *
     * @param maps {@code [rows, height, width, channels]}
     * @param shape what is known of that
     */
    abstract Operand<TFloat32> pool(Ops tf, Operand<TFloat32> maps, Shape shape);
}
