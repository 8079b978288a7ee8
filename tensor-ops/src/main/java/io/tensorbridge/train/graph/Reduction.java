package io.tensorbridge.train.graph;

import io.tensorbridge.train.graph.UpdateRule.Wire;
import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat16;
import org.tensorflow.types.TFloat32;

/**
 * Sums what batches give, over the micro-batches of a step and over the workers.
 *
 * <p>All of it travels as one vector: first what is as large as the variables, then a few numbers. In halves a number goes as two,
 * of which the second is what the first has lost by rounding.
 */
final class Reduction {

    private final Ops tf;
    private final Collectives collectives;
    private final Slots slots;
    private final Operand<TFloat32> weight;
    private final List<Op> resets = new ArrayList<>();
    private Op accumulate;

    Reduction(Ops tf, Collectives collectives, Slots slots, Operand<TFloat32> weight) {
        this.tf = tf;
        this.collectives = collectives;
        this.slots = slots;
        this.weight = weight;
        this.accumulate = tf.noOp();
    }

    /**
     * What is summed; weighted.
     *
     * @param large tensors of the variables' shapes
     * @param numbers scalars
     */
    record Parts(List<Operand<TFloat32>> large, List<Operand<TFloat32>> numbers) {}

    /**
     * The sums.
     *
     * @param numbers a vector
     */
    record Sums(List<Operand<TFloat32>> large, Operand<TFloat32> numbers) {}

    Sums of(Parts parts, List<Shape> shapes, int microBatches, Wire wire) {
        if (!collectives.areThere() && microBatches == 1) {
            return new Sums(parts.large(), tf.stack(parts.numbers()));
        }
        Operand<TFloat32> vector = silenced(flat(parts));
        if (microBatches > 1) {
            vector = accumulated(vector, shapes, parts.numbers().size());
        }
        return split(
                summed(vector, shapes, parts.numbers().size(), wire),
                shapes,
                parts.numbers().size());
    }

    private Operand<TFloat32> flat(Parts parts) {
        List<Operand<TFloat32>> all = new ArrayList<>();
        Operand<org.tensorflow.types.TInt32> one = tf.constant(new int[] {-1});
        parts.large().forEach(part -> all.add(tf.reshape(part, one)));
        all.add(tf.stack(parts.numbers()));
        return tf.concat(all, tf.constant(0));
    }

    /** A batch that counts for nothing may give anything, NaN too. */
    private Operand<TFloat32> silenced(Operand<TFloat32> vector) {
        // the first version of the operation, which does not broadcast, and so does not look at each condition
        return tf.scope()
                .opBuilder("Select", "counted")
                .addInput(tf.math.greater(weight, tf.constant(0f)).asOutput())
                .addInput(vector.asOutput())
                .addInput(tf.zerosLike(vector).asOutput())
                .build()
                .output(0);
    }

    private Operand<TFloat32> accumulated(Operand<TFloat32> vector, List<Shape> shapes, int numbers) {
        Shape shape = Shape.of(largeSize(shapes) + numbers);
        Operand<TFloat32> zeros = tf.zeros(tf.constant(shape), TFloat32.class);
        Slots.Slot<TFloat32> sum = slots.passing("accumulated", shape, TFloat32.class, zeros);
        accumulate = tf.assignAddVariableOp(sum.handle(), vector);
        Operand<TFloat32> all = tf.math.add(sum.read(), vector);
        resets.add(tf.withControlDependencies(all).assignVariableOp(sum.handle(), zeros));
        return all;
    }

    private Operand<TFloat32> summed(Operand<TFloat32> vector, List<Shape> shapes, int numbers, Wire wire) {
        if (wire == Wire.FLOAT || !collectives.areThere()) {
            return collectives.sum(vector);
        }
        long size = largeSize(shapes);
        Operand<TFloat16> large = tf.dtypes.cast(slice(vector, 0, size), TFloat16.class);
        Operand<TFloat32> exact = slice(vector, size, numbers);
        Operand<TFloat16> high = tf.dtypes.cast(exact, TFloat16.class);
        Operand<TFloat16> low =
                tf.dtypes.cast(tf.math.sub(exact, tf.dtypes.cast(high, TFloat32.class)), TFloat16.class);
        Operand<TFloat32> sum =
                tf.dtypes.cast(collectives.sum(tf.concat(List.of(large, high, low), tf.constant(0))), TFloat32.class);
        return tf.concat(
                List.of(
                        slice(sum, 0, size),
                        tf.math.add(slice(sum, size, numbers), slice(sum, size + numbers, numbers))),
                tf.constant(0));
    }

    private Sums split(Operand<TFloat32> vector, List<Shape> shapes, int numbers) {
        List<Operand<TFloat32>> large = new ArrayList<>();
        long at = 0;
        for (Shape shape : shapes) {
            large.add(tf.reshape(slice(vector, at, shape.size()), tf.constant(shape)));
            at += shape.size();
        }
        return new Sums(large, slice(vector, at, numbers));
    }

    private Operand<TFloat32> slice(Operand<TFloat32> vector, long from, long length) {
        return tf.slice(vector, tf.constant(new long[] {from}), tf.constant(new long[] {length}));
    }

    private static long largeSize(List<Shape> shapes) {
        return shapes.stream().mapToLong(Shape::size).sum();
    }

    /** Returns what adds a micro-batch that does not end the step. */
    Op accumulate() {
        return accumulate;
    }

    /** Returns what is to be done after a step. */
    List<Op> resets() {
        return resets;
    }
}
