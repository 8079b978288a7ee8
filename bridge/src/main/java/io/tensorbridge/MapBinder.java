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
import org.apache.spark.sql.catalyst.expressions.Attribute;

/** Matches a program's inputs and outputs with the columns of a DataFrame, for operations that map rows to rows. */
final class MapBinder {

    /**
     * Rows of a partition's first run by bytes of the program: a run cannot be interrupted, and nobody knows yet how long it
     * takes. A model of 440 MB begins with a row, one of 4 KB with as many as there are.
     */
    private static final long BYTES_OF_FIRST_RUN = 64L << 20;

    private final Refinements refinements;
    private final Contract contract;
    private final MapResult result;
    private final Dataset<?> df;
    private final Columns columns;
    private final Mismatches mismatches;

    MapBinder(Refinements refinements, Contract contract, MapResult result, Dataset<?> df) {
        this.refinements = refinements;
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
        feedsBinder.checkColumnsMentioned(wanted.values());
        result.forms().keySet().forEach(column -> {
            if (wanted.values().stream().noneMatch(made -> columns.key(made).equals(columns.key(column)))) {
                mismatches.add(
                        "column '%s': expected a new column to give as a vector or matrix, found new columns %s. Mend asVector(…) or asMatrix(…)"
                                .formatted(column, List.copyOf(wanted.values())));
            }
        });
        mismatches.throwIfAny();
        var limits = TensorFramesOptions.limits(df.sparkSession().conf(), refinements.blockRows(), resultBytes)
                .beginningWith(Math.max(
                        1,
                        BYTES_OF_FIRST_RUN / Math.max(1, refinements.program().bytes())));
        boolean anyRows = contract.form() == Contract.Form.ROWS
                && feedsBinder.feeds().stream().anyMatch(BoundFeed::hasListsOfAnyLength);
        boolean countsRows =
                contract.form() == Contract.Form.ROWS && feedsBinder.feeds().isEmpty();
        var program = new BoundProgram(
                contract.overBlocks(wanted.keySet(), feedsBinder.parameters().keySet()),
                feedsBinder.feeds(),
                feedsBinder.parameters(),
                countsRows ? Optional.of(ProgramRewrites.ROW_COUNT) : Optional.empty(),
                fetches,
                anyRows ? BoundProgram.Rows.ANY : BoundProgram.Rows.UNIFORM,
                limits,
                TensorFramesOptions.runSettings(df.sparkSession().conf()),
                result.trimmed());
        return new Bound(program, feedsBinder.fed(), produced);
    }
}
