package io.tensorbridge.internal.run;

import io.tensorbridge.arrow.BlockColumn;
import io.tensorbridge.internal.bind.BoundFeed;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.catalyst.expressions.Attribute;

/**
 * The feeds of a program, and where their columns stand in the partitions that a task reads: a value that travels.
 *
 * @param feeds the inputs, in order
 * @param columns the columns that feed them, each once
 * @param columnOfFeed for each feed, which of the columns feeds it
 */
public record FedColumns(List<BoundFeed> feeds, List<BlockColumn> columns, List<Integer> columnOfFeed)
        implements Serializable {

    /**
     * Finds the columns of some feeds.
     *
     * @param feeds the inputs
     * @param fed the attribute for each feed
     * @param partition the attributes of what the task reads, in order
     */
    public static FedColumns of(List<BoundFeed> feeds, List<Attribute> fed, List<Attribute> partition) {
        List<BlockColumn> columns = new ArrayList<>();
        List<Integer> columnOfFeed = new ArrayList<>();
        for (int i = 0; i < feeds.size(); i++) {
            BoundFeed feed = feeds.get(i);
            Attribute attribute = fed.get(i);
            BlockColumn column = feed.blockColumn(ordinalOf(attribute, partition), attribute.dataType());
            if (!columns.contains(column)) { // one column may feed several inputs
                columns.add(column);
            }
            columnOfFeed.add(columns.indexOf(column));
        }
        return new FedColumns(List.copyOf(feeds), List.copyOf(columns), List.copyOf(columnOfFeed));
    }

    /**
     * Finds the columns of several programs' feeds, which all take from the same columns: one that feeds two programs stands
     * there once, unless they want it in two forms.
     *
     * @param feeds the inputs, by program
     * @param fed the attribute for each feed, program by program
     * @param partition the attributes of what the task reads, in order
     */
    public static List<FedColumns> shared(List<List<BoundFeed>> feeds, List<Attribute> fed, List<Attribute> partition) {
        List<BlockColumn> columns = new ArrayList<>();
        List<List<Integer>> columnsOfFeeds = new ArrayList<>();
        int at = 0;
        for (List<BoundFeed> feedsOfOne : feeds) {
            List<Integer> columnOfFeed = new ArrayList<>();
            for (BoundFeed feed : feedsOfOne) {
                Attribute attribute = fed.get(at++);
                columnOfFeed.add(
                        indexOf(feed.blockColumn(ordinalOf(attribute, partition), attribute.dataType()), columns));
            }
            columnsOfFeeds.add(List.copyOf(columnOfFeed));
        }
        List<FedColumns> all = new ArrayList<>();
        for (int i = 0; i < feeds.size(); i++) {
            all.add(new FedColumns(List.copyOf(feeds.get(i)), List.copyOf(columns), columnsOfFeeds.get(i)));
        }
        return all;
    }

    /** Returns where a column stands among others, which it joins unless it is there. */
    private static int indexOf(BlockColumn column, List<BlockColumn> columns) {
        for (int i = 0; i < columns.size(); i++) {
            Optional<BlockColumn> both = both(columns.get(i), column);
            if (both.isPresent()) {
                columns.set(i, both.get());
                return i;
            }
        }
        columns.add(column);
        return columns.size() - 1;
    }

    /** Returns the column that is both of two, each of which may know a part of how long its arrays are. */
    private static Optional<BlockColumn> both(BlockColumn first, BlockColumn second) {
        if (first.ordinal() != second.ordinal()
                || first.layout() != second.layout()
                || !first.onNull().equals(second.onNull())) {
            return Optional.empty();
        }
        List<Integer> widths = new ArrayList<>(first.widths());
        for (int level = 0; level < widths.size(); level++) {
            int known = first.widths().get(level);
            int other = second.widths().get(level);
            if (known >= 0 && other >= 0 && known != other) {
                return Optional.empty();
            }
            widths.set(level, Math.max(known, other));
        }
        return Optional.of(
                new BlockColumn(first.name(), first.ordinal(), first.type(), first.layout(), widths, first.onNull()));
    }

    /**
     * Finds the columns of some feeds, each feed a column of its own, though two may be fed with the same.
     *
     * @param feeds the inputs
     * @param fed the attribute for each feed
     * @param partition the attributes of what the task reads, in order
     */
    public static FedColumns each(List<BoundFeed> feeds, List<Attribute> fed, List<Attribute> partition) {
        List<BlockColumn> columns = new ArrayList<>();
        List<Integer> columnOfFeed = new ArrayList<>();
        for (int i = 0; i < feeds.size(); i++) {
            Attribute attribute = fed.get(i);
            columns.add(feeds.get(i).blockColumn(ordinalOf(attribute, partition), attribute.dataType()));
            columnOfFeed.add(i);
        }
        return new FedColumns(List.copyOf(feeds), List.copyOf(columns), List.copyOf(columnOfFeed));
    }

    /** Returns these and one more feed, of a column that no partition has and a task adds behind these. */
    FedColumns with(BoundFeed feed) {
        List<BoundFeed> more = new ArrayList<>(feeds);
        more.add(feed);
        List<Integer> indices = new ArrayList<>(columnOfFeed);
        indices.add(columns.size());
        return new FedColumns(List.copyOf(more), columns, List.copyOf(indices));
    }

    /** Returns where an attribute stands among others. */
    public static int ordinalOf(Attribute attribute, List<Attribute> attributes) {
        for (int i = 0; i < attributes.size(); i++) {
            if (attributes.get(i).exprId().equals(attribute.exprId())) {
                return i;
            }
        }
        throw new IllegalStateException("No %s in %s".formatted(attribute, attributes));
    }
}
