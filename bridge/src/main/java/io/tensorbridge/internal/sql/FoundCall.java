package io.tensorbridge.internal.sql;

import io.tensorbridge.internal.bind.BoundProgram;
import io.tensorbridge.internal.plan.MapBlocksNode;
import io.tensorbridge.internal.plan.Scala;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.catalyst.expressions.Alias;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.plans.Cross$;
import org.apache.spark.sql.catalyst.plans.Inner$;
import org.apache.spark.sql.catalyst.plans.JoinType;
import org.apache.spark.sql.catalyst.plans.LeftOuter$;
import org.apache.spark.sql.catalyst.plans.RightOuter$;
import org.apache.spark.sql.catalyst.plans.logical.Filter;
import org.apache.spark.sql.catalyst.plans.logical.GlobalLimit;
import org.apache.spark.sql.catalyst.plans.logical.Join;
import org.apache.spark.sql.catalyst.plans.logical.LocalLimit;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.catalyst.plans.logical.Sort;
import org.apache.spark.sql.catalyst.plans.logical.UnaryNode;

/**
 * A call whose columns a plan has somewhere below already, as that of a filter that Spark has pushed down.
 *
 * @param plan the plan, which gives the columns beside its own
 * @param columns the columns
 */
record FoundCall(LogicalPlan plan, List<Attribute> columns) {

    /** Looks for a call as far down as rows keep their columns. */
    static Optional<FoundCall> find(ProgramCall call, LogicalPlan plan) {
        if (!call.deterministic()) {
            return Optional.empty();
        }
        if (plan instanceof MapBlocksNode node) {
            Optional<FoundCall> here = columnsIn(node, call).map(columns -> new FoundCall(node, columns));
            return here.isPresent() || node.isTrimmed() ? here : findBelow(call, node);
        }
        if (plan instanceof Project project) {
            return find(call, project.child()).map(found -> found.through(project));
        }
        if (plan instanceof Filter
                || plan instanceof Sort
                || plan instanceof LocalLimit
                || plan instanceof GlobalLimit) {
            return findBelow(call, (UnaryNode) plan);
        }
        return plan instanceof Join join ? findInSides(call, join) : Optional.empty();
    }

    private static Optional<FoundCall> findBelow(ProgramCall call, UnaryNode node) {
        return find(call, node.child())
                .map(found -> new FoundCall(
                        ((LogicalPlan) node).withNewChildren(Scala.<LogicalPlan>one(found.plan())), found.columns()));
    }

    /** Looks at the sides that a join makes no nulls of, and whose columns it gives. */
    private static Optional<FoundCall> findInSides(ProgramCall call, Join join) {
        JoinType type = join.joinType();
        boolean inner = type == Inner$.MODULE$ || type == Cross$.MODULE$;
        if (inner || type == LeftOuter$.MODULE$) {
            Optional<FoundCall> left = find(call, join.left())
                    .map(found -> new FoundCall(withSides(join, found.plan(), join.right()), found.columns()));
            if (left.isPresent()) {
                return left;
            }
        }
        return inner || type == RightOuter$.MODULE$
                ? find(call, join.right())
                        .map(found -> new FoundCall(withSides(join, join.left(), found.plan()), found.columns()))
                : Optional.empty();
    }

    private static LogicalPlan withSides(Join join, LogicalPlan left, LogicalPlan right) {
        return join.withNewChildren(Scala.seq(List.of(left, right)));
    }

    private FoundCall through(Project project) {
        List<NamedExpression> list = new ArrayList<>(Scala.list(project.projectList()));
        for (Attribute column : columns) {
            if (!project.outputSet().contains(column)) {
                list.add(column);
            }
        }
        return new FoundCall(new Project(Scala.seq(list), plan), columns);
    }

    private static Optional<List<Attribute>> columnsIn(MapBlocksNode node, ProgramCall call) {
        List<Attribute> fed = Scala.list(node.fed());
        List<Attribute> produced = Scala.list(node.produced());
        int firstFed = 0;
        int firstProduced = 0;
        for (BoundProgram program : node.program().all()) {
            int nextFed = firstFed + program.feeds().size();
            int nextProduced = firstProduced + program.columns();
            if (isCall(program, fed.subList(firstFed, nextFed), node.child(), call)) {
                return Optional.of(List.copyOf(produced.subList(firstProduced, nextProduced)));
            }
            firstFed = nextFed;
            firstProduced = nextProduced;
        }
        return Optional.empty();
    }

    private static boolean isCall(BoundProgram program, List<Attribute> fed, LogicalPlan child, ProgramCall call) {
        BoundCall bound = call.bound();
        if (fed.size() != bound.argumentOfFeed().size()) {
            return false;
        }
        List<String> names = new ArrayList<>();
        for (int i = 0; i < call.arguments().size(); i++) {
            int feed = bound.argumentOfFeed().indexOf(i);
            names.add(fed.get(feed).name());
        }
        if (!program.equals(bound.over(names))) {
            return false;
        }
        for (int i = 0; i < fed.size(); i++) {
            Expression argument = call.arguments().get(bound.argumentOfFeed().get(i));
            if (!definitionOf(fed.get(i), child).semanticEquals(argument)) {
                return false;
            }
        }
        return true;
    }

    private static Expression definitionOf(Attribute attribute, LogicalPlan child) {
        if (child instanceof Project project) {
            for (NamedExpression column : Scala.list(project.projectList())) {
                if (column instanceof Alias alias && alias.exprId().equals(attribute.exprId())) {
                    return alias.child();
                }
            }
        }
        return attribute;
    }
}
