package io.tensorbridge.train.graph;

import io.tensorbridge.tensor.Shapes;
import io.tensorbridge.train.graph.TrainedVariable.Role;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/** The variables of a program under construction. Each is read by one operation, whoever asks for its value. */
final class ProgramVariables {

    private static final long GOLDEN = 0x9E3779B97F4A7C15L; // spreads seeds that follow each other

    private final Ops root;
    private final Operand<TInt64> random;
    private final Map<String, Operand<TFloat32>> reads = new LinkedHashMap<>();
    private final Map<String, TrainedVariable> variables = new LinkedHashMap<>();
    private final SortedMap<String, String> updates = new TreeMap<>();

    ProgramVariables(Ops root, Operand<TInt64> random) {
        this.root = root;
        this.random = random;
    }

    /** Returns the value of a variable, if there is one of that name. */
    @Nullable
    Operand<TFloat32> read(String name) {
        return reads.get(name);
    }

    /** Adds a variable, and returns its value. */
    Operand<TFloat32> add(Role role, String name, Initialiser initialiser, long... shape) {
        if (reads.containsKey(name)) {
            throw new IllegalArgumentException(
                    "Cannot add variable '%s': the program has one of that name already. Give it another name"
                            .formatted(name));
        }
        Shape dimensions = Shape.of(shape);
        if (LongStream.of(shape).anyMatch(dimension -> dimension < 1)) {
            throw new IllegalArgumentException(
                    "Invalid variable '%s': must have a known shape, found %s. Give the size of each dimension"
                            .formatted(name, Shapes.describe(dimensions)));
        }
        Ops tf = root;
        String[] parts = name.split("/", -1);
        for (int i = 0; i < parts.length - 1; i++) {
            tf = tf.withSubScope(parts[i]);
        }
        VarHandleOp handle = tf.withName(parts[parts.length - 1])
                .varHandleOp(TFloat32.class, dimensions, VarHandleOp.sharedName(name));
        Operand<TFloat32> read = tf.readVariableOp(handle, TFloat32.class);
        Operand<TFloat32> value = initialiser.value(tf.withSubScope("initial"), dimensions, seed(variables.size()));
        variables.put(
                name,
                new TrainedVariable(
                        name,
                        handle.op().name(),
                        DataType.DT_FLOAT,
                        dimensions,
                        role,
                        TrainingProgram.nameOf(value),
                        /* value= */ null));
        reads.put(name, read);
        return read;
    }

    /** Returns two numbers for random operations: others for each of these, each worker and each step. */
    Operand<TInt64> seed(long number) {
        return root.bitwise.bitwiseXor(random, root.constant(new long[] {(number + 1) * GOLDEN, 0}));
    }

    /** Returns a variable, if it may be set to such a value. */
    TrainedVariable toUpdate(String name, Operand<TFloat32> value) {
        TrainedVariable variable = variables.get(name);
        if (variable == null) {
            throw new IllegalArgumentException("Cannot update variable '%s': expected one of %s. Add it with frozen(…)"
                    .formatted(name, variables.keySet()));
        }
        Output<?> tensor = value.asOutput();
        if (tensor.dataType() != variable.elementType() || !tensor.shape().isCompatibleWith(variable.shape())) {
            throw new IllegalArgumentException("Cannot update variable '%s': expected %s, found %s"
                    .formatted(
                            name,
                            Shapes.describe(variable.elementType(), variable.shape()),
                            Shapes.describe(tensor.dataType(), tensor.shape())));
        }
        return variable;
    }

    /** Sets a variable to a value after each step. */
    void update(TrainedVariable variable, Operand<TFloat32> value) {
        if (updates.put(variable.name(), TrainingProgram.nameOf(value)) != null) {
            throw new IllegalArgumentException(
                    "Cannot update variable '%s': it is updated already. Compute one value of both"
                            .formatted(variable.name()));
        }
        variables.put(variable.name(), variable.withRole(Role.UPDATED));
    }

    List<TrainedVariable> all() {
        return List.copyOf(variables.values());
    }

    SortedMap<String, String> updates() {
        return updates;
    }
}
