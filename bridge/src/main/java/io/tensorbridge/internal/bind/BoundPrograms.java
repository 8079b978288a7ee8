package io.tensorbridge.internal.bind;

import io.tensorbridge.arrow.BlockLimits;
import io.tensorbridge.arrow.NullPolicy;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Programs that run over the same blocks of rows, one after the other; none is fed with what another makes.
 *
 * @param all the programs, in the order of their outputs; at least one
 */
public record BoundPrograms(List<BoundProgram> all) {

    public BoundPrograms {
        all = List.copyOf(all);
    }

    public static BoundPrograms of(BoundProgram program) {
        return new BoundPrograms(List.of(program));
    }

    /** Returns these and then others. */
    public BoundPrograms and(BoundPrograms others) {
        return new BoundPrograms(
                Stream.concat(all.stream(), others.all().stream()).toList());
    }

    /**
     * Returns whether all programs may run over the same blocks: these may be equally large, and each program is to see every
     * row.
     */
    public boolean mayShareBlocksWith(BoundPrograms others) {
        return keepsAllRows()
                && others.keepsAllRows()
                && limits().rows() == others.limits().rows()
                && limits().bytes() == others.limits().bytes();
    }

    /** Returns whether there is one row in the result for each that is fed, beside it. */
    public boolean keepsAllRows() {
        return !trimmed()
                && all.stream()
                        .flatMap(program -> program.feeds().stream())
                        .noneMatch(feed -> feed.onNull() instanceof NullPolicy.DropRow);
    }

    /** Returns how large a block may become, counting in what all programs make of it. */
    public BlockLimits limits() {
        BlockLimits first = all.get(0).limits();
        return new BlockLimits(
                first.rows(),
                first.bytes(),
                all.stream()
                        .mapToLong(program -> program.limits().resultBytesPerRow())
                        .sum(),
                all.stream()
                        .mapToInt(program -> program.limits().firstRows())
                        .min()
                        .orElseThrow());
    }

    /** Returns whether the result has the new columns alone; only one program can have it so. */
    public boolean trimmed() {
        return all.get(0).trimmed();
    }

    @Override
    public String toString() {
        return all.stream().map(BoundProgram::toString).collect(Collectors.joining(" and "));
    }
}
