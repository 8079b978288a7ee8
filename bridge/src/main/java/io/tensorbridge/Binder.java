package io.tensorbridge;

import io.tensorbridge.arrow.NullPolicy;
import io.tensorbridge.internal.bind.Bound;
import io.tensorbridge.internal.bind.BoundFeed;
import io.tensorbridge.internal.bind.BoundFetch;
import io.tensorbridge.internal.bind.BoundProgram;
import io.tensorbridge.tensor.ElementType;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.ProgramSignature;
import io.tensorbridge.tensor.SignatureMismatchException;
import io.tensorbridge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.catalyst.expressions.Attribute;

/** Matches a program's inputs and outputs with the columns of a DataFrame, and collects all that does not fit. */
final class Binder {

    private final MapBlocks operation;
    private final Program program;
    private final Dataset<?> df;
    private final Columns columns;
    private final List<String> mismatches = new ArrayList<>();

    Binder(MapBlocks operation, Dataset<?> df) {
        if (!(df instanceof org.apache.spark.sql.classic.Dataset)) {
            throw new UnsupportedOperationException(
                    "Cannot run program '%s' over Spark Connect: expected a Dataset of the session's own process, found %s"
                            .formatted(operation.program().name(), df.getClass().getName()));
        }
        this.operation = operation;
        this.program = operation.program();
        this.df = df;
        this.columns = Columns.of((org.apache.spark.sql.classic.Dataset<?>) df);
    }

    /**
     * Returns the bindings.
     *
     * @throws SignatureMismatchException if anything does not fit; the message holds every mismatch
     */
    Bound bind() {
        Map<String, String> wanted = wantedOutputs();
        List<TensorSpec> inputs = program.inputsOf(wanted.keySet());
        checkNames();

        List<BoundFeed> feeds = new ArrayList<>();
        List<Attribute> fed = new ArrayList<>();
        for (TensorSpec input : inputs) {
            bindInput(input, feeds, fed);
        }
        feeds = withCommonWidths(feeds);
        List<BoundFetch> fetches = new ArrayList<>();
        List<Attribute> produced = new ArrayList<>();
        long resultBytes = 0;
        var outputBinder = new OutputBinder(operation, columns, mismatches);
        for (var output : wanted.entrySet()) {
            resultBytes += outputBinder.bind(output.getKey(), output.getValue(), fetches, produced);
        }
        checkColumnsMentioned(feeds, wanted);
        if (!mismatches.isEmpty()) {
            throw new SignatureMismatchException("Cannot run program '%s' on this DataFrame:\n  - %s"
                    .formatted(program.name(), String.join("\n  - ", mismatches)));
        }
        var conf = df.sparkSession().conf();
        int rows = operation.blockRows().orElseGet(() -> TensorFramesOptions.blockRows(conf));
        var limits = TensorFramesOptions.limits(conf, rows, resultBytes);
        return new Bound(new BoundProgram(program, feeds, fetches, limits, operation.isTrimmed()), fed, produced);
    }

    /** Returns outputs and their columns, in order. */
    private Map<String, String> wantedOutputs() {
        Map<String, String> wanted = new LinkedHashMap<>(operation.fetches());
        if (wanted.isEmpty()) {
            program.signature().outputs().forEach(output -> wanted.put(output.name(), output.name()));
        }
        return wanted;
    }

    private void checkNames() {
        ProgramSignature signature = program.signature();
        operation.feeds().forEach((input, column) -> {
            if (signature.input(input).isEmpty()) {
                mismatches.add("input '%s': no such input; the inputs are %s. Mend feed(\"%s\", \"%s\")"
                        .formatted(input, names(signature.inputs()), input, column));
            }
        });
        operation.fetches().forEach((output, column) -> {
            if (signature.output(output).isEmpty()) {
                mismatches.add("output '%s': no such output; the outputs are %s. Mend fetch(\"%s\", \"%s\")"
                        .formatted(output, names(signature.outputs()), output, column));
            }
        });
    }

    private static List<String> names(List<TensorSpec> specs) {
        return specs.stream().map(TensorSpec::name).toList();
    }

    private void bindInput(TensorSpec input, List<BoundFeed> feeds, List<Attribute> fed) {
        String column = operation.feeds().getOrDefault(input.name(), input.name());
        List<Attribute> found = columns.named(column);
        if (found.isEmpty()) {
            mismatches.add("input '%s': no such column%s; the columns are %s. Bind one with feed(\"%s\", \"…\")"
                    .formatted(
                            input.name(),
                            column.equals(input.name()) ? "" : " '%s'".formatted(column),
                            columns.names(),
                            input.name()));
            return;
        }
        if (found.size() > 1) {
            mismatches.add("input '%s': expected one column '%s', found %d. Rename all but one"
                    .formatted(input.name(), column, found.size()));
            return;
        }
        Attribute attribute = found.get(0);
        NullPolicy onNull =
                columns.lookUp(operation.nullPolicies(), attribute.name()).orElse(operation.nullPolicy());
        new InputBinder(operation, columns, mismatches)
                .bind(input, attribute, onNull)
                .ifPresent(feed -> {
                    feeds.add(feed);
                    fed.add(attribute);
                });
    }

    /** One column may feed several inputs, each of which may know a part of how long its arrays are. */
    private List<BoundFeed> withCommonWidths(List<BoundFeed> feeds) {
        Map<String, BoundFeed> firstOfColumn = new LinkedHashMap<>();
        Map<String, List<Integer>> widthsOfColumn = new LinkedHashMap<>();
        for (BoundFeed feed : feeds) {
            BoundFeed first = firstOfColumn.putIfAbsent(feed.column(), feed);
            if (first == null) {
                widthsOfColumn.put(feed.column(), feed.widths());
                continue;
            }
            List<Integer> common = new ArrayList<>(feed.widths());
            List<Integer> before = widthsOfColumn.getOrDefault(feed.column(), feed.widths());
            for (int level = 0; level < common.size(); level++) {
                if (common.get(level) >= 0
                        && before.get(level) >= 0
                        && !common.get(level).equals(before.get(level))) {
                    mismatches.add("input '%s': expected %s, but input '%s' takes column '%s' as %s"
                            .formatted(feed.input(), feed.typeName(), first.input(), feed.column(), first.typeName()));
                }
                common.set(level, Math.max(common.get(level), before.get(level)));
            }
            widthsOfColumn.put(feed.column(), common);
        }
        return feeds.stream()
                .map(feed -> feed.withWidths(widthsOfColumn.getOrDefault(feed.column(), feed.widths())))
                .toList();
    }

    private void checkColumnsMentioned(List<BoundFeed> feeds, Map<String, String> wanted) {
        Set<String> known = new HashSet<>();
        program.signature()
                .inputs()
                .forEach(input -> known.add(columns.key(operation.feeds().getOrDefault(input.name(), input.name()))));
        for (String column : operation.nullPolicies().keySet()) {
            if (!known.contains(columns.key(column))) {
                mismatches.add("onNull(\"%s\", …): no input is fed with column '%s'; fed are %s"
                        .formatted(
                                column,
                                column,
                                feeds.stream().map(BoundFeed::column).toList()));
            }
        }
        wanted.values().forEach(column -> known.add(columns.key(column)));
        for (String column : operation.shapes().keySet()) {
            if (!known.contains(columns.key(column))) {
                mismatches.add("shape(\"%s\", …): column '%s' is neither fed nor new".formatted(column, column));
            }
        }
    }

    static String describe(ElementType type, org.tensorflow.ndarray.Shape cell) {
        return io.tensorbridge.tensor.Shapes.describe(type.dataType(), io.tensorbridge.tensor.Shapes.blockOf(cell));
    }
}
