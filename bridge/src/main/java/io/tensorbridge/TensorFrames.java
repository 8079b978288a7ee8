package io.tensorbridge;

import io.tensorbridge.tensor.Program;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.family.TType;

/**
 * The operations of TensorFrames: TensorFlow programs over Spark DataFrames.
 *
 * <p>Made for a static import. An operation is an immutable value: it is refined, then applied to as many DataFrames as one
 * likes, from any thread.
 */
public final class TensorFrames {

    private TensorFrames() {}

    /**
     * Returns the operation that runs a program over blocks of rows, and gives its outputs as new columns.
     *
     * <p>Shapes: an input of {@code [?, 28, 28]} is fed with a column whose cells have the shape {@code [28, 28]}; an
     * output of {@code [?, 10]} becomes a column of arrays of ten. How rows are cut into blocks is not part of the
     * contract, so a row's outputs may depend on that row alone.
     */
    public static MapBlocks mapBlocks(Program program) {
        return MapBlocks.of(program);
    }

    /**
     * Adds an input to a program under construction; see {@link Program#placeholder}.
     *
     * @param tf the graph's operations
     * @param name the name of the input
     * @param type the type of its elements
     * @param shape the shape of a whole block, such as {@code Shape.of(-1, 3)}
     */
    public static <T extends TType> Placeholder<T> placeholder(Ops tf, String name, Class<T> type, Shape shape) {
        return Program.placeholder(tf, name, type, shape);
    }

    /** Names the first output of a program under construction; see {@link Program#outputs}. */
    public static Program.Outputs outputs(String name, Operand<?> tensor) {
        return Program.outputs(name, tensor);
    }
}
