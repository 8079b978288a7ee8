package io.tensorbridge.internal.plan;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.execution.SparkStrategy;
import scala.collection.immutable.Seq;

/** Plans the logical nodes of all operations. */
final class OperationStrategy extends SparkStrategy {

    static final OperationStrategy INSTANCE = new OperationStrategy();

    private OperationStrategy() {}

    @Override
    public Seq<SparkPlan> apply(LogicalPlan plan) {
        if (plan instanceof MapBlocksNode node) {
            return Scala.<SparkPlan>one(
                    new MapBlocksExec(node.program(), node.fed(), node.produced(), planLater(node.child())));
        }
        if (plan instanceof ReduceNode node) {
            return Scala.<SparkPlan>one(new ReduceExec(
                    node.program(), node.fed(), node.produced(), node.checked(), planLater(node.child())));
        }
        if (plan instanceof AggregateNode node) {
            return Scala.<SparkPlan>one(aggregate(node));
        }
        return Scala.<SparkPlan>none();
    }

    /** Plans two nodes, between which Spark puts the shuffle and the sort that the second asks for. */
    private SparkPlan aggregate(AggregateNode node) {
        List<Attribute> partial = new ArrayList<>();
        for (Attribute column : Scala.list(node.produced())) {
            partial.add(column.newInstance());
        }
        var first = new AggregatePartialExec(
                node.program(), node.groups(), node.keys(), node.fed(), Scala.seq(partial), planLater(node.child()));
        return new AggregateFinalExec(
                node.program(), node.groups(), node.keys(), Scala.seq(partial), node.produced(), first);
    }
}
