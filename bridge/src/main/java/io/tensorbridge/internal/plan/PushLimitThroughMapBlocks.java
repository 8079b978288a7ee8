package io.tensorbridge.internal.plan;

import java.util.Optional;
import org.apache.spark.sql.catalyst.expressions.Literal;
import org.apache.spark.sql.catalyst.plans.logical.LocalLimit;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.catalyst.rules.Rule;

/** Has a program see no more rows than a limit above it lets through, where it gives a row for each. */
final class PushLimitThroughMapBlocks extends Rule<LogicalPlan> {

    static final PushLimitThroughMapBlocks INSTANCE = new PushLimitThroughMapBlocks();

    private PushLimitThroughMapBlocks() {}

    @Override
    public LogicalPlan apply(LogicalPlan plan) {
        return plan.transformDown(Scala.<LogicalPlan>where(
                node -> node instanceof LocalLimit limit ? limitedBelow(limit.child(), limit) : Optional.empty()));
    }

    /** Returns the limit with what is below it limited further down, if that changes anything. */
    private static Optional<LogicalPlan> limitedBelow(LogicalPlan node, LocalLimit limit) {
        if (node instanceof MapBlocksNode program
                && program.program().keepsAllRows()
                && limits(limit, program.child())) {
            return Optional.of(new LocalLimit(
                    limit.limitExpr(),
                    program.withNewChildInternal(new LocalLimit(limit.limitExpr(), program.child()))));
        }
        return node instanceof Project project && project.child() instanceof MapBlocksNode
                ? limitedBelow(project.child(), limit)
                        .map(limited -> new LocalLimit(
                                limit.limitExpr(), new Project(project.projectList(), ((LocalLimit) limited).child())))
                : Optional.empty();
    }

    private static boolean limits(LocalLimit limit, LogicalPlan below) {
        return limit.limitExpr() instanceof Literal literal
                && literal.value() instanceof Integer rows
                && (below.maxRowsPerPartition().isEmpty()
                        || (Long) below.maxRowsPerPartition().get() > rows);
    }
}
