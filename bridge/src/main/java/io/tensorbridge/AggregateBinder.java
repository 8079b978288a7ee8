package io.tensorbridge;

import io.tensorbridge.arrow.BlockColumn;
import io.tensorbridge.arrow.BlockLimits;
import io.tensorbridge.internal.bind.Bound;
import io.tensorbridge.internal.bind.BoundFeed;
import io.tensorbridge.internal.bind.BoundFetch;
import io.tensorbridge.internal.bind.BoundGroups;
import io.tensorbridge.internal.bind.BoundProgram;
import io.tensorbridge.internal.bind.FeedForm;
import io.tensorbridge.internal.bind.GroupForm;
import io.tensorbridge.internal.plan.GroupKeys;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.ProgramRewrites;
import io.tensorbridge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.tensorflow.ndarray.Shape;

/** Matches a reduction and keys with the columns of a DataFrame. */
final class AggregateBinder {

    private final Refinements refinements;
    private final List<GroupingKey> keys;
    private final Dataset<?> df;
    private final Columns columns;
    private final Mismatches mismatches;

    AggregateBinder(Refinements refinements, List<GroupingKey> keys, Dataset<?> df) {
        this.refinements = refinements;
        this.keys = keys;
        this.df = df;
        this.columns = Columns.of(df, refinements.program());
        this.mismatches = new Mismatches(refinements.program().name());
    }

    /**
     * What came of it.
     *
     * @param keys the keys, and the plan that has them
     * @param bound the program, bound to that plan
     * @param groups how it goes over groups
     */
    record BoundAggregate(GroupKeys keys, Bound bound, BoundGroups groups) {}

    /**
     * Returns the bindings.
     *
     * @throws io.tensorbridge.tensor.SignatureMismatchException if anything does not fit; the message holds every mismatch
     */
    BoundAggregate bind() {
        if (keys.isEmpty()) {
            throw new IllegalArgumentException(
                    "Cannot aggregate with program '%s': expected a column to group by, found none. Give one with by(\"…\")"
                            .formatted(refinements.program().name()));
        }
        if (df.isStreaming()) {
            throw new UnsupportedOperationException(
                    "Cannot aggregate with program '%s': expected a DataFrame that ends, found a streaming one. Aggregate its batches in foreachBatch(…)"
                            .formatted(refinements.program().name()));
        }
        Contract contract = ReduceConvention.ofBlocks(refinements, mismatches);
        Map<String, String> wanted = refinements.wanted();
        var feedsBinder = new FeedsBinder(refinements, contract, columns, mismatches);
        feedsBinder.checkNames();
        ProgramCheck.ofReduction(refinements.program(), wanted.keySet(), df.sparkSession(), mismatches);
        feedsBinder.bind(contract.inputsOf(wanted.keySet()));
        feedsBinder.checkColumnsMentioned(wanted.values());
        feedsBinder.feeds().forEach(this::checkIsUniform);
        feedsBinder.parameters().keySet().forEach(this::checkIsColumn);
        List<Column> expressions = expressions();
        mismatches.throwIfAny();

        GroupKeys grouping = GroupKeys.of(df, expressions);
        List<BoundFeed> feeds = feedsBinder.feeds();
        Contract reduction = withCellsOf(feeds, contract);
        List<BoundFetch> fetches = new ArrayList<>();
        List<Attribute> produced = new ArrayList<>();
        long resultBytes = 0;
        var outputBinder = new OutputBinder(refinements, reduction, /* trimmed= */ true, columns, mismatches);
        for (var output : wanted.entrySet()) {
            checkAgainstKeys(output.getKey(), output.getValue(), grouping);
            resultBytes += outputBinder.bind(output.getKey(), output.getValue(), fetches, produced);
        }
        mismatches.throwIfAny();
        BlockLimits limits = TensorFramesOptions.limits(df.sparkSession().conf(), refinements, resultBytes);
        Optional<Program> segmented = ProgramRewrites.segmented(contract.program());
        var program = BoundProgram.of(
                segmented.orElseGet(() -> ProgramRewrites.stacked(contract.program())),
                feeds,
                Map.of(),
                fetches,
                limits,
                TensorFramesOptions.runSettings(df.sparkSession().conf()));
        var groups = new BoundGroups(
                segmented.isPresent() ? GroupForm.SEGMENTED : GroupForm.STACKED,
                TensorFramesOptions.groupLimits(df.sparkSession().conf(), limits));
        return new BoundAggregate(grouping, new Bound(program, feedsBinder.fed(), produced), groups);
    }

    private List<Column> expressions() {
        List<Column> expressions = new ArrayList<>();
        for (GroupingKey key : keys) {
            if (key instanceof GroupingKey.Computed computed) {
                expressions.add(computed.expression());
            } else if (key instanceof GroupingKey.Named named) {
                List<Attribute> found = columns.named(named.column());
                if (found.size() == 1) {
                    expressions.add(df.col("`" + found.get(0).name().replace("`", "``") + "`"));
                } else if (found.isEmpty()) {
                    mismatches.add(
                            "by(\"%1$s\"): expected one of the columns %2$s, found none of that name. Mend the name"
                                    .formatted(named.column(), columns.names()));
                } else {
                    mismatches.add("by(\"%s\"): expected one column '%s', found %d. Rename all but one"
                            .formatted(named.column(), named.column(), found.size()));
                }
            }
        }
        return expressions;
    }

    /** Groups are carried from block to block, and through the shuffle, as cells of one shape. */
    private void checkIsUniform(BoundFeed feed) {
        if (!(feed.form() instanceof FeedForm.Dense) || feed.layout() != BlockColumn.Layout.UNIFORM) {
            mismatches.addInput(
                    feed.input(),
                    "expected cells of one shape, found column '%s' as %s. Reduce numbers, or arrays of one length"
                            .formatted(feed.column(), feed.typeName()));
        }
    }

    private void checkIsColumn(String input) {
        mismatches.addInput(
                input, "expected a column, found a value. Feed it with feed(\"%s\", \"…\")".formatted(input));
    }

    private void checkAgainstKeys(String output, String column, GroupKeys grouping) {
        if (grouping.names().stream().anyMatch(name -> columns.key(name).equals(columns.key(column)))) {
            mismatches.addOutput(
                    output,
                    "expected a column of its own, found '%s' to be that of a key. Rename it with fetch(\"%s\", \"…\")"
                            .formatted(column, output));
        }
    }

    /** An output is of its input's shape, so what a column tells of the one it tells of the other. */
    private static Contract withCellsOf(List<BoundFeed> feeds, Contract contract) {
        List<TensorSpec> outputs = new ArrayList<>();
        for (int i = 0; i < feeds.size(); i++) {
            TensorSpec output = contract.outputs().get(i);
            Shape fed = feeds.get(i).cellShape().orElse(Shape.unknown());
            outputs.add(new TensorSpec(
                    output.name(),
                    output.elementType(),
                    known(output.shape(), fed.isUnknown() ? fed : fed.prepend(-1))));
        }
        return new Contract(contract.program(), contract.inputs(), outputs, contract.form(), contract.columns());
    }

    private static Shape known(Shape shape, Shape other) {
        if (shape.isUnknown() || other.isUnknown()) {
            return shape.isUnknown() ? other : shape;
        }
        long[] dimensions = shape.asArray();
        return Shape.of(LongStream.range(0, dimensions.length)
                .map(i -> Math.max(dimensions[(int) i], other.get((int) i)))
                .toArray());
    }
}
