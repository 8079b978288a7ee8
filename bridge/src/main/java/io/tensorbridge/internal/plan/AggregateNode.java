package io.tensorbridge.internal.plan;

import io.tensorbridge.internal.bind.BoundGroups;
import io.tensorbridge.internal.bind.BoundProgram;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.AttributeSet;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Statistics;
import org.apache.spark.sql.catalyst.util.UnsafeRowUtils;
import scala.Option;
import scala.collection.immutable.Seq;
import scala.math.BigInt;

/**
 * The logical node: one row for each group of its child's rows, its keys and what a reduction makes of it. Public because
 * Catalyst makes copies through its constructor.
 */
public final class AggregateNode extends ProgramNode<BoundProgram> {

    private final BoundGroups groups;
    private final Seq<Attribute> keys;

    /** Creates the node; the attributes stand in the order of the program's feeds and fetches. */
    public AggregateNode(
            BoundProgram program,
            BoundGroups groups,
            Seq<Attribute> keys,
            Seq<Attribute> fed,
            Seq<Attribute> produced,
            LogicalPlan child) {
        super(program, fed, produced, child);
        this.groups = groups;
        this.keys = keys;
    }

    BoundGroups groups() {
        return groups;
    }

    Seq<Attribute> keys() {
        return keys;
    }

    @Override
    List<Object> elements() {
        return List.of(program(), groups, keys, fed(), produced(), child());
    }

    @Override
    public LogicalPlan withNewChildInternal(LogicalPlan newChild) {
        return new AggregateNode(program(), groups, keys, fed(), produced(), newChild);
    }

    @Override
    public Seq<Attribute> output() {
        return Scala.concat(keys, produced());
    }

    /** The keys, but for strings of a collation: a group has one of them, and a filter might tell them apart. */
    @Override
    AttributeSet filterable() {
        List<Expression> filterable = new ArrayList<>();
        for (Attribute key : Scala.list(keys)) {
            if (UnsafeRowUtils.isBinaryStable(key.dataType())) {
                filterable.add(key);
            }
        }
        return AttributeSet.apply(Scala.<Expression>seq(filterable));
    }

    /** As many rows as there may be, of the size that they have: joins are planned by this. */
    @Override
    public Statistics stats() {
        Statistics below = child().stats();
        BigInteger rows = below.sizeInBytes().bigInteger().divide(BigInteger.valueOf(rowSize(child().output())));
        long size = rowSize(keys) + Math.max(program().limits().resultBytesPerRow(), rowSize(produced()));
        return new Statistics(
                new BigInt(rows.multiply(BigInteger.valueOf(size)).max(BigInteger.ONE)),
                Option.empty(),
                below.attributeStats(),
                below.isRuntime());
    }

    @Override
    public String nodeName() {
        return "Aggregate program";
    }
}
