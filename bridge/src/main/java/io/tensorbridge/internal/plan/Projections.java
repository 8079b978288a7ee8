package io.tensorbridge.internal.plan;

import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.Alias;
import org.apache.spark.sql.catalyst.expressions.Coalesce;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.GetStructField;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.expressions.objects.StaticInvoke;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.types.AbstractDataType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.Metadata;
import scala.Option;

/** Expressions over the attributes of a DataFrame's own plan, so that no name needs to be quoted or to be the only one. */
public final class Projections {

    private Projections() {}

    /** Returns the DataFrame with these columns in place of its own; nothing is computed. */
    public static Dataset<Row> project(Dataset<?> df, List<? extends NamedExpression> columns) {
        var dataset = (org.apache.spark.sql.classic.Dataset<?>) df;
        var plan = new Project(
                Scala.<NamedExpression>seq(columns), dataset.queryExecution().commandExecuted());
        return org.apache.spark.sql.classic.Dataset.ofRows(dataset.sparkSession(), plan);
    }

    /** Returns the expression as a column of its own, with this metadata and no other. */
    public static NamedExpression named(Expression value, String name, Metadata metadata) {
        return new Alias(
                value,
                name,
                NamedExpression.newExprId(),
                Scala.<String>none(),
                Option.apply(metadata),
                Scala.<String>none());
    }

    /**
     * Calls a public static method for each row, from Spark's generated code. A null argument makes a null without a call.
     *
     * @param type what the method returns, in Spark's terms; it may return null as well
     */
    public static Expression call(Class<?> owner, String method, DataType type, List<? extends Expression> arguments) {
        return new StaticInvoke(
                owner,
                type,
                method,
                Scala.<Expression>seq(arguments),
                Scala.<AbstractDataType>none(),
                /* propagateNull= */ true,
                /* returnNullable= */ true,
                /* isDeterministic= */ true,
                Option.empty());
    }

    public static Expression field(Expression struct, int ordinal) {
        return new GetStructField(struct, ordinal, Option.empty());
    }

    public static Expression firstNotNull(List<? extends Expression> values) {
        return new Coalesce(Scala.<Expression>seq(values));
    }
}
