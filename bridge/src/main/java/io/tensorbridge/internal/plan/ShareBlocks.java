package io.tensorbridge.internal.plan;

import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.catalyst.rules.Rule;

/**
 * Has programs that stand one above the other run over the same blocks, if the upper is fed with nothing that the lower
 * makes: what both are fed with is copied once then, and what stands beside it goes through one node.
 */
final class ShareBlocks extends Rule<LogicalPlan> {

    static final ShareBlocks INSTANCE = new ShareBlocks();

    private ShareBlocks() {}

    @Override
    public LogicalPlan apply(LogicalPlan plan) {
        return plan.transformUp(Scala.<LogicalPlan>where(
                node -> node instanceof MapBlocksNode upper ? withLower(upper) : Optional.empty()));
    }

    private static Optional<LogicalPlan> withLower(MapBlocksNode upper) {
        if (upper.child() instanceof MapBlocksNode lower) {
            return together(lower, upper).map(LogicalPlan.class::cast);
        }
        return upper.child() instanceof Project project && project.child() instanceof MapBlocksNode lower
                ? together(lower, upper)
                        .map(both -> new Project(
                                Scala.concat(
                                        project.projectList(),
                                        Scala.<NamedExpression>seq(List.copyOf(Scala.list(upper.produced())))),
                                both))
                : Optional.empty();
    }

    private static Optional<MapBlocksNode> together(MapBlocksNode lower, MapBlocksNode upper) {
        boolean fedFromBelow =
                Scala.list(upper.fed()).stream().allMatch(lower.child().outputSet()::contains);
        return fedFromBelow && lower.program().mayShareBlocksWith(upper.program())
                ? Optional.of(new MapBlocksNode(
                        lower.program().and(upper.program()),
                        Scala.<Attribute>concat(lower.fed(), upper.fed()),
                        Scala.<Attribute>concat(lower.produced(), upper.produced()),
                        lower.child()))
                : Optional.empty();
    }
}
