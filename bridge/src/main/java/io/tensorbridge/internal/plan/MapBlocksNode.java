package io.tensorbridge.internal.plan;

import io.tensorbridge.internal.bind.BoundProgram;
import java.math.BigInteger;
import java.util.Objects;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.AttributeSet;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.ExpressionSet;
import org.apache.spark.sql.catalyst.expressions.ExpressionSet$;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Statistics;
import org.apache.spark.sql.catalyst.plans.logical.UnaryNode;
import scala.Option;
import scala.collection.immutable.IndexedSeq;
import scala.collection.immutable.Seq;
import scala.math.BigInt;

/** The logical node: a program over the rows of its child. Public because Catalyst makes copies through its constructor. */
public final class MapBlocksNode extends LogicalPlan implements UnaryNode {

    // The constructor's parameters are the product's elements, in order: Catalyst's makeCopy relies on it.

    private final BoundProgram program;
    private final Seq<Attribute> fed;
    private final Seq<Attribute> produced;
    private final LogicalPlan child;

    /** Creates the node; the attributes stand in the order of the program's feeds and fetches. */
    public MapBlocksNode(BoundProgram program, Seq<Attribute> fed, Seq<Attribute> produced, LogicalPlan child) {
        this.program = program;
        this.fed = fed;
        this.produced = produced;
        this.child = child;
    }

    BoundProgram program() {
        return program;
    }

    Seq<Attribute> fed() {
        return fed;
    }

    Seq<Attribute> produced() {
        return produced;
    }

    @Override
    public LogicalPlan child() {
        return child;
    }

    @Override
    public Seq<LogicalPlan> children() {
        return Scala.<LogicalPlan>one(child);
    }

    @Override
    public LogicalPlan withNewChildrenInternal(IndexedSeq<LogicalPlan> newChildren) {
        return withNewChildInternal(newChildren.head());
    }

    @Override
    public LogicalPlan withNewChildInternal(LogicalPlan newChild) {
        return new MapBlocksNode(program, fed, produced, newChild);
    }

    @Override
    public Seq<Attribute> output() {
        return program.trimmed() ? produced : Scala.concat(child.output(), produced);
    }

    @Override
    public AttributeSet producedAttributes() {
        return AttributeSet.apply(Scala.<Expression>concat(produced, Scala.<Expression>none()));
    }

    /** Counts the new columns in, whose arrays Spark would take for one value long: joins are planned by this. */
    @Override
    public Statistics stats() {
        Statistics below = child.stats();
        long rowSize = rowSize(child.output());
        long newColumns = Math.max(program.limits().resultBytesPerRow(), rowSize(produced));
        BigInteger rows = below.sizeInBytes().bigInteger().divide(BigInteger.valueOf(rowSize));
        BigInteger size = rows.multiply(BigInteger.valueOf(newColumns));
        if (!program.trimmed()) {
            size = size.add(below.sizeInBytes().bigInteger());
        }
        return new Statistics(
                new BigInt(size.max(BigInteger.ONE)),
                program.trimmed() ? Option.empty() : below.rowCount(),
                below.attributeStats(),
                below.isRuntime());
    }

    private static long rowSize(Seq<Attribute> columns) {
        return 8
                + Scala.list(columns).stream()
                        .mapToLong(column -> column.dataType().defaultSize())
                        .sum();
    }

    @Override
    public ExpressionSet validConstraints() {
        // trimmed, the child's constraints speak of columns that are gone
        return program.trimmed()
                ? ExpressionSet$.MODULE$.apply(Scala.<Expression>none())
                : UnaryNode.super.validConstraints();
    }

    @Override
    public String nodeName() {
        return "MapBlocks";
    }

    @Override
    public int productArity() {
        return 4;
    }

    @Override
    public Object productElement(int index) {
        return switch (index) {
            case 0 -> program;
            case 1 -> fed;
            case 2 -> produced;
            case 3 -> child;
            default -> throw new IndexOutOfBoundsException(index);
        };
    }

    @Override
    public boolean canEqual(Object other) {
        return other instanceof MapBlocksNode;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof MapBlocksNode node
                && program.equals(node.program)
                && fed.equals(node.fed)
                && produced.equals(node.produced)
                && child.equals(node.child);
    }

    @Override
    public int hashCode() {
        return Objects.hash(program, fed, produced, child);
    }
}
