package io.tensorbridge.internal.plan;

import io.tensorbridge.internal.bind.BoundPrograms;
import java.math.BigInteger;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.AttributeSet;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.ExpressionSet;
import org.apache.spark.sql.catalyst.expressions.ExpressionSet$;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Statistics;
import scala.Option;
import scala.collection.immutable.Seq;
import scala.math.BigInt;

/** The logical node: one or more programs over the rows of its child. Public because Catalyst makes copies through its constructor. */
public final class MapBlocksNode extends ProgramNode<BoundPrograms> {

    /** Creates the node; the attributes stand in the order of the programs' feeds and fetches. */
    public MapBlocksNode(BoundPrograms program, Seq<Attribute> fed, Seq<Attribute> produced, LogicalPlan child) {
        super(program, fed, produced, child);
    }

    @Override
    public LogicalPlan withNewChildInternal(LogicalPlan newChild) {
        return new MapBlocksNode(program(), fed(), produced(), newChild);
    }

    @Override
    public Seq<Attribute> output() {
        return program().trimmed() ? produced() : Scala.concat(child().output(), produced());
    }

    /** Returns whether the child's columns are not among those of the node. */
    public boolean isTrimmed() {
        return program().trimmed();
    }

    @Override
    AttributeSet filterable() {
        return program().trimmed() ? super.filterable() : child().outputSet();
    }

    /** Counts the new columns in, whose arrays Spark would take for one value long: joins are planned by this. */
    @Override
    public Statistics stats() {
        Statistics below = child().stats();
        long rowSize = rowSize(child().output());
        long newColumns = Math.max(program().limits().resultBytesPerRow(), rowSize(produced()));
        BigInteger rows = below.sizeInBytes().bigInteger().divide(BigInteger.valueOf(rowSize));
        BigInteger size = rows.multiply(BigInteger.valueOf(newColumns));
        if (!program().trimmed()) {
            size = size.add(below.sizeInBytes().bigInteger());
        }
        return new Statistics(
                new BigInt(size.max(BigInteger.ONE)),
                program().trimmed() ? Option.empty() : below.rowCount(),
                below.attributeStats(),
                below.isRuntime());
    }

    @Override
    public ExpressionSet validConstraints() {
        // trimmed, the child's constraints speak of columns that are gone
        return program().trimmed() ? ExpressionSet$.MODULE$.apply(Scala.<Expression>none()) : super.validConstraints();
    }

    @Override
    public String nodeName() {
        return "MapBlocks";
    }
}
