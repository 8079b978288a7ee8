package io.tensorbridge;

import io.tensorbridge.internal.bind.Bound;
import io.tensorbridge.internal.bind.BoundFeed;
import io.tensorbridge.internal.bind.BoundFetch;
import io.tensorbridge.internal.bind.BoundProgram;
import io.tensorbridge.tensor.ProgramRewrites;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.RuntimeConfig;
import org.apache.spark.sql.catalyst.expressions.Attribute;

/** Matches a program's inputs and outputs with the columns of a DataFrame, for operations that map rows to rows. */
final class MapBinder {

    private final Refinements refinements;
    private final Contract contract;
    private final MapResult result;
    private final Dataset<?> df;
    private final Columns columns;
    private final Mismatches mismatches;

    MapBinder(Refinements refinements, Contract contract, MapResult result, Dataset<?> df) {
        this.refinements = ReasonColumn.keepingNulls(refinements, result);
        this.contract = contract;
        this.result = result;
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
        ProgramCheck.ofAny(refinements.program(), wanted.keySet(), df.sparkSession(), mismatches);
        feedsBinder.bind(contract.inputsOf(wanted.keySet()));
        List<BoundFetch> fetches = new ArrayList<>();
        List<Attribute> produced = new ArrayList<>();
        long resultBytes = 0;
        var outputBinder = new OutputBinder(refinements, contract, result.trimmed(), columns, mismatches);
        for (var output : wanted.entrySet()) {
            resultBytes += outputBinder.bind(output.getKey(), output.getValue(), fetches, produced);
        }
        ReasonColumn.check(result, wanted, columns, mismatches);
        feedsBinder.checkColumnsMentioned(wanted.values());
        result.forms().keySet().forEach(column -> {
            if (wanted.values().stream().noneMatch(made -> columns.key(made).equals(columns.key(column)))) {
                mismatches.add(
                        "column '%s': expected a new column to give as a vector or matrix, found new columns %s. Mend asVector(…) or asMatrix(…)"
                                .formatted(column, List.copyOf(wanted.values())));
            }
        });
        mismatches.throwIfAny();
        var program = program(
                refinements,
                contract,
                feedsBinder,
                fetches,
                resultBytes,
                df.sparkSession().conf(),
                result);
        return new Bound(program, feedsBinder.fed(), ReasonColumn.beside(produced, result));
    }

    /**
     * Returns a program that is bound, whatever its columns are those of.
     *
     * @param resultBytes bytes that the fetches give for a row
     */
    static BoundProgram program(
            Refinements refinements,
            Contract contract,
            FeedsBinder feedsBinder,
            List<BoundFetch> fetches,
            long resultBytes,
            RuntimeConfig conf,
            MapResult result) {
        boolean overRows = contract.form() == Contract.Form.ROWS;
        boolean anyRows = overRows && feedsBinder.feeds().stream().anyMatch(BoundFeed::hasListsOfAnyLength);
        boolean countsRows = overRows && feedsBinder.feeds().isEmpty();
        return new BoundProgram(
                contract.overBlocks(
                        refinements.wanted().keySet(), feedsBinder.parameters().keySet()),
                feedsBinder.feeds(),
                feedsBinder.parameters(),
                countsRows ? Optional.of(ProgramRewrites.ROW_COUNT) : Optional.empty(),
                fetches,
                anyRows ? BoundProgram.Rows.ANY : BoundProgram.Rows.UNIFORM,
                TensorFramesOptions.limits(conf, refinements, resultBytes),
                TensorFramesOptions.runSettings(conf),
                result.trimmed(),
                result.reasons());
    }
}
