package io.tensorbridge;

import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;

import io.tensorbridge.tensor.Program;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/** Reductions for tests, over a column {@code x}. */
final class Reductions {

    private Reductions() {}

    /** The sum of blocks of numbers, or of arrays of a shape that is given. */
    static <T extends TNumber> Program sum(Class<T> type, long... cell) {
        return Program.build(tf -> {
                    var x = placeholder(tf, "x_input", type, Shape.of(cell).prepend(Shape.UNKNOWN_SIZE));
                    return outputs("x", tf.sum(x, tf.constant(0)));
                })
                .named("sum");
    }

    /** The mean, which is no reduction: it depends on how rows are divided. */
    static Program mean() {
        return Program.build(tf -> {
                    var x = placeholder(tf, "x_input", TFloat64.class, Shape.of(-1));
                    return outputs("x", tf.math.mean(x, tf.constant(0)));
                })
                .named("mean");
    }

    /** The sum of pairs of rows. */
    static <T extends TNumber> Program add(Class<T> type, Shape cell) {
        return Program.build(tf -> outputs(
                        "x", tf.math.add(placeholder(tf, "x_1", type, cell), placeholder(tf, "x_2", type, cell))))
                .named("add");
    }
}
