package io.tensorbridge;

import static java.util.Objects.requireNonNull;

import io.tensorbridge.internal.bind.Bound;
import io.tensorbridge.internal.plan.OperationPlanner;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * An operation whose outputs become new columns of the DataFrame.
 *
 * @param <O> the operation itself
 */
public abstract sealed class MapOperation<O extends MapOperation<O>> extends Operation<O> permits MapBlocks, MapRows {

    private final MapResult result;

    MapOperation(Refinements refinements, MapResult result) {
        super(refinements);
        this.result = result;
    }

    @Override
    final O refined(Refinements changed) {
        return refined(changed, result);
    }

    abstract O refined(Refinements changed, MapResult newResult);

    final MapResult result() {
        return result;
    }

    /** Returns what this operation makes of its program. */
    abstract Contract contract();

    /** Gives the new columns alone, without the input's. */
    public O trim() {
        return refined(refinements(), result.trim());
    }

    /**
     * Gives a new column of arrays of floats or doubles as Spark ML's vectors, for its estimators and transformers. A cell of
     * several dimensions becomes one vector of all its values. Needs spark-mllib on the class path.
     */
    public final O asVector(String column) {
        return refined(refinements(), result.withForm(column, MlForm.VECTOR));
    }

    /** Gives a new column with cells of two dimensions as Spark ML's matrices; see {@link #asVector}. */
    public final O asMatrix(String column) {
        return refined(refinements(), result.withForm(column, MlForm.MATRIX));
    }

    /**
     * Lets rows fail on their own: a row that the program refuses has nulls in all new columns, and in one more column of
     * strings why, which is null for the others. Without it such a row fails the job.
     *
     * <p>A row is refused if one of its values is, by TensorFlow or by a check of the program's input, or if a column that is fed
     * has a null in it, unless {@link #onNull} fills or drops that. Anything else, such as a run that does not end, fails the job
     * all the same. A block without such rows is run as it always is; another is run in ever smaller parts until they are found, so that the
     * program must give a row for each, whatever the others are.
     *
     * @param column the name of the new column, which comes last
     */
    public final O reasons(String column) {
        return refined(refinements(), result.withReasons(requireNonNull(column, "column")));
    }

    /**
     * Returns the DataFrame with the new columns, which are computed when it is used.
     *
     * @param df a DataFrame, or a Dataset of anything
     * @throws io.tensorbridge.tensor.SignatureMismatchException if program and DataFrame do not fit; the message holds
     *     every mismatch
     */
    public final Dataset<Row> apply(Dataset<?> df) {
        Bound bound = bind(df);
        Dataset<Row> mapped = OperationPlanner.map(df, bound);
        return result.forms().isEmpty() ? mapped : MlColumns.give(mapped, result.forms());
    }

    /**
     * Describes how this would run on a DataFrame: what is bound to what, what is copied, how large a block is, on which
     * device. Starts no job and no session.
     *
     * @throws io.tensorbridge.tensor.SignatureMismatchException if program and DataFrame do not fit
     */
    public final String explain(Dataset<?> df) {
        return Explanation.of(bind(df));
    }

    private Bound bind(Dataset<?> df) {
        return new MapBinder(refinements(), contract(), result, df).bind();
    }
}
