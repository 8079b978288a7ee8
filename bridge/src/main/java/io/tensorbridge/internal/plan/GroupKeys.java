package io.tensorbridge.internal.plan;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.Alias;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.optimizer.NormalizeFloatingNumbers$;
import org.apache.spark.sql.catalyst.plans.logical.Aggregate;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.classic.ExpressionUtils;
import org.apache.spark.sql.classic.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataType;

/**
 * The keys of a grouping, each a column whose equal values have equal bytes, but for strings of a collation.
 *
 * <p>Floating-point numbers are normalised as Spark's own grouping does it. Maps, which have no order, are turned into sorted
 * arrays of their entries, and back in the result.
 *
 * @param child the plan that has the keys among its columns
 * @param keys the columns to group by, each once
 * @param names the names of the keys that were asked for, in order
 * @param results what the result has for each of these, under its name
 */
public record GroupKeys(LogicalPlan child, List<Attribute> keys, List<String> names, List<Column> results) {

    public GroupKeys {
        names = List.copyOf(names);
        keys = List.copyOf(keys);
        results = List.copyOf(results);
    }

    /**
     * Finds the keys. What Spark cannot group by is refused by its own {@code AnalysisException}.
     *
     * @param df the DataFrame to group
     * @param columns what to group by
     */
    public static GroupKeys of(Dataset<?> df, List<Column> columns) {
        Column[] asked = columns.toArray(Column[]::new);
        String[] names = df.select(asked).columns();
        Aggregate grouping = groupingOf(df.groupBy(asked).agg(functions.count(functions.lit(1))));
        List<DataType> types = Scala.list(grouping.groupingExpressions()).stream()
                .map(Expression::dataType)
                .toList();
        List<NamedExpression> projected =
                new ArrayList<>(Scala.list(grouping.child().output()));
        int width = projected.size();
        List<Attribute> keys = new ArrayList<>();
        List<Column> results = new ArrayList<>();
        List<NamedExpression> canonical = canonical(grouping, names, types, (SparkSession) df.sparkSession());
        for (int i = 0; i < names.length; i++) {
            Attribute key = canonical.get(i).toAttribute();
            boolean again = keys.contains(key);
            if (!again) {
                keys.add(key);
                if (canonical.get(i) != key) {
                    projected.add(canonical.get(i));
                }
            }
            Column result = MapEntries.decode(ExpressionUtils.column(key), types.get(i));
            boolean asItIs = !again && key.name().equals(names[i]) && !MapEntries.areIn(types.get(i));
            results.add(asItIs ? result : result.as(names[i]));
        }
        LogicalPlan child =
                projected.size() == width ? grouping.child() : new Project(Scala.seq(projected), grouping.child());
        return new GroupKeys(child, keys, List.of(names), results);
    }

    /** Spark itself says what it can group by, and prepares it. */
    private static Aggregate groupingOf(Dataset<Row> grouped) {
        LogicalPlan plan = ((org.apache.spark.sql.classic.Dataset<Row>) grouped)
                .queryExecution()
                .analyzed();
        while (!(plan instanceof Aggregate)) {
            plan = plan.children().head();
        }
        return (Aggregate) plan;
    }

    /** Returns the keys in the form in which equal ones have equal bytes: attributes where they are in it already. */
    private static List<NamedExpression> canonical(
            Aggregate grouping, String[] names, List<DataType> types, SparkSession session) {
        List<Expression> keys = Scala.list(grouping.groupingExpressions());
        Column[] encoded = new Column[names.length];
        for (int i = 0; i < encoded.length; i++) {
            encoded[i] = MapEntries.encode(ExpressionUtils.column(keys.get(i)), types.get(i))
                    .as(names[i]);
        }
        Dataset<Row> analysed = org.apache.spark.sql.classic.Dataset.ofRows(session, grouping.child())
                .select(encoded);
        var project = (Project) ((org.apache.spark.sql.classic.Dataset<Row>) analysed)
                .queryExecution()
                .analyzed();
        List<NamedExpression> canonical = new ArrayList<>();
        for (NamedExpression named : Scala.list(project.projectList())) {
            Alias alias = (Alias) named;
            Expression normal = NormalizeFloatingNumbers$.MODULE$.normalize(alias.child());
            canonical.add(
                    normal instanceof Attribute attribute
                            ? attribute
                            : (NamedExpression) alias.withNewChildren(Scala.<Expression>one(normal)));
        }
        return canonical;
    }
}
