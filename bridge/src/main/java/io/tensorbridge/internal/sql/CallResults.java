package io.tensorbridge.internal.sql;

import io.tensorbridge.internal.plan.Scala;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.CreateNamedStruct;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.GetStructField;
import org.apache.spark.sql.catalyst.expressions.Literal$;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;

/** The columns that calls have become. */
final class CallResults {

    private final List<Result> results = new ArrayList<>();

    private record Result(ProgramCall call, List<Attribute> columns) {

        /** Returns whether a call gives what this one gave. */
        @SuppressWarnings("ReferenceEquality") // one that gives other values each time is equal to none but itself
        boolean isOf(ProgramCall other) {
            return call == other || call.semanticEquals(other);
        }
    }

    void add(ProgramCall call, List<Attribute> columns) {
        results.add(new Result(call, columns));
    }

    boolean has(ProgramCall call) {
        return columnsOf(call).isPresent();
    }

    /** Returns the operator with columns in the place of calls. */
    LogicalPlan replaceIn(LogicalPlan node) {
        return node.transformExpressions(Scala.<Expression>where(this::replacement));
    }

    private Optional<Expression> replacement(Expression expression) {
        if (expression instanceof GetStructField field && field.child() instanceof ProgramCall call) {
            return columnsOf(call).map(columns -> columns.get(field.ordinal()));
        }
        return expression instanceof ProgramCall call
                ? columnsOf(call).map(columns -> valueOf(call, columns))
                : Optional.empty();
    }

    private static Expression valueOf(ProgramCall call, List<Attribute> columns) {
        if (!call.bound().isStruct()) {
            return columns.get(0);
        }
        List<Expression> fields = new ArrayList<>();
        for (int i = 0; i < columns.size(); i++) {
            fields.add(Literal$.MODULE$.apply(call.bound().results().get(i).name()));
            fields.add(columns.get(i));
        }
        return new CreateNamedStruct(Scala.seq(fields));
    }

    private Optional<List<Attribute>> columnsOf(ProgramCall call) {
        return results.stream()
                .filter(result -> result.isOf(call))
                .map(Result::columns)
                .findFirst();
    }
}
