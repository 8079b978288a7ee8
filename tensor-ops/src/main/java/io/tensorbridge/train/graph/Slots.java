package io.tensorbridge.train.graph;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.types.family.TType;

/** Variables of the step itself: what optimizers remember, and sums. Those that outlive a step are saved with the program's. */
final class Slots {

    private final Ops tf;
    private final List<Slot<?>> saved = new ArrayList<>();
    private final List<Op> firstValues = new ArrayList<>();

    Slots(Ops tf) {
        this.tf = tf;
    }

    /**
     * A variable.
     *
     * @param name its name in checkpoints
     */
    record Slot<T extends TType>(Ops tf, String name, VarHandleOp handle, Class<T> type) {

        Operand<T> read() {
            return tf.readVariableOp(handle, type);
        }
    }

    /** Adds a variable that is saved. */
    <T extends TType> Slot<T> saved(String name, Shape shape, Class<T> type, Operand<T> first) {
        Slot<T> slot = passing(name, shape, type, first);
        saved.add(slot);
        return slot;
    }

    /** Adds a variable that is of no use after a step, or an evaluation. */
    <T extends TType> Slot<T> passing(String name, Shape shape, Class<T> type, Operand<T> first) {
        Slot<T> slot = without(name, shape, type);
        firstValues.add(tf.assignVariableOp(slot.handle(), first));
        return slot;
    }

    /** Adds a variable without a first value. */
    <T extends TType> Slot<T> without(String name, Shape shape, Class<T> type) {
        VarHandleOp handle = tf.varHandleOp(type, shape, VarHandleOp.sharedName("tensorbridge/" + name));
        return new Slot<>(tf, name, handle, type);
    }

    List<Slot<?>> saved() {
        return saved;
    }

    List<Op> firstValues() {
        return firstValues;
    }
}
