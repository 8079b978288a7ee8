package io.tensorbridge.internal.plan;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.optimizer.PushDownPredicates$;
import org.apache.spark.sql.catalyst.plans.logical.Filter;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.rules.Rule;
import scala.runtime.AbstractPartialFunction;

/**
 * Moves what a filter asks of the columns that pass a program unchanged below the program, which then runs on fewer rows.
 *
 * <p>Sound because a row's outputs depend on that row alone, a group's on the rows of that group.
 */
final class PushFilterThroughPrograms extends Rule<LogicalPlan> {

    static final PushFilterThroughPrograms INSTANCE = new PushFilterThroughPrograms();

    private PushFilterThroughPrograms() {}

    @Override
    public LogicalPlan apply(LogicalPlan plan) {
        LogicalPlan pushed = plan.transformDown(new AbstractPartialFunction<LogicalPlan, LogicalPlan>() {
            @Override
            public boolean isDefinedAt(LogicalPlan node) {
                return node instanceof Filter filter
                        && filter.child() instanceof ProgramNode<?> program
                        && Conjuncts.of(filter.condition()).stream().anyMatch(part -> canPass(part, program));
            }

            @Override
            public LogicalPlan apply(LogicalPlan node) {
                Filter filter = (Filter) node;
                ProgramNode<?> program = (ProgramNode<?>) filter.child();
                List<Expression> below = new ArrayList<>();
                List<Expression> above = new ArrayList<>();
                for (Expression part : Conjuncts.of(filter.condition())) {
                    (canPass(part, program) ? below : above).add(part);
                }
                LogicalPlan moved = program.withNewChildInternal(new Filter(Conjuncts.all(below), program.child()));
                return above.isEmpty() ? moved : new Filter(Conjuncts.all(above), moved);
            }
        });
        // Spark has done with pushing filters when this rule has its turn, and what stands below may let them pass as
        // well
        return pushed.fastEquals(plan) ? plan : PushDownPredicates$.MODULE$.apply(pushed);
    }

    private static boolean canPass(Expression condition, ProgramNode<?> program) {
        return condition.deterministic()
                && !condition.references().isEmpty()
                && condition.references().subsetOf(program.filterable());
    }
}
