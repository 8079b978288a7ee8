package io.tensorbridge.internal.run;

import io.tensorbridge.arrow.BlockColumn;
import io.tensorbridge.internal.bind.BoundFeed;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
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
