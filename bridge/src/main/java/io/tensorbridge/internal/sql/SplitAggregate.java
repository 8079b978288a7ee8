package io.tensorbridge.internal.sql;

import io.tensorbridge.internal.plan.Projections;
import io.tensorbridge.internal.plan.Scala;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.expressions.aggregate.AggregateExpression;
import org.apache.spark.sql.catalyst.plans.logical.Aggregate;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.types.Metadata;

/** An aggregation, and what calls make of its results, apart. */
final class SplitAggregate {

    private final List<Expression> keys;
    private final List<NamedExpression> columns = new ArrayList<>();
    private final List<NamedExpression> above = new ArrayList<>();
    private final Aggregate aggregate;
    private boolean hasCallsAbove;

    SplitAggregate(Aggregate whole) {
        this.keys = Scala.list(whole.groupingExpressions());
        for (NamedExpression column : Scala.list(whole.aggregateExpressions())) {
            if (callsOverResults((Expression) column)) {
                hasCallsAbove = true;
                above.add(
                        (NamedExpression) ((Expression) column).transformDown(Scala.<Expression>where(this::columnOf)));
            } else {
                columns.add(column);
                above.add(column.toAttribute());
            }
        }
        this.aggregate = hasCallsAbove
                ? whole.copy(whole.groupingExpressions(), Scala.seq(columns), whole.child(), whole.hint())
                : whole;
    }

    /** Returns the aggregation; whatever calls are in it have their arguments from below. */
    Aggregate aggregate() {
        return aggregate;
    }

    /** Returns the projection of the aggregation's results that has the other calls, if there are any. */
    Optional<Project> project(LogicalPlan aggregated) {
        return hasCallsAbove ? Optional.of(new Project(Scala.seq(above), aggregated)) : Optional.empty();
    }

    private boolean isResult(Expression expression) {
        return expression instanceof AggregateExpression
                || keys.stream().anyMatch(key -> key.semanticEquals(expression));
    }

    private boolean callsOverResults(Expression expression) {
        return !isResult(expression)
                && (expression instanceof ProgramCall
                        || Scala.list(expression.children()).stream().anyMatch(this::callsOverResults));
    }

    /** Returns the aggregation's column for one of its results. */
    private Optional<Expression> columnOf(Expression expression) {
        if (!isResult(expression)) {
            return Optional.empty();
        }
        NamedExpression column = expression instanceof NamedExpression named
                ? named
                : Projections.named(expression, ProgramFunctions.sqlOf(expression), Metadata.empty());
        columns.add(column);
        return Optional.of((Expression) column.toAttribute());
    }
}
