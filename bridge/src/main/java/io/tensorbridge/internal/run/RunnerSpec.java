package io.tensorbridge.internal.run;

import io.tensorbridge.arrow.NullPolicy;
import io.tensorbridge.internal.bind.BoundFeed;
import io.tensorbridge.internal.bind.BoundFetch;
import io.tensorbridge.internal.bind.BoundProgram;
import io.tensorbridge.internal.bind.FeedForm;
import io.tensorbridge.tensor.BlockRunner;
import io.tensorbridge.tensor.Feed;
import io.tensorbridge.tensor.Fetch;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.ProgramSession;
import io.tensorbridge.tensor.TensorValue;
import io.tensorbridge.tensor.TolerantRunner;
import io.tensorbridge.tensor.TransferLedger;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.jspecify.annotations.Nullable;

/**
 * How a task runs its program: what is fed, what is fetched. A value that travels.
 *
 * @param fed the columns that are fed
 * @param parameters values that are fed with every block
 * @param rowCount the input that is fed with the number of rows; null if there is none
 * @param fetches the outputs
 * @param rows whether the rows of a block are of one shape
 * @param reasons the column that says why rows failed, if they may fail on their own; null if they may not
 */
public record RunnerSpec(
        FedColumns fed,
        LinkedHashMap<String, TensorValue> parameters,
        @Nullable String rowCount,
        List<BoundFetch> fetches,
        BoundProgram.Rows rows,
        @Nullable String reasons)
        implements Serializable {

    /** Returns how a bound program runs on columns that stand somewhere. */
    public static RunnerSpec of(BoundProgram program, FedColumns fed) {
        return new RunnerSpec(
                fed,
                new LinkedHashMap<>(program.parameters()),
                program.rowCount().orElse(null),
                program.fetches(),
                program.rows(),
                program.reasons().orElse(null));
    }

    /**
     * Prepares to run blocks; the caller closes what this returns.
     *
     * @param betweenRuns is called before each of the runs that a block takes of which rows fail
     */
    BlockRunner open(
            ProgramSession session,
            Program program,
            BufferAllocator allocator,
            TransferLedger ledger,
            Runnable betweenRuns) {
        BlockRunner runner = rows == BoundProgram.Rows.ANY
                ? session.runnerOfRows(program, feeds(), columns(), allocator, ledger)
                : session.runner(program, feeds(), columns(), allocator, ledger);
        return reasons == null
                ? runner
                : TolerantRunner.of(runner, program, feeds(), columns(), reasons, betweenRuns, allocator, ledger);
    }

    /** Returns how many rows of a result have failed on their own. */
    int failedRows(VectorSchemaRoot result) {
        if (reasons == null) {
            return 0;
        }
        FieldVector why = result.getVector(fetches.size());
        return why.getValueCount() - why.getNullCount();
    }

    private List<Feed> feeds() {
        List<Feed> feeds = new ArrayList<>();
        for (int i = 0; i < fed.feeds().size(); i++) {
            feeds.add(feed(fed.feeds().get(i), fed.columnOfFeed().get(i)));
        }
        for (Map.Entry<String, TensorValue> parameter : parameters.entrySet()) {
            feeds.add(new Feed.Parameter(parameter.getKey(), parameter.getValue()));
        }
        if (rowCount != null) {
            feeds.add(new Feed.RowCount(rowCount));
        }
        return feeds;
    }

    private static Feed feed(BoundFeed feed, int index) {
        var column = new Feed.Column(
                index,
                feed.column(),
                feed.onNull() instanceof NullPolicy.Fill ? Feed.NullSlots.FILLED : Feed.NullSlots.REFUSED);
        FeedForm form = feed.form();
        if (form instanceof FeedForm.RaggedValues) {
            return new Feed.RaggedValues(feed.input(), column);
        }
        if (form instanceof FeedForm.RowSplits) {
            return new Feed.RowSplits(feed.input(), column);
        }
        if (form instanceof FeedForm.Lengths) {
            return new Feed.Lengths(feed.input(), column);
        }
        if (form instanceof FeedForm.Padded padded) {
            return new Feed.Padded(feed.input(), column, width(padded.width()), Optional.ofNullable(padded.value()));
        }
        if (form instanceof FeedForm.Mask mask) {
            return new Feed.Mask(feed.input(), column, width(mask.width()));
        }
        return new Feed.Dense(feed.input(), column, feed.cellShape());
    }

    private static OptionalInt width(int width) {
        return width < 0 ? OptionalInt.empty() : OptionalInt.of(width);
    }

    private List<Fetch> columns() {
        return fetches.stream()
                .map(fetch -> new Fetch(
                        fetch.output(),
                        fetch.elementType().field(fetch.column(), fetch.cell().size()),
                        fetch.cellShape(),
                        fetch.rows()))
                .toList();
    }
}
