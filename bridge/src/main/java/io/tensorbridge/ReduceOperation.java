package io.tensorbridge;

import io.tensorbridge.internal.plan.OperationPlanner;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * An operation that reduces all rows of a DataFrame to one.
 *
 * <p>Rows are reduced where they are, block by block and partition by partition, and what that gives is reduced in turn, on
 * the executors, in a tree: the driver sees the last row alone. In which parts rows are reduced is not part of the contract,
 * so the program must be a reduction: {@code f(f(a), f(b))} is {@code f(a ∪ b)}. The order of rows is kept within a partition
 * and from one to the next.
 *
 * <p>No rows at all give a row of nulls.
 *
 * @param <O> the operation itself
 */
public abstract sealed class ReduceOperation<O extends ReduceOperation<O>> extends Operation<O>
        permits ReduceBlocks, ReduceRows {

    private final boolean checked;

    ReduceOperation(Refinements refinements, boolean checked) {
        super(refinements);
        this.checked = checked;
    }

    @Override
    final O refined(Refinements changed) {
        return refined(changed, checked);
    }

    abstract O refined(Refinements changed, boolean newChecked);

    /** Returns how this reduction runs, bound to a DataFrame. */
    abstract ReduceBinder binder(Dataset<?> df);

    /**
     * Checks on the first block of every partition that the program is a reduction: that reducing the block in two parts
     * gives what reducing it at once gives, to within 1e-5 of it. If it does not, the job fails and says so.
     */
    public final O checked() {
        return refined(refinements(), /* newChecked= */ true);
    }

    /**
     * Reduces the rows, now.
     *
     * @param df a DataFrame, or a Dataset of anything
     * @return one row with a column for each output, in the order in which they are fetched
     * @throws io.tensorbridge.tensor.SignatureMismatchException if program and DataFrame do not fit; the message holds
     *     every mismatch
     */
    public final Row apply(Dataset<?> df) {
        List<Row> rows = lazily(df).collectAsList();
        return rows.get(0);
    }

    /**
     * Returns a DataFrame of one row, which is computed when it is used.
     *
     * @param df as for {@link #apply}
     */
    public final Dataset<Row> lazily(Dataset<?> df) {
        return OperationPlanner.reduce(df, binder(df).bind(checked));
    }

    /**
     * Describes how this would run on a DataFrame. Starts no job and no session.
     *
     * @throws io.tensorbridge.tensor.SignatureMismatchException if program and DataFrame do not fit
     */
    public final String explain(Dataset<?> df) {
        return Explanation.of(binder(df).bind(checked));
    }
}
