package io.tensorbridge.train.graph;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.internal.types.registry.TensorTypeRegistry;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TString;
import org.tensorflow.types.family.TType;

/** Saves and restores variables, in TensorFlow's form of a checkpoint; and keeps the best ones beside. */
final class Checkpointing {

    private final Ops tf;
    private final Placeholder<TString> file;
    private final List<Kept<?>> weights = new ArrayList<>();

    /** A variable that is saved, and what reads it. */
    private record Kept<T extends TType>(
            String name, Operand<? extends TType> handle, Operand<T> read, Class<T> type, Shape shape) {}

    Checkpointing(Ops tf) {
        this.tf = tf;
        file = tf.withName("file").placeholder(TString.class, Placeholder.shape(Shape.scalar()));
    }

    Placeholder<TString> file() {
        return file;
    }

    void add(Graph graph, TrainedVariable variable) {
        add(variable, Gradients.tensor(graph, variable.handle() + ":0"), typeOf(variable));
    }

    private <T extends TType> void add(TrainedVariable variable, Operand<TType> handle, Class<T> type) {
        weights.add(new Kept<>(variable.name(), handle, tf.readVariableOp(handle, type), type, variable.shape()));
    }

    private static Class<? extends TType> typeOf(TrainedVariable variable) {
        return TensorTypeRegistry.find(variable.elementType()).type();
    }

    /** Returns what reads a variable of the program, for whom it is one of floats. */
    @SuppressWarnings("unchecked")
    Operand<TFloat32> read(TrainedVariable variable) {
        for (Kept<?> kept : weights) {
            if (kept.name().equals(variable.name())) {
                return (Operand<TFloat32>) kept.read();
            }
        }
        throw new IllegalArgumentException("Unknown variable " + variable.name());
    }

    /** Returns what reads the variables of the program. */
    List<Output<?>> reads() {
        return weights.stream().<Output<?>>map(kept -> kept.read().asOutput()).toList();
    }

    /**
     * A pair of operations.
     *
     * @param save writes the variables to the file
     * @param restore reads them from it
     */
    record Pair(Op save, List<Op> restore) {}

    Pair weightsAnd(List<Slots.Slot<?>> slots) {
        List<Kept<?>> all = new ArrayList<>(weights);
        slots.forEach(slot -> all.add(kept(slot)));
        return pair(all);
    }

    private static <T extends TType> Kept<T> kept(Slots.Slot<T> slot) {
        return new Kept<>(slot.name(), slot.handle(), slot.read(), slot.type(), Shape.unknown());
    }

    private Operand<TString> strings(List<String> strings) {
        try (TString tensor = TString.vectorOf(strings.toArray(String[]::new))) {
            return tf.constantOf(tensor);
        }
    }

    private Pair pair(List<Kept<?>> all) {
        Operand<TString> names = strings(all.stream().map(Kept::name).toList());
        Operand<TString> whole = strings(Collections.nCopies(all.size(), ""));
        List<Operand<?>> values = new ArrayList<>();
        List<Class<? extends TType>> types = new ArrayList<>();
        for (Kept<?> kept : all) {
            values.add(kept.read());
            types.add(kept.type());
        }
        Op save = tf.train.save(file, names, whole, values);
        List<Output<?>> read = tf.train.restore(file, names, whole, types).tensors();
        List<Op> restore = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            restore.add(tf.assignVariableOp(all.get(i).handle(), read.get(i)));
        }
        return new Pair(save, restore);
    }

    /**
     * A second place for the variables of the program.
     *
     * @param keep copies the variables there
     * @param take copies them back
     * @param files saves and restores that place, under the names of the variables
     */
    record Best(List<Op> keep, List<Op> take, Pair files) {}

    Best best(Slots slots) {
        List<Op> keep = new ArrayList<>();
        List<Op> take = new ArrayList<>();
        List<Kept<?>> copies = new ArrayList<>();
        for (Kept<?> kept : weights) {
            copies.add(best(slots, kept, keep, take));
        }
        return new Best(keep, take, pair(copies));
    }

    private <T extends TType> Kept<T> best(Slots slots, Kept<T> kept, List<Op> keep, List<Op> take) {
        Slots.Slot<T> copy = slots.without("best/" + kept.name(), kept.shape(), kept.type());
        Operand<T> value = copy.read();
        keep.add(tf.assignVariableOp(copy.handle(), kept.read()));
        take.add(tf.assignVariableOp(kept.handle(), value));
        return new Kept<>(kept.name(), copy.handle(), value, kept.type(), kept.shape());
    }
}
