package io.tensorbridge.internal.bind;

import io.tensorbridge.arrow.BlockLimits;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.TensorValue;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A program bound to the columns of a DataFrame, all checked: what a plan node carries.
 *
 * @param program the program, which takes blocks
 * @param feeds its inputs that columns feed, in order
 * @param parameters its inputs that are fed with the same value in every run
 * @param rowCount its input that is fed with the number of rows, if there is one
 * @param fetches the outputs wanted, in order
 * @param rows whether the rows of a block may be of different shapes, and the program minds each by itself
 * @param limits how large a block may become
 * @param settings what the configuration says of running it
 * @param trimmed whether the result has the new columns alone
 * @param reasons the new column, behind the others, that says why rows failed, if they may fail on their own
 */
public record BoundProgram(
        Program program,
        List<BoundFeed> feeds,
        Map<String, TensorValue> parameters,
        Optional<String> rowCount,
        List<BoundFetch> fetches,
        Rows rows,
        BlockLimits limits,
        RunSettings settings,
        boolean trimmed,
        Optional<String> reasons) {

    /** Whether the rows of a block are of one shape. */
    public enum Rows {
        UNIFORM,
        /** They may not be; then the block is run once for each shape. */
        ANY
    }

    public BoundProgram {
        feeds = List.copyOf(feeds);
        parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
        fetches = List.copyOf(fetches);
    }

    /** Returns a program over uniform rows, which are all that it is fed with. */
    public static BoundProgram of(
            Program program,
            List<BoundFeed> feeds,
            Map<String, TensorValue> parameters,
            List<BoundFetch> fetches,
            BlockLimits limits,
            RunSettings settings) {
        return new BoundProgram(
                program,
                feeds,
                parameters,
                Optional.empty(),
                fetches,
                Rows.UNIFORM,
                limits,
                settings,
                /* trimmed= */ false,
                /* reasons= */ Optional.empty());
    }

    /** Returns this program with other bindings of its inputs. */
    public BoundProgram withFeeds(List<BoundFeed> newFeeds) {
        return new BoundProgram(
                program, newFeeds, parameters, rowCount, fetches, rows, limits, settings, trimmed, reasons);
    }

    /** Returns how many new columns there are. */
    public int columns() {
        return fetches.size() + (reasons.isPresent() ? 1 : 0);
    }

    /** Returns the program alone: columns have places of their own in a plan's text. */
    @Override
    public String toString() {
        return program
                + (trimmed ? ", trimmed" : "")
                + reasons.map(", reasons in %s"::formatted).orElse("");
    }
}
