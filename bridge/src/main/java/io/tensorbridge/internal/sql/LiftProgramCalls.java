package io.tensorbridge.internal.sql;

import io.tensorbridge.internal.plan.Conjuncts;
import io.tensorbridge.internal.plan.Scala;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.expressions.SubqueryExpression;
import org.apache.spark.sql.catalyst.optimizer.CollapseProject$;
import org.apache.spark.sql.catalyst.optimizer.ColumnPruning$;
import org.apache.spark.sql.catalyst.optimizer.RemoveNoopOperators$;
import org.apache.spark.sql.catalyst.plans.Cross$;
import org.apache.spark.sql.catalyst.plans.Inner$;
import org.apache.spark.sql.catalyst.plans.logical.Aggregate;
import org.apache.spark.sql.catalyst.plans.logical.Filter;
import org.apache.spark.sql.catalyst.plans.logical.Join;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.catalyst.plans.logical.Subquery;
import org.apache.spark.sql.catalyst.rules.Rule;
import org.apache.spark.sql.catalyst.trees.TreePattern;
import org.apache.spark.sql.execution.python.ExtractPythonUDFs$;
import scala.Option;

/**
 * Lifts calls of programs out of expressions: the programs come into the plan below the operators that the expressions
 * belong to, and these refer to the new columns instead.
 *
 * <p>Calls that are the same over the same rows become one, and all programs over the same rows share their blocks. What a
 * filter asks without calling a program goes below the programs. A call with calls in its arguments goes above those.
 *
 * <p>Has its turn when Spark has done with moving expressions about.
 */
final class LiftProgramCalls extends Rule<LogicalPlan> {

    static final LiftProgramCalls INSTANCE = new LiftProgramCalls();

    private LiftProgramCalls() {}

    @Override
    public LogicalPlan apply(LogicalPlan plan) {
        // a correlated subquery becomes a part of the outer plan, and has its turn with that
        boolean later = plan instanceof Subquery subquery && subquery.correlated();
        if (later || !plan.containsPattern(TreePattern.PYTHON_UDF())) {
            return plan;
        }
        LogicalPlan lifted = plan.transformUp(Scala.<LogicalPlan>where(this::lift));
        return lifted.fastEquals(plan)
                ? plan
                // the programs stand between projections and what these need of the data; and Spark has left functions
                // of
                // Python alone that are over calls
                : RemoveNoopOperators$.MODULE$.apply(CollapseProject$.MODULE$.apply(
                        ColumnPruning$.MODULE$.apply(ExtractPythonUDFs$.MODULE$.apply(lifted))));
    }

    private Optional<LogicalPlan> lift(LogicalPlan node) {
        var inSubqueries = node.transformExpressions(Scala.<Expression>where(this::liftInSubquery));
        if (!Calls.areIn(inSubqueries)) {
            return inSubqueries.fastEquals(node) ? Optional.empty() : Optional.of(inSubqueries);
        }
        if (inSubqueries instanceof Filter filter) {
            return Optional.of(liftOutOfFilter(filter));
        }
        if (inSubqueries instanceof Join join) {
            return Optional.of(liftOutOfJoin(join));
        }
        if (inSubqueries instanceof Aggregate aggregate) {
            return Optional.of(liftOutOfAggregate(aggregate));
        }
        return Optional.of(liftOut(inSubqueries));
    }

    /** Subqueries that the optimizer itself has made, for a join to prune what it reads, have not been through it. */
    private Optional<Expression> liftInSubquery(Expression expression) {
        if (expression instanceof SubqueryExpression subquery
                && subquery.plan().containsPattern(TreePattern.PYTHON_UDF())) {
            LogicalPlan lifted = apply(subquery.plan());
            return lifted.fastEquals(subquery.plan()) ? Optional.empty() : Optional.of(subquery.withNewPlan(lifted));
        }
        return Optional.empty();
    }

    /** Lifts the calls out of an operator, whatever it is: the innermost first, then those around them. */
    private static LogicalPlan liftOut(LogicalPlan node) {
        LogicalPlan current = node;
        for (List<ProgramCall> calls = Calls.innermost(current); !calls.isEmpty(); calls = Calls.innermost(current)) {
            var results = new CallResults();
            List<LogicalPlan> children = new ArrayList<>();
            for (LogicalPlan child : Scala.list(current.children())) {
                List<ProgramCall> here = calls.stream()
                        .filter(call -> !results.has(call) && call.references().subsetOf(child.outputSet()))
                        .toList();
                children.add(here.isEmpty() ? child : CallPlacement.onTopOf(child, here, results));
            }
            for (ProgramCall call : calls) {
                if (!results.has(call)) {
                    throw cannotCall(call, "in " + node.nodeName());
                }
            }
            current = results.replaceIn(current.withNewChildren(Scala.seq(children)));
        }
        return hasSameColumns(current, node)
                ? current
                : new Project(Scala.<NamedExpression>seq(List.copyOf(Scala.list(node.output()))), current);
    }

    private static boolean hasSameColumns(LogicalPlan one, LogicalPlan other) {
        return exprIds(one).equals(exprIds(other));
    }

    private static List<Object> exprIds(LogicalPlan plan) {
        List<Object> ids = new ArrayList<>();
        for (Attribute column : Scala.list(plan.output())) {
            ids.add(column.exprId());
        }
        return ids;
    }

    /** Filters by what needs no program first, so that programs see no row that it leaves out. */
    private static LogicalPlan liftOutOfFilter(Filter filter) {
        List<Expression> first = new ArrayList<>();
        List<Expression> then = new ArrayList<>();
        for (Expression condition : Conjuncts.of(filter.condition())) {
            (condition.deterministic() && !Calls.areIn(condition) ? first : then).add(condition);
        }
        LogicalPlan child = first.isEmpty() ? filter.child() : new Filter(Conjuncts.all(first), filter.child());
        return liftOut(new Filter(Conjuncts.all(then), child));
    }

    /** Calls over one side go below the join; conditions with calls over both become a filter above it. */
    private static LogicalPlan liftOutOfJoin(Join join) {
        List<Expression> within = new ArrayList<>();
        List<Expression> above = new ArrayList<>();
        for (Expression condition : Conjuncts.of(join.condition().get())) {
            Optional<ProgramCall> overBoth = callOverBothSides(condition, join);
            boolean inner = join.joinType() == Inner$.MODULE$ || join.joinType() == Cross$.MODULE$;
            if (overBoth.isPresent() && !inner) {
                throw cannotCall(
                        overBoth.get(),
                        "in the condition of a %s join"
                                .formatted(join.joinType().sql().toLowerCase(java.util.Locale.ROOT)));
            }
            (overBoth.isPresent() ? above : within).add(condition);
        }
        LogicalPlan joined = liftOut(join.copy(
                join.left(),
                join.right(),
                join.joinType(),
                within.isEmpty() ? Option.empty() : Option.apply(Conjuncts.all(within)),
                join.hint()));
        return above.isEmpty() ? joined : liftOut(new Filter(Conjuncts.all(above), joined));
    }

    private static Optional<ProgramCall> callOverBothSides(Expression expression, Join join) {
        if (expression instanceof ProgramCall call
                && !call.references().subsetOf(join.left().outputSet())
                && !call.references().subsetOf(join.right().outputSet())) {
            return Optional.of(call);
        }
        return Scala.list(expression.children()).stream()
                .flatMap(child -> callOverBothSides(child, join).stream())
                .findFirst();
    }

    /** Calls over aggregates and grouping keys go above the aggregation; those in aggregates and keys go below. */
    private static LogicalPlan liftOutOfAggregate(Aggregate aggregate) {
        var split = new SplitAggregate(aggregate);
        LogicalPlan below = liftOut(split.aggregate());
        return split.project(below).map(LiftProgramCalls::liftOut).orElse(below);
    }

    private static UnsupportedOperationException cannotCall(ProgramCall call, String where) {
        return new UnsupportedOperationException(
                "Cannot call '%s' %s: expected arguments from one side, found %s. Call it in a subquery, and refer to its column"
                        .formatted(call.name(), where, ProgramFunctions.sqlOf(call)));
    }
}
