package io.tensorbridge.internal.plan;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.catalyst.expressions.And;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.plans.logical.Filter;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.rules.Rule;
import scala.runtime.AbstractPartialFunction;

/**
 * Moves what a filter asks of a program's input columns below the program, which then runs on fewer rows.
 *
 * <p>Sound because a row's outputs depend on that row alone.
 */
final class PushFilterThroughMapBlocks extends Rule<LogicalPlan> {

    static final PushFilterThroughMapBlocks INSTANCE = new PushFilterThroughMapBlocks();

    private PushFilterThroughMapBlocks() {}

    @Override
    public LogicalPlan apply(LogicalPlan plan) {
        return plan.transformDown(new AbstractPartialFunction<LogicalPlan, LogicalPlan>() {
            @Override
            public boolean isDefinedAt(LogicalPlan node) {
                return node instanceof Filter filter
                        && filter.child() instanceof MapBlocksNode map
                        && !map.program().trimmed()
                        && conjuncts(filter.condition()).stream().anyMatch(part -> canPass(part, map));
            }

            @Override
            public LogicalPlan apply(LogicalPlan node) {
                Filter filter = (Filter) node;
                MapBlocksNode map = (MapBlocksNode) filter.child();
                List<Expression> below = new ArrayList<>();
                List<Expression> above = new ArrayList<>();
                for (Expression part : conjuncts(filter.condition())) {
                    (canPass(part, map) ? below : above).add(part);
                }
                LogicalPlan moved = map.withNewChildInternal(new Filter(allOf(below), map.child()));
                return above.isEmpty() ? moved : new Filter(allOf(above), moved);
            }
        });
    }

    private static boolean canPass(Expression condition, MapBlocksNode map) {
        return condition.deterministic()
                && condition.references().subsetOf(map.child().outputSet());
    }

    private static List<Expression> conjuncts(Expression condition) {
        if (condition instanceof And and) {
            List<Expression> parts = new ArrayList<>(conjuncts(and.left()));
            parts.addAll(conjuncts(and.right()));
            return parts;
        }
        return List.of(condition);
    }

    private static Expression allOf(List<Expression> conditions) {
        return conditions.stream().reduce(And::new).orElseThrow();
    }
}
