package io.tensorbridge;

import io.tensorbridge.internal.bind.Bound;
import io.tensorbridge.internal.bind.BoundFetch;
import io.tensorbridge.internal.bind.BoundProgram;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.catalyst.expressions.Attribute;

/** Matches a program's inputs and outputs with the columns of a DataFrame, for operations that map rows to rows. */
final class MapBinder {

    private final Refinements refinements;
    private final Contract contract;
    private final boolean trimmed;
    private final Dataset<?> df;
    private final Columns columns;
    private final Mismatches mismatches;

    MapBinder(Refinements refinements, Contract contract, boolean trimmed, Dataset<?> df) {
        this.refinements = refinements;
        this.contract = contract;
        this.trimmed = trimmed;
        this.df = df;
        this.columns = Columns.of(df, refinements.program());
        this.mismatches = new Mismatches(refinements.program().name());
    }

    /**
     * Returns the bindings.
     *
     * @throws io.tensorbridge.tensor.SignatureMismatchException if anything does not fit; the message holds every mismatch
     */
    Bound bind() {
        Map<String, String> wanted = refinements.wanted();
        var feedsBinder = new FeedsBinder(refinements, contract, columns, mismatches);
        feedsBinder.checkNames();
        feedsBinder.bind(contract.inputsOf(wanted.keySet()));
        List<BoundFetch> fetches = new ArrayList<>();
        List<Attribute> produced = new ArrayList<>();
        long resultBytes = 0;
        var outputBinder = new OutputBinder(refinements, contract, trimmed, columns, mismatches);
        for (var output : wanted.entrySet()) {
            resultBytes += outputBinder.bind(output.getKey(), output.getValue(), fetches, produced);
        }
        feedsBinder.checkColumnsMentioned(wanted.values());
        mismatches.throwIfAny();
        var limits = TensorFramesOptions.limits(df.sparkSession().conf(), refinements.blockRows(), resultBytes);
        return new Bound(
                new BoundProgram(contract.overBlocks(wanted.keySet()), feedsBinder.feeds(), fetches, limits, trimmed),
                feedsBinder.fed(),
                produced);
    }
}
