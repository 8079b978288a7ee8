package io.tensorbridge.tensor;

import java.util.List;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;

/**
 * Runs blocks through a session.
 *
 * <p>Made by {@link ProgramSession#runner} and {@link ProgramSession#runnerOfRows}; {@link TolerantRunner} lets rows of it fail. For use by one thread at a time.
 */
public sealed interface BlockRunner extends AutoCloseable permits DirectRunner, GroupingRunner, TolerantRunner {

    /**
     * Runs a block that has columns.
     *
     * @param columns see {@link #run(List, int)}
     */
    default VectorSchemaRoot run(List<? extends FieldVector> columns) {
        if (columns.isEmpty()) {
            throw new IllegalArgumentException(
                    "Cannot tell the rows of a block without columns: give their number with run(columns, rows)");
        }
        return run(columns, columns.get(0).getValueCount());
    }

    /**
     * Runs one block.
     *
     * @param columns the columns that the feeds name by their index; they are only read, stay the caller's, and may be
     *     closed as soon as this returns, though not overwritten while a buffer of theirs is retained
     * @param rows the number of rows of the block, for feeds of that number; usually the length of every column
     * @return one column per fetch, in the order of the fetches, which the caller closes; never to be written to
     * @throws SignatureMismatchException if a column has no tensor form, or not the one that the feed says
     * @throws ProgramException if TensorFlow fails, an output is not what its signature says, or the run does not end
     *     within the session's limit
     * @throws IllegalStateException if this runner or its session is closed
     */
    VectorSchemaRoot run(List<? extends FieldVector> columns, int rows);

    /** Returns the time spent inside TensorFlow's run so far, in nanoseconds. */
    long runNanos();

    /** Frees what was kept between the runs; closing twice is harmless. */
    @Override
    void close();
}
