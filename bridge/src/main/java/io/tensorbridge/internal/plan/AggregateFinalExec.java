package io.tensorbridge.internal.plan;

import io.tensorbridge.arrow.GroupedBlocks;
import io.tensorbridge.internal.bind.BoundFeed;
import io.tensorbridge.internal.bind.BoundGroups;
import io.tensorbridge.internal.bind.BoundProgram;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.catalyst.expressions.Ascending$;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.SortOrder;
import org.apache.spark.sql.catalyst.plans.physical.ClusteredDistribution;
import org.apache.spark.sql.catalyst.plans.physical.Distribution;
import org.apache.spark.sql.catalyst.plans.physical.Partitioning;
import org.apache.spark.sql.execution.SparkPlan;
import scala.Option;
import scala.collection.immutable.Seq;

/**
 * Completes the groups: takes what {@link AggregatePartialExec} has made of each partition's. Public because Catalyst makes
 * copies through its constructor.
 *
 * <p>The way of the data: this asks for all rows of a group in one partition, one behind the other, so Spark shuffles and
 * sorts below it. Rows are taken in blocks of bounded size, a run of equal keys is a group, and only the last group of a
 * block is carried into the next: however large a group is, and however many there are, no more than a block is in memory.
 */
public final class AggregateFinalExec extends AggregateExec {

    /** Creates the node; the attributes stand in the order of the program's feeds and fetches. */
    public AggregateFinalExec(
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
        return new AggregateFinalExec(program(), groups(), keys(), fed(), produced(), newChild);
    }

    @Override
    public Seq<Distribution> requiredChildDistribution() {
        return Scala.<Distribution>one(new ClusteredDistribution(
                Scala.<Expression>concat(keys(), Scala.<Expression>none()),
                /* requireAllClusterKeys= */ false,
                Option.empty()));
    }

    @Override
    public Seq<Seq<SortOrder>> requiredChildOrdering() {
        List<SortOrder> order = new ArrayList<>();
        for (Attribute key : Scala.list(keys())) {
            order.add(new SortOrder(
                    key, Ascending$.MODULE$, Ascending$.MODULE$.defaultNullOrdering(), Scala.<Expression>none()));
        }
        return Scala.<Seq<SortOrder>>one(Scala.seq(order));
    }

    @Override
    public Partitioning outputPartitioning() {
        return child().outputPartitioning();
    }

    @Override
    ChildPartitions partitions() {
        return ChildPartitions.of(child());
    }

    @Override
    GroupedBlocks.Order order() {
        return GroupedBlocks.Order.SORTED;
    }

    /** What came out in part comes in here. */
    @Override
    List<BoundFeed> feeds() {
        List<BoundFeed> feeds = new ArrayList<>();
        for (int i = 0; i < program().feeds().size(); i++) {
            feeds.add(program()
                    .feeds()
                    .get(i)
                    .fromOutput(program().fetches().get(i), fed().apply(i).dataType()));
        }
        return feeds;
    }

    @Override
    public String nodeName() {
        return "Aggregate program";
    }
}
