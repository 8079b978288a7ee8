package io.tensorbridge.internal.plan;

import org.apache.spark.sql.catalyst.optimizer.PushDownPredicates$;
import org.apache.spark.sql.catalyst.plans.logical.Join;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.rules.Rule;
import org.apache.spark.sql.catalyst.trees.TreePattern;
import org.apache.spark.sql.execution.dynamicpruning.CleanupDynamicPruningFilters$;
import org.apache.spark.sql.execution.dynamicpruning.PartitionPruning$;
import scala.runtime.AbstractPartialFunction;

/**
 * Has a join prune the partitions of a table that a program stands above.
 *
 * <p>Spark does so itself, but the filter that it puts on the join's side must reach the table before any rule of ours has
 * its turn, and Spark cannot move it below the program. So its rules run once more for these joins.
 */
final class PrunePartitionsBelowMapBlocks extends Rule<LogicalPlan> {

    static final PrunePartitionsBelowMapBlocks INSTANCE = new PrunePartitionsBelowMapBlocks();

    private PrunePartitionsBelowMapBlocks() {}

    @Override
    public LogicalPlan apply(LogicalPlan plan) {
        LogicalPlan pruned = plan.transformUp(new AbstractPartialFunction<LogicalPlan, LogicalPlan>() {
            @Override
            public boolean isDefinedAt(LogicalPlan node) {
                // one that is pruned already must not be so again, however often the rule runs
                return node instanceof Join
                        && !node.containsPattern(TreePattern.DYNAMIC_PRUNING_SUBQUERY())
                        && node.exists(below -> below instanceof MapBlocksNode);
            }

            @Override
            public LogicalPlan apply(LogicalPlan join) {
                return PartitionPruning$.MODULE$.apply(join);
            }
        });
        return pruned.fastEquals(plan) ? plan : CleanupDynamicPruningFilters$.MODULE$.apply(pushed(pruned));
    }

    /** Moves filters as far down as they go, by turns with Spark's own rule, since each stops where the other is needed. */
    private static LogicalPlan pushed(LogicalPlan plan) {
        LogicalPlan before;
        LogicalPlan after = plan;
        do {
            before = after;
            after = PushFilterThroughPrograms.INSTANCE.apply(PushDownPredicates$.MODULE$.apply(before));
        } while (!after.fastEquals(before));
        return after;
    }
}
