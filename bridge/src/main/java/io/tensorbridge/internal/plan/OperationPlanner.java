package io.tensorbridge.internal.plan;

import io.tensorbridge.internal.bind.Bound;
import io.tensorbridge.internal.bind.BoundGroups;
import io.tensorbridge.internal.bind.BoundPrograms;
import io.tensorbridge.internal.bind.BoundReduction;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.Alias;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.catalyst.rules.Rule;
import org.apache.spark.sql.classic.ExpressionUtils;
import org.apache.spark.sql.classic.SparkSession;
import org.apache.spark.sql.execution.SparkStrategy;
import scala.Option;
import scala.collection.immutable.Seq;

/** Puts bound programs into the plans of DataFrames. */
public final class OperationPlanner {

    private static final List<Rule<LogicalPlan>> RULES = List.of(
            ShareBlocks.INSTANCE,
            PushFilterThroughPrograms.INSTANCE,
            PushLimitThroughMapBlocks.INSTANCE,
            PrunePartitionsBelowMapBlocks.INSTANCE);

    private OperationPlanner() {}

    /**
     * Returns a DataFrame that maps the rows of another.
     *
     * @param df the DataFrame that the program is bound to
     * @param bound the program and its attributes in the DataFrame's analysed plan
     */
    public static Dataset<Row> map(Dataset<?> df, Bound bound) {
        return plan(
                df,
                child -> new MapBlocksNode(
                        BoundPrograms.of(bound.program()), Scala.seq(bound.fed()), Scala.seq(bound.produced()), child));
    }

    /**
     * Returns a DataFrame of the one row that another is reduced to.
     *
     * @param df the DataFrame that the reduction is bound to
     * @param bound the reduction and its attributes in the DataFrame's analysed plan
     */
    public static Dataset<Row> reduce(Dataset<?> df, BoundReduction bound) {
        return plan(
                df,
                child -> new ReduceNode(
                        bound.step(), Scala.seq(bound.fed()), Scala.seq(bound.produced()), bound.checked(), child));
    }

    /**
     * Returns a DataFrame of one row for each group: its keys, and what the program makes of it.
     *
     * @param keys what to group by, and the plan that has it
     * @param bound the program and its attributes in that plan
     * @param groups how the program goes over groups
     */
    public static Dataset<Row> aggregate(Dataset<?> df, GroupKeys keys, Bound bound, BoundGroups groups) {
        var session = (SparkSession) df.sparkSession();
        install(session);
        // Spark leaves out columns that nothing needs below a projection, but knows nothing of this node
        Set<Attribute> needed = new LinkedHashSet<>(keys.keys());
        needed.addAll(bound.fed());
        var node = new AggregateNode(
                bound.program(),
                groups,
                Scala.seq(keys.keys()),
                Scala.seq(bound.fed()),
                Scala.seq(bound.produced()),
                new Project(Scala.<NamedExpression>seq(List.copyOf(needed)), keys.child()));
        List<Column> columns = new ArrayList<>(keys.results());
        for (Attribute produced : bound.produced()) {
            columns.add(ExpressionUtils.column(produced).as(produced.name()));
        }
        return org.apache.spark.sql.classic.Dataset.ofRows(session, node).select(columns.toArray(Column[]::new));
    }

    private static Dataset<Row> plan(Dataset<?> df, Function<LogicalPlan, ProgramNode<?>> node) {
        var dataset = (org.apache.spark.sql.classic.Dataset<?>) df;
        SparkSession session = dataset.sparkSession();
        install(session);
        LogicalPlan child = dataset.queryExecution().commandExecuted();
        return org.apache.spark.sql.classic.Dataset.ofRows(session, withFreshNames(node.apply(child)));
    }

    /**
     * Gives the new columns other identities above the node, as Spark's self-joins need: they rename what a projection
     * made, and know nothing of this node. The optimizer removes the projection where it serves nothing.
     */
    private static LogicalPlan withFreshNames(ProgramNode<?> node) {
        List<NamedExpression> columns = new ArrayList<>();
        for (Attribute column : Scala.list(node.output())) {
            columns.add(
                    node.producedAttributes().contains(column)
                            ? new Alias(
                                    column,
                                    column.name(),
                                    NamedExpression.newExprId(),
                                    Scala.<String>none(),
                                    Option.empty(),
                                    Scala.<String>none())
                            : column);
        }
        return new Project(Scala.seq(columns), node);
    }

    private static void install(SparkSession session) {
        install(session, List.of());
    }

    /**
     * Teaches a session to plan the nodes, on first use; sessions cloned from it inherit that.
     *
     * @param rules what makes such nodes, and is to have its turn before what moves them
     */
    public static void install(SparkSession session, List<Rule<LogicalPlan>> rules) {
        var methods = session.experimental();
        synchronized (methods) {
            Seq<SparkStrategy> strategies = methods.extraStrategies();
            if (!strategies.contains(OperationStrategy.INSTANCE)) {
                methods.extraStrategies_$eq(
                        Scala.concat(strategies, Scala.<SparkStrategy>one(OperationStrategy.INSTANCE)));
            }
            List<Rule<LogicalPlan>> present = Scala.list(methods.extraOptimizations());
            List<Rule<LogicalPlan>> all = new ArrayList<>(rules);
            present.stream().filter(rule -> !all.contains(rule)).forEach(all::add);
            RULES.stream().filter(rule -> !all.contains(rule)).forEach(all::add);
            if (!all.equals(present)) {
                methods.extraOptimizations_$eq(Scala.<Rule<LogicalPlan>>seq(all));
            }
        }
    }
}
