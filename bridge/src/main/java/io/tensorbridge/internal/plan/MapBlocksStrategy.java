package io.tensorbridge.internal.plan;

import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.execution.SparkStrategy;
import scala.collection.immutable.Seq;

/** Plans the logical node. */
final class MapBlocksStrategy extends SparkStrategy {

    static final MapBlocksStrategy INSTANCE = new MapBlocksStrategy();

    private MapBlocksStrategy() {}

    @Override
    public Seq<SparkPlan> apply(LogicalPlan plan) {
        if (plan instanceof MapBlocksNode node) {
            return Scala.<SparkPlan>one(
                    new MapBlocksExec(node.program(), node.fed(), node.produced(), planLater(node.child())));
        }
        return Scala.<SparkPlan>none();
    }
}
