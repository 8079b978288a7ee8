package io.tensorbridge;

import io.tensorbridge.arrow.NullPolicy;
import io.tensorbridge.tensor.TensorValue;
import org.tensorflow.Tensor;

/**
 * What all operations have in common: a program, and how it is bound to the columns of a DataFrame.
 *
 * <p>Immutable: each refinement returns another operation. Made by {@link TensorFrames}.
 *
 * @param <O> the operation itself
 */
public abstract sealed class Operation<O extends Operation<O>> permits MapOperation, ReduceOperation, Aggregate {

    private final Refinements refinements;

    Operation(Refinements refinements) {
        this.refinements = refinements;
    }

    /** Returns this operation with other refinements. */
    abstract O refined(Refinements changed);

    final Refinements refinements() {
        return refinements;
    }

    /** Feeds an input with a column. An input that is not mentioned is fed with the column of its own name. */
    public final O feed(String input, String column) {
        return refined(refinements.feed(input, column));
    }

    /**
     * Fetches an output as a column of another name.
     *
     * <p>Without any {@code fetch} all outputs are fetched, under their own names; with one or more, only those, in the
     * order of the calls.
     */
    public final O fetch(String output, String column) {
        return refined(refinements.fetch(output, column));
    }

    /** Fetches an output under its own name; see {@link #fetch(String, String)}. */
    public final O fetch(String output) {
        return fetch(output, output);
    }

    /**
     * Says what shape the cells of a column have, fed or new.
     *
     * <p>For a flat array or a binary whose cells mean more than one dimension: {@code shape("pixels", 28, 28, 1)}.
     *
     * @param column the column
     * @param dimensions the dimensions of one cell; -1 for an unknown one
     */
    public final O shape(String column, long... dimensions) {
        return refined(refinements.shape(column, dimensions));
    }

    /** Says what becomes of nulls in the columns that are fed; without it they are errors. */
    public final O onNull(NullPolicy policy) {
        return refined(refinements.onNull(policy));
    }

    /** Says what becomes of nulls in one column, whatever holds for the others. */
    public final O onNull(String column, NullPolicy policy) {
        return refined(refinements.onNull(column, policy));
    }

    /**
     * Sets how many rows a block has at most.
     *
     * <p>Larger blocks use TensorFlow better and more memory. Blocks are bounded in bytes and in time as well, see
     * {@link TensorFramesOptions}. The default is the session's {@value TensorFramesOptions#BLOCK_ROWS}.
     */
    public final O blockRows(int rows) {
        return refined(refinements.blockRows(rows));
    }

    /**
     * Feeds an input with the same value in every run: a small tensor that is no column.
     *
     * <p>Neither the program nor the DataFrame changes by it, so a loop may give another value each time at no further
     * cost than a job's.
     *
     * @param input an input of the type and shape of the value
     */
    public final O with(String input, TensorValue value) {
        return refined(refinements.feeding(feeding -> feeding.withParameter(input, value)));
    }

    /** Feeds an input with a copy of a tensor, which stays the caller's; see {@link #with(String, TensorValue)}. */
    public final O with(String input, Tensor value) {
        return with(input, TensorValue.copyOf(value));
    }

    /**
     * Lets an input of halves be fed with a column of floats, whose values are rounded to the nearest half, ties to even.
     * Without it that is an error; no other conversion loses anything, and none is done.
     */
    public final O narrow(String column) {
        return refined(refinements.feeding(feeding -> feeding.withNarrowed(column)));
    }
}
