package io.tensorbridge.internal.sql;

import io.tensorbridge.internal.plan.Scala;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.python.PythonEvalType;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.expressions.PythonUDF;
import scala.collection.immutable.IndexedSeq;
import scala.collection.immutable.Seq;

/**
 * A call of a program in an expression. No row can be asked for it: {@link LiftProgramCalls} puts it into the plan.
 *
 * <p>To Spark's optimizer it is a function of Python, which runs apart as well: rules that evaluate expressions on the
 * driver, such as those that choose partitions by a filter, leave these alone. It is of no kind that Spark itself would
 * run. Public because Catalyst makes copies through its constructor.
 */
public final class ProgramCall extends PythonUDF {

    private static final long serialVersionUID = 1;

    private final transient BoundCall bound; // for the driver alone

    /** Creates a call with arguments of the types that the program is bound to. */
    public ProgramCall(BoundCall bound, Seq<Expression> children) {
        super(
                bound.function(),
                /* func= */ null,
                bound.dataType(),
                children,
                PythonEvalType.NON_UDF(),
                bound.deterministic(),
                NamedExpression.newExprId());
        this.bound = bound;
    }

    BoundCall bound() {
        return bound;
    }

    List<Expression> arguments() {
        return Scala.list(children());
    }

    /** Returns false: a null is filled for the program, or an error. */
    @Override
    public boolean nullable() {
        return false;
    }

    @Override
    public Expression canonicalized() {
        List<Expression> canonical = new ArrayList<>();
        for (Expression argument : arguments()) {
            canonical.add(argument.canonicalized());
        }
        return new ProgramCall(bound, Scala.seq(canonical));
    }

    @Override
    public ProgramCall withNewChildrenInternal(IndexedSeq<Expression> newChildren) {
        return new ProgramCall(bound, newChildren);
    }

    @Override
    public String toString() {
        List<String> arguments = new ArrayList<>();
        for (Expression argument : arguments()) {
            arguments.add(argument.toString());
        }
        return "%s(%s)".formatted(name(), String.join(", ", arguments));
    }

    @Override
    public String productPrefix() {
        return "ProgramCall";
    }

    @Override
    public int productArity() {
        return 2;
    }

    @Override
    public Object productElement(int index) {
        return index == 0 ? bound : children();
    }

    @Override
    public String productElementName(int index) {
        return index == 0 ? "bound" : "children";
    }

    @Override
    public boolean canEqual(Object other) {
        return other instanceof ProgramCall;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ProgramCall call
                && bound.equals(call.bound)
                && children().equals(call.children());
    }

    @Override
    public int hashCode() {
        return 31 * bound.hashCode() + children().hashCode();
    }
}
