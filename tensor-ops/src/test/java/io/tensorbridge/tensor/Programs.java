package io.tensorbridge.tensor;

import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TType;

/** Programs for tests. */
public final class Programs {

    private Programs() {}

    /** {@code z = x + 3}, over doubles. */
    public static Program plusThree() {
        return Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1));
            return Program.outputs("z", tf.math.add(x, tf.constant(3.0)));
        });
    }

    /** {@code y = x}, for any type and shape: its output is its input's memory. */
    public static Program identity(ElementType type, Shape block) {
        return Program.build(tf -> {
            Placeholder<? extends TType> x = Program.placeholder(tf, "x", classOf(type), block);
            return Program.outputs("y", tf.identity(x));
        });
    }

    static Class<? extends TType> classOf(ElementType type) {
        return switch (type) {
            case FLOAT32 -> TFloat32.class;
            case FLOAT64 -> TFloat64.class;
            case INT32 -> TInt32.class;
            case INT64 -> TInt64.class;
            case UINT8 -> TUint8.class;
        };
    }
}
