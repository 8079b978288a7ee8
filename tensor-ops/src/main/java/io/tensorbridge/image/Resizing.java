package io.tensorbridge.image;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.image.ResizeBicubic;
import org.tensorflow.op.image.ResizeBilinear;
import org.tensorflow.op.image.ResizeNearestNeighbor;
import org.tensorflow.op.image.ScaleAndTranslate;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;

/** How a picture is brought to another size: as Python's {@code tf.image.resize} does it with the method of the same name. */
public enum Resizing {
    /** {@code method="bilinear"}, its default: four pixels around each point, however many lie between two points. */
    BILINEAR {
        @Override
        Operand<TFloat32> resize(Ops tf, Operand<TUint8> picture, Operand<TInt32> size) {
            return tf.image.resizeBilinear(picture, size, ResizeBilinear.halfPixelCenters(true));
        }
    },

    /** {@code method="bilinear", antialias=True}: all pixels that lie between two points count. Slower than the others. */
    BILINEAR_ANTIALIASED {
        @Override
        Operand<TFloat32> resize(Ops tf, Operand<TUint8> picture, Operand<TInt32> size) {
            var before = tf.slice(tf.shape(picture), tf.constant(new int[] {1}), tf.constant(new int[] {2}));
            var scale = tf.math.div(tf.dtypes.cast(size, TFloat32.class), tf.dtypes.cast(before, TFloat32.class));
            return tf.image.scaleAndTranslate(
                    picture,
                    size,
                    scale,
                    tf.constant(new float[] {0, 0}),
                    ScaleAndTranslate.kernelType("triangle"),
                    ScaleAndTranslate.antialias(true));
        }
    },

    /** {@code method="nearest"}: the pixel under each point. */
    NEAREST {
        @Override
        Operand<TFloat32> resize(Ops tf, Operand<TUint8> picture, Operand<TInt32> size) {
            return tf.dtypes.cast(
                    tf.image.resizeNearestNeighbor(picture, size, ResizeNearestNeighbor.halfPixelCenters(true)),
                    TFloat32.class);
        }
    },

    /** {@code method="bicubic"}: sixteen pixels around each point. Values may lie below 0 and above 255. */
    BICUBIC {
        @Override
        Operand<TFloat32> resize(Ops tf, Operand<TUint8> picture, Operand<TInt32> size) {
            return tf.image.resizeBicubic(picture, size, ResizeBicubic.halfPixelCenters(true));
        }
    },

    /** {@code method="area"}: the mean of the pixels that a new pixel covers. */
    AREA {
        @Override
        Operand<TFloat32> resize(Ops tf, Operand<TUint8> picture, Operand<TInt32> size) {
            return tf.image.resizeArea(picture, size);
        }
    };

    /**
     * Adds the resizing to a graph.
     *
     * @param picture {@code [1, height, width, channels]}
     * @param size the new height and width, {@code [2]}
     * @return {@code [1, height, width, channels]}, from 0 to 255
     */
    abstract Operand<TFloat32> resize(Ops tf, Operand<TUint8> picture, Operand<TInt32> size);
}
