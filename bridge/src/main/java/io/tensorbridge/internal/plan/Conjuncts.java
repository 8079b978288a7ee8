package io.tensorbridge.internal.plan;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.catalyst.expressions.And;
import org.apache.spark.sql.catalyst.expressions.Expression;

/** Conditions as lists of what must hold. */
public final class Conjuncts {

    private Conjuncts() {}

    /** Returns the parts of a condition, all of which must hold. */
    public static List<Expression> of(Expression condition) {
        if (condition instanceof And and) {
            List<Expression> parts = new ArrayList<>(of(and.left()));
            parts.addAll(of(and.right()));
            return parts;
        }
        return List.of(condition);
    }

    /** Returns the condition that all of some hold, which are at least one. */
    public static Expression all(List<Expression> conditions) {
        return conditions.stream().reduce(And::new).orElseThrow();
    }
}
