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

    private final boolean trimmed;

    MapOperation(Refinements refinements, boolean trimmed) {
        super(refinements);
        this.trimmed = trimmed;
    }

    @Override
    final O refined(Refinements changed) {
        return refined(changed, trimmed);
    }

    abstract O refined(Refinements changed, boolean newTrimmed);

    /** Returns what this operation makes of its program. */
    abstract Contract contract();

    /** Gives the new columns alone, without the input's. */
    public O trim() {
        return refined(refinements(), /* newTrimmed= */ true);
    }

    /**
     * Returns the DataFrame with the new columns, which are computed when it is used.
     *
     * @param df a DataFrame, or a Dataset of anything
     * @throws io.tensorbridge.tensor.SignatureMismatchException if program and DataFrame do not fit; the message holds
     *     every mismatch
     */
    public final Dataset<Row> apply(Dataset<?> df) {
        return OperationPlanner.map(df, bind(df));
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
        return new MapBinder(refinements(), contract(), trimmed, df).bind();
    }
}
