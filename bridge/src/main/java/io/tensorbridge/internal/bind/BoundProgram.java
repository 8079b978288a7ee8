package io.tensorbridge.internal.bind;

import io.tensorbridge.arrow.BlockLimits;
import io.tensorbridge.tensor.Program;
import java.util.List;

/**
 * A program bound to the columns of a DataFrame, all checked: what a plan node carries.
 *
 * @param program the program
 * @param feeds its inputs, in order
 * @param fetches the outputs wanted, in order
 * @param limits how large a block may become
 * @param trimmed whether the result has the new columns alone
 */
public record BoundProgram(
        Program program, List<BoundFeed> feeds, List<BoundFetch> fetches, BlockLimits limits, boolean trimmed) {

    public BoundProgram {
        feeds = List.copyOf(feeds);
        fetches = List.copyOf(fetches);
    }

    /** Returns the program alone: columns have places of their own in a plan's text. */
    @Override
    public String toString() {
        return program + (trimmed ? ", trimmed" : "");
    }
}
