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
     * Returns the operation that runs a program on every row, and gives its outputs as new columns.
     *
     * <p>Shapes: an input of {@code [28, 28]} is fed with a column whose cells have that shape; an output of {@code [10]}
     * becomes a column of arrays of ten, one of {@code []} a column of numbers. Where the program leaves a dimension open,
     * rows may differ in it.
     */
    public static MapRows mapRows(Program program) {
        return MapRows.of(program);
    }

    /**
     * Returns the operation that reduces all rows to one, a block at a time.
     *
     * <p>The program makes each output {@code x} of an input {@code x_input}, which is fed with the column {@code x}. Shapes:
     * an input of {@code [?, 3]} is reduced to an output of {@code [3]}, of the same type.
     */
    public static ReduceBlocks reduceBlocks(Program program) {
        return ReduceBlocks.of(program);
    }

    /**
     * Returns the operation that reduces all rows to one, two at a time.
     *
     * <p>The program makes each output {@code x} of two inputs {@code x_1} and {@code x_2}, all of one type and of the shape of
     * a cell; both are fed with the column {@code x}. Of the program it is asked that it be associative; it need not be
     * commutative. A single row is not reduced at all: it is the result.
     */
    public static ReduceRows reduceRows(Program program) {
        return ReduceRows.of(program);
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
