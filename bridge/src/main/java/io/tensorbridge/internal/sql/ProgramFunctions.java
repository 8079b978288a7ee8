package io.tensorbridge.internal.sql;

import io.tensorbridge.internal.plan.OperationPlanner;
import io.tensorbridge.internal.plan.Scala;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.GetStructField;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.expressions.NamedLambdaVariable;
import org.apache.spark.sql.catalyst.util.package$;
import org.apache.spark.sql.classic.SparkSession;
import org.apache.spark.sql.types.Metadata;
import scala.collection.immutable.Seq;
import scala.runtime.AbstractFunction1;

/** Makes programs functions of a session. */
public final class ProgramFunctions {

    private ProgramFunctions() {}

    /**
     * An argument of a call.
     *
     * @param expression the argument, resolved
     * @param sql how it is written in SQL
     * @param metadata what is known of its cells
     */
    public record Argument(Expression expression, String sql, Metadata metadata) {

        private static Argument of(Expression expression) {
            return new Argument(expression, sqlOf(expression), metadataOf(expression));
        }

        /** Returns whether the argument is a variable of a lambda function, or made of one. */
        public boolean isOfLambda() {
            return expression.exists(part -> part instanceof NamedLambdaVariable);
        }
    }

    /**
     * Makes a function of a session, in the place of one of the same name.
     *
     * @param binder binds a call to its arguments, when a query is analysed
     */
    public static void register(SparkSession session, String name, Function<List<Argument>, BoundCall> binder) {
        OperationPlanner.install(session, List.of(LiftProgramCalls.INSTANCE));
        session.sessionState().functionRegistry().createOrReplaceTempFunction(name, new Builder(binder), "java_udf");
    }

    /** A named class, since Spark asks for its name. */
    private static final class Builder extends AbstractFunction1<Seq<Expression>, Expression> {

        private final Function<List<Argument>, BoundCall> binder;

        Builder(Function<List<Argument>, BoundCall> binder) {
            this.binder = binder;
        }

        @Override
        public Expression apply(Seq<Expression> arguments) {
            return new ProgramCall(
                    binder.apply(
                            Scala.list(arguments).stream().map(Argument::of).toList()),
                    arguments);
        }
    }

    /** Returns how an expression is written, as Spark names columns. */
    static String sqlOf(Expression expression) {
        return package$.MODULE$.toPrettySQL(expression, package$.MODULE$.toPrettySQL$default$2());
    }

    private static Metadata metadataOf(Expression expression) {
        if (expression instanceof NamedExpression named) {
            return named.metadata();
        }
        if (expression instanceof GetStructField field) {
            return field.metadata();
        }
        return Optional.of(expression)
                .filter(ProgramCall.class::isInstance)
                .map(call -> ((ProgramCall) call).bound())
                .filter(bound -> !bound.isStruct())
                .map(bound -> bound.results().get(0).metadata())
                .orElseGet(Metadata::empty);
    }
}
