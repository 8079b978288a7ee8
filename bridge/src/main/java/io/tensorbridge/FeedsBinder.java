package io.tensorbridge;

import io.tensorbridge.arrow.NullPolicy;
import io.tensorbridge.internal.bind.BoundFeed;
import io.tensorbridge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.spark.sql.catalyst.expressions.Attribute;

/** Matches the inputs of a program with the columns of a DataFrame. */
final class FeedsBinder {

    private final Refinements refinements;
    private final Contract contract;
    private final Columns columns;
    private final Mismatches mismatches;
    private final List<BoundFeed> feeds = new ArrayList<>();
    private final List<Attribute> fed = new ArrayList<>();

    FeedsBinder(Refinements refinements, Contract contract, Columns columns, Mismatches mismatches) {
        this.refinements = refinements;
        this.contract = contract;
        this.columns = columns;
        this.mismatches = mismatches;
    }

    /** Notes what users have fed or fetched that the program does not have. */
    void checkNames() {
        refinements.feeds().forEach((input, column) -> {
            if (contract.program().signature().input(input).isEmpty()) {
                mismatches.addInput(
                        input,
                        "no such input; the inputs are %s. Mend feed(\"%s\", \"%s\")"
                                .formatted(
                                        Mismatches.names(
                                                contract.program().signature().inputs()),
                                        input,
                                        column));
            }
        });
        refinements.fetches().forEach((output, column) -> {
            if (contract.program().signature().output(output).isEmpty()) {
                mismatches.addOutput(
                        output,
                        "no such output; the outputs are %s. Mend fetch(\"%s\", \"%s\")"
                                .formatted(
                                        Mismatches.names(
                                                contract.program().signature().outputs()),
                                        output,
                                        column));
            }
        });
    }

    /** Binds inputs, each to the column that {@code feed} names or else to the contract's. */
    void bind(List<TensorSpec> inputs) {
        for (TensorSpec input : inputs) {
            bindInput(input);
        }
        List<BoundFeed> common = withCommonWidths();
        feeds.clear();
        feeds.addAll(common);
    }

    List<BoundFeed> feeds() {
        return List.copyOf(feeds);
    }

    /** Returns the attribute for each feed. */
    List<Attribute> fed() {
        return List.copyOf(fed);
    }

    private String columnOf(TensorSpec input) {
        return refinements.feeds().getOrDefault(input.name(), contract.defaultColumn(input.name()));
    }

    private void bindInput(TensorSpec input) {
        String column = columnOf(input);
        List<Attribute> found = columns.named(column);
        if (found.isEmpty()) {
            mismatches.addInput(
                    input.name(),
                    "no such column%s; the columns are %s. Bind one with feed(\"%s\", \"…\")"
                            .formatted(
                                    column.equals(input.name()) ? "" : " '%s'".formatted(column),
                                    columns.names(),
                                    input.name()));
            return;
        }
        if (found.size() > 1) {
            mismatches.addInput(
                    input.name(),
                    "expected one column '%s', found %d. Rename all but one".formatted(column, found.size()));
            return;
        }
        Attribute attribute = found.get(0);
        NullPolicy onNull =
                columns.lookUp(refinements.nullPolicies(), attribute.name()).orElse(refinements.nullPolicy());
        new InputBinder(refinements, contract, columns, mismatches)
                .bind(input, attribute, onNull)
                .ifPresent(feed -> {
                    feeds.add(feed);
                    fed.add(attribute);
                });
    }

    /** One column may feed several inputs, each of which may know a part of how long its arrays are. */
    private List<BoundFeed> withCommonWidths() {
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
                    mismatches.addInput(
                            feed.input(),
                            "expected %s, but input '%s' takes column '%s' as %s"
                                    .formatted(feed.typeName(), first.input(), feed.column(), first.typeName()));
                }
                common.set(level, Math.max(common.get(level), before.get(level)));
            }
            widthsOfColumn.put(feed.column(), common);
        }
        return feeds.stream()
                .map(feed -> feed.withWidths(widthsOfColumn.getOrDefault(feed.column(), feed.widths())))
                .toList();
    }

    /** Notes columns that users have said something of, though the operation has nothing to do with them. */
    void checkColumnsMentioned(Collection<String> newColumns) {
        Set<String> known = new HashSet<>();
        contract.inputs().forEach(input -> known.add(columns.key(columnOf(input))));
        for (String column : refinements.nullPolicies().keySet()) {
            if (!known.contains(columns.key(column))) {
                mismatches.add("onNull(\"%s\", …): no input is fed with column '%s'; fed are %s"
                        .formatted(
                                column,
                                column,
                                feeds.stream().map(BoundFeed::column).toList()));
            }
        }
        newColumns.forEach(column -> known.add(columns.key(column)));
        for (String column : refinements.shapes().keySet()) {
            if (!known.contains(columns.key(column))) {
                mismatches.add("shape(\"%s\", …): column '%s' is neither fed nor new".formatted(column, column));
            }
        }
    }
}
