package io.tensorbridge.train.graph;

import org.jspecify.annotations.Nullable;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.TensorProto;

/**
 * A variable of a program that trains.
 *
 * @param name its name, such as {@code hidden/kernel}; unique within the program, and what checkpoints call it
 * @param handle the name of its {@code VarHandleOp}
 * @param elementType the type of its elements
 * @param shape its shape, wholly known
 * @param role what becomes of it in a step
 * @param initialiser the tensor of the graph that gives its first value; of no effect where {@code value} is there
 * @param value its first value, if it is known: that of a saved model, or of another program
 */
record TrainedVariable(
        String name,
        String handle,
        DataType elementType,
        Shape shape,
        Role role,
        @Nullable String initialiser,
        @Nullable TensorProto value) {

    /** What becomes of a variable in a step. */
    enum Role {
        /** It follows its gradient. */
        TRAINED,
        /** It keeps its value. */
        FROZEN,
        /** It is set to a value that the graph computes, such as a moving average. */
        UPDATED
    }

    TrainedVariable withRole(Role newRole) {
        return new TrainedVariable(name, handle, elementType, shape, newRole, initialiser, value);
    }

    TrainedVariable withValue(TensorProto newValue) {
        return new TrainedVariable(name, handle, elementType, shape, role, initialiser, newValue);
    }
}
