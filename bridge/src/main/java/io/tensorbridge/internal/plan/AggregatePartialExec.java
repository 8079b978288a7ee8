package io.tensorbridge.internal.plan;

import io.tensorbridge.arrow.GroupedBlocks;
import io.tensorbridge.internal.bind.BoundFeed;
import io.tensorbridge.internal.bind.BoundGroups;
import io.tensorbridge.internal.bind.BoundProgram;
import java.util.List;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.execution.SparkPlan;
import scala.collection.immutable.Seq;

/**
 * Reduces the groups of each partition as far as they are in it, before rows are shuffled. Public because Catalyst makes
 * copies through its constructor.
 *
 * <p>The way of the data: rows or batches come as they will; each row's key is looked up in a hash table, and its fed cells
 * go to a block. The blocks run through the program, which reduces all groups at once. A group may come out several times,
 * where a partition has more groups than may be kept.
 */
public final class AggregatePartialExec extends AggregateExec {

    /** Creates the node; the attributes stand in the order of the program's feeds and fetches. */
    public AggregatePartialExec(
            BoundProgram program,
            BoundGroups groups,
            Seq<Attribute> keys,
            Seq<Attribute> fed,
            Seq<Attribute> produced,
            SparkPlan child) {
        super(program, groups, keys, fed, produced, child);
    }

    @Override
    public SparkPlan withNewChildInternal(SparkPlan newChild) {
        return new AggregatePartialExec(program(), groups(), keys(), fed(), produced(), newChild);
    }

    @Override
    ChildPartitions partitions() {
        return ChildPartitions.inColumns(child());
    }

    @Override
    GroupedBlocks.Order order() {
        return GroupedBlocks.Order.ANY;
    }

    @Override
    List<BoundFeed> feeds() {
        return program().feeds();
    }

    @Override
    public String nodeName() {
        return "Aggregate program, partial";
    }
}
