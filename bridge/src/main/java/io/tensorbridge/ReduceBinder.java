package io.tensorbridge;

import io.tensorbridge.internal.bind.BoundFeed;
import io.tensorbridge.internal.bind.BoundFetch;
import io.tensorbridge.internal.bind.BoundProgram;
import io.tensorbridge.internal.bind.BoundReduction;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.ProgramRewrites;
import io.tensorbridge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.catalyst.expressions.Attribute;

/** Matches a reduction with the columns of a DataFrame. */
final class ReduceBinder {

    private final Refinements refinements;
    private final Dataset<?> df;
    private final Columns columns;
    private final Mismatches mismatches;
    private final Contract contract;
    private final boolean rows;

    private ReduceBinder(Refinements refinements, Dataset<?> df, boolean rows) {
        this.refinements = refinements;
        this.df = df;
        this.rows = rows;
        this.columns = Columns.of(df, refinements.program());
        this.mismatches = new Mismatches(refinements.program().name());
        if (df.isStreaming()) {
            throw new UnsupportedOperationException(
                    "Cannot reduce a stream with program '%s': expected a DataFrame that ends, found a streaming one. Reduce its batches in foreachBatch(…)"
                            .formatted(refinements.program().name()));
        }
        this.contract = rows
                ? ReduceConvention.ofRows(refinements, mismatches)
                : ReduceConvention.ofBlocks(refinements, mismatches);
    }

    static ReduceBinder ofBlocks(Refinements refinements, Dataset<?> df) {
        return new ReduceBinder(refinements, df, /* rows= */ false);
    }

    static ReduceBinder ofRows(Refinements refinements, Dataset<?> df) {
        return new ReduceBinder(refinements, df, /* rows= */ true);
    }

    /**
     * Returns the bindings.
     *
     * @throws io.tensorbridge.tensor.SignatureMismatchException if anything does not fit; the message holds every mismatch
     */
    BoundReduction bind(boolean checked) {
        var feedsBinder = new FeedsBinder(refinements, contract, columns, mismatches);
        feedsBinder.checkNames();
        ProgramCheck.ofReduction(refinements.program(), refinements.wanted().keySet(), df.sparkSession(), mismatches);
        feedsBinder.bind(contract.inputs());
        checkHasColumns();
        List<BoundFetch> fetches = new ArrayList<>();
        List<Attribute> produced = new ArrayList<>();
        var outputBinder = new OutputBinder(refinements, contract, /* trimmed= */ true, columns, mismatches);
        for (TensorSpec output : contract.outputs()) {
            String column = refinements.wanted().getOrDefault(output.name(), output.name());
            outputBinder.bind(output.name(), column, fetches, produced);
        }
        feedsBinder.checkColumnsMentioned(refinements.wanted().values());
        mismatches.throwIfAny();
        return new BoundReduction(
                BoundProgram.of(
                        step(),
                        feedsBinder.feeds().stream().map(this::ofStep).toList(),
                        feedsBinder.parameters(),
                        fetches.stream()
                                .map(fetch -> rows ? fetch : fetch.ofOneRow())
                                .toList(),
                        TensorFramesOptions.limits(df.sparkSession().conf(), refinements, /* resultBytesPerRow= */ 0),
                        TensorFramesOptions.runSettings(df.sparkSession().conf())),
                feedsBinder.fed(),
                produced.stream().map(column -> column.withNullability(true)).toList(),
                checked);
    }

    /** What is reduced are rows, so it cannot be a value. */
    private void checkHasColumns() {
        for (TensorSpec output : contract.outputs()) {
            for (String suffix :
                    rows ? List.of(ReduceConvention.FIRST, ReduceConvention.SECOND) : List.of(ReduceConvention.BLOCK)) {
                String input = output.name() + suffix;
                if (refinements.feeding().parameters().containsKey(input)) {
                    mismatches.addInput(
                            input,
                            "expected a column, found a value. Feed it with feed(\"%s\", \"…\")".formatted(input));
                }
            }
        }
    }

    /** Returns the program that takes a block and gives fewer rows: one, or half as many. */
    private Program step() {
        if (!rows) {
            return refinements.program();
        }
        return ProgramRewrites.pairs(
                refinements.program(),
                contract.outputs().stream()
                        .map(output -> new ProgramRewrites.Pair(
                                output.name() + ReduceConvention.FIRST,
                                output.name() + ReduceConvention.SECOND,
                                output.name()))
                        .toList());
    }

    private BoundFeed ofStep(BoundFeed feed) {
        if (!rows) {
            return feed;
        }
        String output = feed.input().substring(0, feed.input().length() - ReduceConvention.FIRST.length());
        return feed.withInput(output + ReduceConvention.BLOCK);
    }
}
