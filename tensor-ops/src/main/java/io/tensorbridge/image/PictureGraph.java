package io.tensorbridge.image;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.ReduceSum;
import org.tensorflow.op.core.Squeeze;
import org.tensorflow.op.core.Stack;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TNumber;

/**
 * Brings the pixels of one picture into the form that a model takes, in a graph under construction.
 *
 * <p>A picture is resized with the channels that it has, and its colours are put in order afterwards, when it is small: grey,
 * colours and transparency go through the same operations, and nothing goes over the pixels of the large picture twice.
 */
final class PictureGraph {

    /** Weights of the channels in grey, by the number of channels; the second and the fourth are transparency. */
    private static final float[][] GREY_OF_RGB = {
        {0, 0, 0, 0}, {1, 0, 0, 0}, {1, 0, 0, 0}, {0.2989f, 0.587f, 0.114f, 0}, {0.2989f, 0.587f, 0.114f, 0}
    };

    private static final float[][] GREY_OF_BGR = {
        {0, 0, 0, 0}, {1, 0, 0, 0}, {1, 0, 0, 0}, {0.114f, 0.587f, 0.2989f, 0}, {0.114f, 0.587f, 0.2989f, 0}
    };

    private final Ops tf;
    private final ImagePreprocessing form;
    private final Operand<TUint8> pixels;
    private final ColorOrder source;
    private final Operand<TInt32> shape;

    private PictureGraph(Ops tf, ImagePreprocessing form, Operand<TUint8> pixels, ColorOrder source) {
        this.tf = tf;
        this.form = form;
        this.pixels = pixels;
        this.source = source;
        this.shape = tf.shape(pixels);
    }

    /**
     * Adds all of it to a graph.
     *
     * @param pixels {@code [height, width, channels]}, of one to four channels
     * @param source in which order colours are in the picture
     * @return {@code [height, width, channels]} as the form says
     */
    static Operand<TFloat32> of(Ops tf, ImagePreprocessing form, Operand<TUint8> pixels, ColorOrder source) {
        var graph = new PictureGraph(tf, form, pixels, source);
        Operand<TFloat32> resized = graph.resized();
        return form.scaling().scale(tf, graph.colored(resized), form.colors(), form.width());
    }

    private Operand<TFloat32> resized() {
        return switch (form.fitting()) {
            case STRETCH -> resize(pixels, wanted());
            case CROP -> resize(middle(), wanted());
            case PAD -> padded();
        };
    }

    private Operand<TFloat32> resize(Operand<TUint8> picture, Operand<TInt32> size) {
        var resized = form.resizing().resize(tf, tf.expandDims(picture, tf.constant(0)), size);
        return tf.squeeze(resized, Squeeze.axis(List.of(0L)));
    }

    /** Returns the largest part of the picture that has the wanted proportion, from its middle. */
    private Operand<TUint8> middle() {
        var found = size();
        var across = tf.reverse(found, tf.constant(new int[] {0})); // width, height
        // in integers of 64 bits, where no product is too large and no quotient rounded
        var fitting = tf.math.div(
                tf.math.mul(longs(across), longs(wanted())), tf.constant(new long[] {form.width(), form.height()}));
        var cut = tf.math.maximum(tf.dtypes.cast(tf.math.minimum(longs(found), fitting), TInt32.class), tf.constant(1));
        var begin = tf.math.div(tf.math.sub(found, cut), tf.constant(2));
        return tf.slice(
                pixels,
                tf.concat(List.of(begin, tf.constant(new int[] {0})), tf.constant(0)),
                tf.concat(List.of(cut, tf.constant(new int[] {-1})), tf.constant(0)));
    }

    private Operand<TFloat32> padded() {
        var found = floats(size());
        var wanted = floats(wanted());
        var ratio = tf.max(quotients(found, wanted), tf.constant(0));
        var exact = quotients(found, ratio);
        var size = tf.math.maximum(ints(tf.math.floor(exact)), tf.constant(1));
        var before = tf.math.maximum(
                ints(tf.math.floor(tf.math.div(tf.math.sub(wanted, exact), tf.constant(2f)))), tf.constant(0));
        var after = tf.math.sub(tf.math.sub(wanted(), size), before);
        var around = tf.stack(List.of(before, after), Stack.axis(1L));
        var paddings = tf.concat(List.of(around, tf.constant(new int[][] {{0, 0}})), tf.constant(0));
        return tf.pad(resize(pixels, size), paddings, tf.constant(0f));
    }

    /** Returns the wanted channels of {@code [height, width, channels]}, whatever channels there are. */
    private Operand<TFloat32> colored(Operand<TFloat32> image) {
        var channels = tf.squeeze(tf.slice(shape, tf.constant(new int[] {2}), tf.constant(new int[] {1})));
        if (form.colors() == ColorOrder.GREY) {
            var weights = tf.gather(
                    tf.constant(source == ColorOrder.BGR ? GREY_OF_BGR : GREY_OF_RGB), channels, tf.constant(0));
            var ofChannels = tf.slice(weights, tf.constant(new int[] {0}), tf.expandDims(channels, tf.constant(0)));
            var grey = tf.reduceSum(tf.math.mul(image, ofChannels), tf.constant(2), ReduceSum.keepDims(true));
            return tf.ensureShape(grey, Shape.of(form.height(), form.width(), 1));
        }
        // both are the image itself, and no copy, if it has three channels
        var opaque = tf.slice(
                image,
                tf.constant(new int[] {0, 0, 0}),
                tf.stack(List.of(
                        tf.constant(form.height()),
                        tf.constant(form.width()),
                        tf.select(tf.math.less(channels, tf.constant(3)), tf.constant(1), tf.constant(3)))));
        Operand<TInt32> all = tf.constant(new int[] {form.height(), form.width(), 3});
        var colors = tf.broadcastTo(opaque, all);
        if (source == form.colors()) {
            return colors;
        }
        // turned round as a list of pixels, which is faster
        var list = tf.reshape(colors, tf.constant(new int[] {form.height() * form.width(), 3}));
        return tf.reshape(tf.reverse(list, tf.constant(new int[] {1})), all);
    }

    /** Returns height and width of the picture. */
    private Operand<TInt32> size() {
        return tf.slice(shape, tf.constant(new int[] {0}), tf.constant(new int[] {2}));
    }

    private Operand<TInt32> wanted() {
        return tf.constant(new int[] {form.height(), form.width()});
    }

    private Operand<TFloat32> floats(Operand<? extends TNumber> numbers) {
        return tf.dtypes.cast(numbers, TFloat32.class);
    }

    /**
     * Divides floats as Python does, to the last bit, on which it depends whether a picture gets a pixel more. By itself TensorFlow
     * may multiply by the inverse, which with doubles makes no difference to a float.
     */
    private Operand<TFloat32> quotients(Operand<TFloat32> floats, Operand<TFloat32> by) {
        return floats(tf.math.div(tf.dtypes.cast(floats, TFloat64.class), tf.dtypes.cast(by, TFloat64.class)));
    }

    private Operand<TInt64> longs(Operand<TInt32> numbers) {
        return tf.dtypes.cast(numbers, TInt64.class);
    }

    /** Cuts off what is behind the point. */
    private Operand<TInt32> ints(Operand<TFloat32> numbers) {
        return tf.dtypes.cast(numbers, TInt32.class);
    }
}
