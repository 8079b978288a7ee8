package io.tensorbridge.internal.plan;

import io.tensorbridge.internal.bind.BoundProgram;
import java.util.List;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.ExpressionSet;
import org.apache.spark.sql.catalyst.expressions.ExpressionSet$;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Statistics;
import scala.Option;
import scala.collection.immutable.Seq;
import scala.math.BigInt;

/** The logical node of a reduction to one row. Public because Catalyst makes copies through its constructor. */
public final class ReduceNode extends ProgramNode<BoundProgram> {

    private final boolean checked;

    /** Creates the node; the attributes stand in the order of the program's feeds and fetches. */
    public ReduceNode(
            BoundProgram program, Seq<Attribute> fed, Seq<Attribute> produced, boolean checked, LogicalPlan child) {
        super(program, fed, produced, child);
        this.checked = checked;
    }

    boolean checked() {
        return checked;
    }

    @Override
    List<Object> elements() {
        return List.of(program(), fed(), produced(), checked, child());
    }

    @Override
    public LogicalPlan withNewChildInternal(LogicalPlan newChild) {
        return new ReduceNode(program(), fed(), produced(), checked, newChild);
    }

    @Override
    public Seq<Attribute> output() {
        return produced();
    }

    @Override
    public Option<Object> maxRows() {
        return Option.apply(1L);
    }

    @Override
    public Statistics stats() {
        long bytes = 8
                + Scala.list(produced()).stream()
                        .mapToLong(column -> column.dataType().defaultSize())
                        .sum();
        return new Statistics(
                BigInt.apply(bytes),
                Option.apply(BigInt.apply(1)),
                child().stats().attributeStats(),
                false);
    }

    @Override
    public ExpressionSet validConstraints() {
        return ExpressionSet$.MODULE$.apply(Scala.<Expression>none());
    }

    @Override
    public String nodeName() {
        return "Reduce";
    }
}
