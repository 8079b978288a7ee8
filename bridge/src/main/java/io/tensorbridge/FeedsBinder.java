package io.tensorbridge;

import io.tensorbridge.arrow.BlockColumn;
import io.tensorbridge.arrow.NullPolicy;
import io.tensorbridge.internal.bind.BoundFeed;
import io.tensorbridge.tensor.ProgramSignature;
import io.tensorbridge.tensor.Shapes;
import io.tensorbridge.tensor.TensorSpec;
import io.tensorbridge.tensor.TensorValue;
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
    private final Map<String, TensorValue> parameters = new LinkedHashMap<>();

    FeedsBinder(Refinements refinements, Contract contract, Columns columns, Mismatches mismatches) {
        this.refinements = refinements;
        this.contract = contract;
        this.columns = columns;
        this.mismatches = mismatches;
    }

    /** Notes what users have fed or fetched that the program does not have. */
    void checkNames() {
        Feeding feeding = refinements.feeding();
        refinements.feeds().forEach((input, column) -> requireInput(input, feedOf(feeding, input, column)));
        feeding.parameters().forEach((input, value) -> {
            requireInput(input, "with(\"%s\", …)".formatted(input));
            if (refinements.feeds().containsKey(input)) {
                mismatches.addInput(
                        input,
                        "expected a column or a value, found both column '%s' and %s. Leave out feed(…) or with(…)"
                                .formatted(refinements.feeds().get(input), value));
            }
        });
        refinements.fetches().forEach((output, column) -> {
            if (contract.program().signature().output(output).isEmpty()) {
                mismatches.addOutput(
                        output,
                        "expected one of the outputs %s, found no output of that name. Mend fetch(\"%s\", \"%s\")"
                                .formatted(
                                        Mismatches.names(
                                                contract.program().signature().outputs()),
                                        output,
                                        column));
            }
        });
    }

    private void requireInput(String input, String mention) {
        ProgramSignature signature = contract.program().signature();
        if (signature.input(input).isEmpty()) {
            mismatches.addInput(
                    input,
                    "expected one of the inputs %s, found no input of that name. Mend %s"
                            .formatted(Mismatches.names(signature.inputs()), mention));
        }
    }

    /** Returns what a user has written to feed an input. */
    private static String feedOf(Feeding feeding, String input, String column) {
        Feeding.Part part = feeding.parts().get(input);
        if (part == null) {
            return "feed(\"%s\", \"%s\")".formatted(input, column);
        }
        return switch (part) {
            case VALUES -> "feedRagged(\"%s\", …, \"%s\")".formatted(input, column);
            case ROW_SPLITS -> "feedRagged(…, \"%s\", \"%s\")".formatted(input, column);
            case LENGTHS -> "feedLengths(\"%s\", \"%s\")".formatted(input, column);
            case MASK -> "feedMask(\"%s\", \"%s\")".formatted(input, column);
        };
    }

    /** Binds inputs, each to the column that {@code feed} names or else to the contract's. */
    void bind(List<TensorSpec> inputs) {
        for (TensorSpec input : inputs) {
            TensorValue value = refinements.feeding().parameters().get(input.name());
            if (value == null) {
                bindInput(input);
            } else {
                bindParameter(input.name(), value);
            }
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

    /** Returns the values for inputs that no column feeds. */
    Map<String, TensorValue> parameters() {
        return parameters;
    }

    private void bindParameter(String input, TensorValue value) {
        TensorSpec expected = contract.program().signature().input(input).orElseThrow();
        if (value.elementType() != expected.elementType() || !Shapes.accepts(expected.shape(), value.shape())) {
            mismatches.addInput(
                    input,
                    "expected %s, found a value of %s. Mend with(\"%s\", …)"
                            .formatted(
                                    Shapes.describe(expected.elementType(), expected.shape()),
                                    Shapes.describe(value.elementType(), value.shape()),
                                    input));
        }
        parameters.put(input, value);
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
                    "expected a column '%s', found columns %s. Bind one with feed(\"%s\", \"…\")"
                            .formatted(column, columns.names(), input.name()));
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
        new InputBinder(refinements, contract, columns, mismatches, input, attribute, onNull)
                .bind()
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
            if (feed.layout() == BlockColumn.Layout.VARIABLE) {
                continue; // tells no lengths
            }
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
                            "expected %s, found %s to be fed to input '%s' as %s. Feed one of them with a column of its own"
                                    .formatted(
                                            feed.typeName(),
                                            columns.describe(feed.column()),
                                            first.input(),
                                            first.typeName()));
                }
                common.set(level, Math.max(common.get(level), before.get(level)));
            }
            widthsOfColumn.put(feed.column(), common);
        }
        return feeds.stream()
                .map(feed -> feed.layout() == BlockColumn.Layout.VARIABLE
                        ? feed
                        : feed.withWidths(widthsOfColumn.getOrDefault(feed.column(), feed.widths())))
                .toList();
    }

    /** Notes columns that users have said something of, though the operation has nothing to do with them. */
    void checkColumnsMentioned(Collection<String> newColumns) {
        Set<String> known = new HashSet<>();
        contract.inputs().forEach(input -> known.add(columns.key(columnOf(input))));
        for (String column : refinements.nullPolicies().keySet()) {
            checkFed(known, column, "onNull");
        }
        for (String column : refinements.feeding().paddings().keySet()) {
            checkFed(known, column, "pad");
        }
        for (String column : refinements.feeding().narrowed()) {
            checkFed(known, column, "narrow");
        }
        newColumns.forEach(column -> known.add(columns.key(column)));
        for (String column : refinements.shapes().keySet()) {
            if (!known.contains(columns.key(column))) {
                mismatches.add(
                        "shape(\"%s\", …): expected a column that is fed or new, found '%s' to be neither. Mend the name, or leave it out"
                                .formatted(column, column));
            }
        }
    }

    private void checkFed(Set<String> known, String column, String mention) {
        if (!known.contains(columns.key(column))) {
            List<String> fedColumns = contract.inputs().stream()
                    .filter(input -> !parameters.containsKey(input.name()))
                    .map(this::columnOf)
                    .distinct()
                    .toList();
            mismatches.add(
                    "%s(\"%s\", …): expected one of the columns %s, which are fed, found '%s'. Mend the name, or leave it out"
                            .formatted(mention, column, fedColumns, column));
        }
    }
}
