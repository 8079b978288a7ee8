package io.tensorbridge.internal.sql;

import io.tensorbridge.internal.bind.BoundPrograms;
import io.tensorbridge.internal.plan.MapBlocksNode;
import io.tensorbridge.internal.plan.Projections;
import io.tensorbridge.internal.plan.Scala;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.catalyst.expressions.Alias;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.AttributeReference;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructField;

/** Puts the programs of calls on top of a plan: over a projection of their arguments, in as few nodes as may be. */
final class CallPlacement {

    private final CallResults results;
    private final List<Alias> computed = new ArrayList<>();
    private final List<Group> groups = new ArrayList<>();
    private LogicalPlan plan;

    private CallPlacement(LogicalPlan plan, CallResults results) {
        this.plan = plan;
        this.results = results;
    }

    /** Programs that become one node. */
    private record Group(BoundPrograms programs, List<Attribute> fed, List<Attribute> produced) {

        Group and(Group other) {
            List<Attribute> allFed = new ArrayList<>(fed);
            allFed.addAll(other.fed);
            List<Attribute> allProduced = new ArrayList<>(produced);
            allProduced.addAll(other.produced);
            return new Group(programs.and(other.programs), allFed, allProduced);
        }
    }

    /**
     * Returns the plan with the columns of calls beside its own.
     *
     * @param plan a plan that has what the arguments refer to
     * @param calls calls without calls in their arguments
     * @param results takes note of the columns
     */
    static LogicalPlan onTopOf(LogicalPlan plan, List<ProgramCall> calls, CallResults results) {
        var placement = new CallPlacement(plan, results);
        for (ProgramCall call : calls) {
            if (!results.has(call)) {
                placement.place(call);
            }
        }
        return placement.placed();
    }

    private void place(ProgramCall call) {
        Optional<FoundCall> before = FoundCall.find(call, plan);
        if (before.isPresent()) {
            plan = before.get().plan();
            results.add(call, before.get().columns());
            return;
        }
        List<Attribute> arguments = new ArrayList<>();
        for (Expression argument : call.arguments()) {
            arguments.add(columnOf(argument));
        }
        BoundCall bound = call.bound();
        List<Attribute> produced = new ArrayList<>();
        for (StructField result : bound.results()) {
            produced.add(new AttributeReference(
                    result.name(),
                    result.dataType(),
                    result.nullable(),
                    result.metadata(),
                    NamedExpression.newExprId(),
                    Scala.<String>none()));
        }
        results.add(call, produced);
        addToGroup(new Group(
                BoundPrograms.of(
                        bound.over(arguments.stream().map(Attribute::name).toList())),
                bound.argumentOfFeed().stream().map(arguments::get).toList(),
                produced));
    }

    private Attribute columnOf(Expression argument) {
        if (argument instanceof Attribute attribute) {
            return attribute;
        }
        return computed.stream()
                .filter(alias -> alias.child().semanticEquals(argument))
                .findFirst()
                .orElseGet(() -> {
                    var alias = (Alias) Projections.named(argument, ProgramFunctions.sqlOf(argument), Metadata.empty());
                    computed.add(alias);
                    return alias;
                })
                .toAttribute();
    }

    private void addToGroup(Group group) {
        for (int i = 0; i < groups.size(); i++) {
            if (groups.get(i).programs().mayShareBlocksWith(group.programs())) {
                groups.set(i, groups.get(i).and(group));
                return;
            }
        }
        groups.add(group);
    }

    private LogicalPlan placed() {
        LogicalPlan top = plan;
        if (!computed.isEmpty()) {
            top = new Project(
                    Scala.concat(
                            Scala.<NamedExpression>seq(List.copyOf(Scala.list(top.output()))),
                            Scala.<NamedExpression>seq(computed)),
                    top);
        }
        for (Group group : groups) {
            top = new MapBlocksNode(group.programs(), Scala.seq(group.fed()), Scala.seq(group.produced()), top);
        }
        return top;
    }
}
