package io.tensorbridge.internal.plan;

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
        return Scala.<SparkPlan>none();
    }
}
