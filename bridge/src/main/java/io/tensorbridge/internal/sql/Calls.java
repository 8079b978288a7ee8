package io.tensorbridge.internal.sql;

import io.tensorbridge.internal.plan.Scala;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.trees.TreePattern;

/** Finds calls in expressions. */
final class Calls {

    private Calls() {}

    static boolean areIn(LogicalPlan node) {
        return Scala.list(node.expressions()).stream().anyMatch(Calls::areIn);
    }

    static boolean areIn(Expression expression) {
        return mayBeIn(expression)
                && (expression instanceof ProgramCall
                        || Scala.list(expression.children()).stream().anyMatch(Calls::areIn));
    }

    /** Returns the calls in an operator's expressions whose arguments have no calls in them, each as often as it is there. */
    static List<ProgramCall> innermost(LogicalPlan node) {
        List<ProgramCall> found = new ArrayList<>();
        Scala.list(node.expressions()).forEach(expression -> addInnermost(expression, found));
        return found;
    }

    private static void addInnermost(Expression expression, List<ProgramCall> found) {
        if (!mayBeIn(expression)) {
            return;
        }
        if (expression instanceof ProgramCall call && call.arguments().stream().noneMatch(Calls::areIn)) {
            found.add(call);
        } else {
            Scala.list(expression.children()).forEach(child -> addInnermost(child, found));
        }
    }

    private static boolean mayBeIn(Expression expression) {
        return expression.containsPattern(TreePattern.PYTHON_UDF());
    }
}
