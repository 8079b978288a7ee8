package io.tensorbridge;

import static java.util.Objects.requireNonNull;

import io.tensorbridge.internal.plan.OperationPlanner;
import io.tensorbridge.tensor.Program;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Reduces the rows of each group to one row. Made by {@link TensorFrames#aggregate}. */
public final class Aggregate extends Operation<Aggregate> {

    private final List<GroupingKey> keys;

    private Aggregate(Refinements refinements, List<GroupingKey> keys) {
        super(refinements);
        this.keys = List.copyOf(keys);
    }

    static Aggregate of(Program program) {
        return new Aggregate(Refinements.of(program), List.of());
    }

    @Override
    Aggregate refined(Refinements changed) {
        return new Aggregate(changed, keys);
    }

    /**
     * Groups by columns; several calls add up.
     *
     * <p>Rows belong to one group if Spark's own {@code groupBy} would put them there: nulls are a group of their own, so is
     * NaN, and 0.0 and -0.0 are one.
     *
     * @param columns names of columns, taken to the letter
     */
    public Aggregate by(String... columns) {
        List<GroupingKey> more = new ArrayList<>(keys);
        for (String column : columns) {
            more.add(new GroupingKey.Named(requireNonNull(column, "column")));
        }
        return new Aggregate(refinements(), more);
    }

    /**
     * Groups by what expressions give, which become columns named as {@code select} would name them; several calls add up.
     *
     * @param expressions anything that Spark can group by
     */
    public Aggregate by(Column... expressions) {
        List<GroupingKey> more = new ArrayList<>(keys);
        for (Column expression : expressions) {
            more.add(new GroupingKey.Computed(requireNonNull(expression, "expression")));
        }
        return new Aggregate(refinements(), more);
    }

    /**
     * Returns a DataFrame of one row for each group: the keys, then the outputs in the order in which they are fetched. It is
     * computed when it is used; a DataFrame without rows has no groups. Keys that Spark cannot group by are refused by Spark's
     * own {@code AnalysisException}.
     *
     * @param df a DataFrame, or a Dataset of anything; not a stream
     * @throws io.tensorbridge.tensor.SignatureMismatchException if program and DataFrame do not fit; the message holds
     *     every mismatch
     */
    public Dataset<Row> apply(Dataset<?> df) {
        var bound = new AggregateBinder(refinements(), keys, df).bind();
        return OperationPlanner.aggregate(df, bound.keys(), bound.bound(), bound.groups());
    }

    /**
     * Describes how this would run on a DataFrame. Starts no job and no session.
     *
     * @throws io.tensorbridge.tensor.SignatureMismatchException if program and DataFrame do not fit
     */
    public String explain(Dataset<?> df) {
        return Explanation.of(new AggregateBinder(refinements(), keys, df).bind());
    }
}
