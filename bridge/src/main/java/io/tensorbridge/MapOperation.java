package io.tensorbridge;

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
