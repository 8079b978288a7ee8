package io.tensorbridge;

import io.tensorbridge.internal.bind.Bound;
import io.tensorbridge.internal.bind.BoundFeed;
import io.tensorbridge.internal.bind.BoundFetch;
import io.tensorbridge.internal.bind.BoundProgram;
import io.tensorbridge.internal.bind.BoundReduction;
import java.util.Locale;
import java.util.StringJoiner;

/** A bound program in words. */
final class Explanation {

    private Explanation() {}

    static String of(Bound bound) {
        return of(
                "MapBlocks",
                bound.program(),
                bound.program().trimmed() ? "the new columns alone" : "all columns and the new ones");
    }

    static String of(BoundReduction bound) {
        return of("Reduce", bound.step(), "one row");
    }

    private static String of(String operation, BoundProgram program, String result) {
        var lines = new StringJoiner("\n");
        lines.add(operation + " " + program);
        for (BoundFeed feed : program.feeds()) {
            lines.add("  feed    %s <- column '%s': %s, on null %s"
                    .formatted(feed.input(), feed.column(), feed.typeName(), feed.onNull()));
        }
        for (BoundFetch fetch : program.fetches()) {
            lines.add("  fetch   %s -> column '%s': %s".formatted(fetch.output(), fetch.column(), fetch.typeName()));
        }
        lines.add("  result  " + result);
        lines.add(String.format(
                Locale.ROOT,
                "  block   at most %d rows, about %d bytes, 500 ms a run",
                program.limits().rows(),
                program.limits().bytes()));
        lines.add("  copies  into the block: 1 bulk copy from rows or Spark's columns, 0 from aligned Arrow columns");
        lines.add(program.program()
                .copiesInputsBecauseOf()
                .map(op -> "          block to tensors: 1, since operation %s writes or keeps its inputs".formatted(op))
                .orElse("          block to tensors: 0"));
        lines.add("          tensors to columns: 0");
        lines.add("  device  CPU");
        return lines.toString();
    }
}
