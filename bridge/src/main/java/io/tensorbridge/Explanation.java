package io.tensorbridge;

import io.tensorbridge.internal.bind.Bound;
import io.tensorbridge.internal.bind.BoundFeed;
import io.tensorbridge.internal.bind.BoundFetch;
import io.tensorbridge.internal.bind.BoundProgram;
import io.tensorbridge.internal.bind.BoundReduction;
import io.tensorbridge.internal.bind.FeedForm;
import io.tensorbridge.internal.bind.GroupForm;
import io.tensorbridge.tensor.Device;
import io.tensorbridge.tensor.ElementType;
import io.tensorbridge.tensor.ProgramFacts;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
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
        addBindings(lines, program);
        lines.add("  result  " + result);
        addBlock(lines, program);
        addCopies(lines, program, "1 bulk copy from rows or Spark's columns, 0 from aligned Arrow columns");
        return lines.toString();
    }

    static String of(AggregateBinder.BoundAggregate aggregate) {
        BoundProgram program = aggregate.bound().program();
        var lines = new StringJoiner("\n");
        lines.add("Aggregate " + program);
        aggregate.keys().names().forEach(key -> lines.add("  key     column '%s'".formatted(key)));
        addBindings(lines, program);
        lines.add("  result  one row for each group: the keys and the new columns");
        lines.add("  groups  " + inWords(aggregate.groups().form()));
        addBlock(lines, program);
        lines.add(String.format(
                Locale.ROOT,
                "          more where there are many groups, about %d bytes",
                aggregate.groups().limits().bytes()));
        addCopies(lines, program, "1 copy, in bulk from columns");
        return lines.toString();
    }

    private static String inWords(Device device) {
        return switch (device) {
            case AUTO -> "a GPU if TensorFlow finds one, else the CPU";
            case CPU -> "CPU";
            case GPU -> "GPU, that which Spark gives the task if it gives one";
        };
    }

    private static String inWords(GroupForm form) {
        return switch (form) {
            case SEGMENTED -> "segments: one run for all groups of a block";
            case STACKED -> "stacked: one run for all groups of a block that have equally many rows";
        };
    }

    private static void addBindings(StringJoiner lines, BoundProgram program) {
        List<String> signatures = ProgramFacts.signatures(program.program());
        if (!signatures.isEmpty()) {
            lines.add("  model   signatures " + String.join(", ", signatures));
        }
        for (BoundFeed feed : program.feeds()) {
            lines.add("  feed    %s <- %scolumn '%s': %s, on null %s"
                    .formatted(feed.input(), feed.form(), feed.column(), feed.typeName(), feed.onNull()));
        }
        program.parameters().forEach((input, value) -> lines.add("  with    %s: %s".formatted(input, value)));
        for (BoundFetch fetch : program.fetches()) {
            lines.add("  fetch   %s -> column '%s': %s".formatted(fetch.output(), fetch.column(), fetch.typeName()));
        }
        program.reasons()
                .ifPresent(column ->
                        lines.add("  reasons column '%s': why a row failed, which fails alone".formatted(column)));
    }

    private static void addBlock(StringJoiner lines, BoundProgram program) {
        lines.add(String.format(
                Locale.ROOT,
                "  block   at most %d rows, about %d bytes, 500 ms a run",
                program.limits().rows(),
                program.limits().bytes()));
    }

    private static void addCopies(StringJoiner lines, BoundProgram program, String intoTheBlock) {
        lines.add("  copies  into the block: " + intoTheBlock);
        lines.add("          block to tensors: " + copiesIn(program));
        lines.add("          tensors to columns: " + copiesOut(program));
        lines.add("  device  " + inWords(program.settings().device()));
    }

    private static String copiesIn(BoundProgram program) {
        Optional<String> offender = program.program().copiesInputsBecauseOf();
        if (offender.isPresent()) {
            return "1, since operation %s writes or keeps its inputs".formatted(offender.get());
        }
        List<String> copied = new ArrayList<>();
        for (BoundFeed feed : program.feeds()) {
            reasonOf(feed, program).ifPresent(reason -> copied.add("%s (%s)".formatted(feed.input(), reason)));
        }
        return none(copied, program);
    }

    private static String copiesOut(BoundProgram program) {
        List<String> copied = new ArrayList<>();
        for (BoundFetch fetch : program.fetches()) {
            reasonOf(fetch.elementType()).ifPresent(reason -> copied.add("%s (%s)".formatted(fetch.column(), reason)));
        }
        return none(copied, program);
    }

    private static String none(List<String> copied, BoundProgram program) {
        String rows =
                program.rows() == BoundProgram.Rows.ANY ? "; 1 of blocks whose rows differ in shape (grouped)" : "";
        return (copied.isEmpty() ? "0" : "0, but 1 of " + String.join(", ", copied)) + rows;
    }

    private static Optional<String> reasonOf(BoundFeed feed, BoundProgram program) {
        if (feed.form() instanceof FeedForm.Padded || feed.form() instanceof FeedForm.Mask) {
            return Optional.of("padded");
        }
        Optional<ElementType> type =
                program.program().signature().input(feed.input()).flatMap(input -> ElementType.of(input.elementType()));
        if (feed.form() instanceof FeedForm.Lengths
                || (feed.form() instanceof FeedForm.RowSplits && type.equals(Optional.of(ElementType.INT64)))) {
            return Optional.of("row_splits");
        }
        return type.flatMap(Explanation::reasonOf);
    }

    private static Optional<String> reasonOf(ElementType type) {
        return switch (type) {
            case STRING -> Optional.of("string");
            case FLOAT16 -> Optional.of("half");
            default -> Optional.empty();
        };
    }
}
