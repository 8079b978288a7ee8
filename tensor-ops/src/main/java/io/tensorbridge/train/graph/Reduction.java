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
import org.tensorflow.types.family.TNumber;

/**
 * Sums what batches give, over the micro-batches of a step and over the workers.
 *
 * <p>All of it travels as one vector: first the gradients, then what must be exact. In halves, each of the latter goes in parts, of
 * which each is what those before it have lost by rounding or could not hold.
 */
final class Reduction {

    /** The units of the parts: each 11 bits below the one before, as a half keeps 11; together good for 1e-9 to 1e11. */
    private static final List<Float> UNITS = List.of(0x1p22f, 0x1p11f, 1f, 0x1p-11f);

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
     * @param large tensors: gradients, and then what variables are set to
     * @param gradients how many of them are gradients
     * @param numbers scalars
     */
    record Parts(List<Operand<TFloat32>> large, int gradients, List<Operand<TFloat32>> numbers) {}

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
        int numbers = parts.numbers().size();
        Operand<TFloat32> vector = silenced(flat(parts));
        if (microBatches > 1) {
            vector = accumulated(vector, size(shapes) + numbers);
        }
        Operand<TFloat32> sum = wire == Wire.HALF && collectives.areThere()
                ? summedAsHalves(vector, size(shapes.subList(0, parts.gradients())), size(shapes) + numbers)
                : collectives.sum(vector);
        return split(sum, shapes, numbers);
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

    private Operand<TFloat32> accumulated(Operand<TFloat32> vector, long size) {
        Shape shape = Shape.of(size);
        Operand<TFloat32> zeros = tf.zeros(tf.constant(shape), TFloat32.class);
        Slots.Slot<TFloat32> sum = slots.passing("accumulated", shape, TFloat32.class, zeros);
        accumulate = tf.assignAddVariableOp(sum.handle(), vector);
        Operand<TFloat32> all = tf.math.add(sum.read(), vector);
        resets.add(tf.withControlDependencies(all).assignVariableOp(sum.handle(), zeros));
        return all;
    }

    private Operand<TFloat32> summedAsHalves(Operand<TFloat32> vector, long gradients, long size) {
        List<Operand<TFloat16>> sent = new ArrayList<>();
        sent.add(tf.dtypes.cast(slice(vector, 0, gradients), TFloat16.class));
        Operand<TFloat32> rest = slice(vector, gradients, size - gradients);
        for (float unit : UNITS) {
            Operand<TFloat16> part = tf.dtypes.cast(tf.math.mul(rest, tf.constant(1 / unit)), TFloat16.class);
            sent.add(part);
            rest = tf.math.sub(rest, times(part, unit));
        }
        Operand<TFloat16> sum = collectives.sum(tf.concat(sent, tf.constant(0)));
        List<Operand<TFloat32>> parts = new ArrayList<>();
        long at = gradients;
        for (float unit : UNITS) {
            parts.add(times(slice(sum, at, size - gradients), unit));
            at += size - gradients;
        }
        Operand<TFloat32> exact = tf.math.addN(parts);
        return tf.concat(List.of(tf.dtypes.cast(slice(sum, 0, gradients), TFloat32.class), exact), tf.constant(0));
    }

    private Operand<TFloat32> times(Operand<TFloat16> part, float unit) {
        return tf.math.mul(tf.dtypes.cast(part, TFloat32.class), tf.constant(unit));
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

    private <T extends TNumber> Operand<T> slice(Operand<T> vector, long from, long length) {
        return tf.slice(vector, tf.constant(new long[] {from}), tf.constant(new long[] {length}));
    }

    private static long size(List<Shape> shapes) {
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
