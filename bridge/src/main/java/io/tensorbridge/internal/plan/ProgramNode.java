package io.tensorbridge.internal.plan;

import java.util.List;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.AttributeSet;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.ExpressionSet;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.UnaryNode;
import scala.collection.immutable.IndexedSeq;
import scala.collection.immutable.Seq;

/**
 * What the logical nodes of all operations share: a program, or several, over the rows of one child.
 *
 * <p>A subclass has one public constructor, whose parameters are the {@link #elements}, in order: Catalyst makes its copies
 * through it.
 *
 * @param <P> what is run, bound
 */
abstract class ProgramNode<P> extends LogicalPlan implements UnaryNode {

    private final P program;
    private final Seq<Attribute> fed;
    private final Seq<Attribute> produced;
    private final LogicalPlan child;

    ProgramNode(P program, Seq<Attribute> fed, Seq<Attribute> produced, LogicalPlan child) {
        this.program = program;
        this.fed = fed;
        this.produced = produced;
        this.child = child;
    }

    public final P program() {
        return program;
    }

    /** Returns the attribute for each feed, program by program. */
    public final Seq<Attribute> fed() {
        return fed;
    }

    /** Returns the attribute for each fetch, program by program. */
    public final Seq<Attribute> produced() {
        return produced;
    }

    /** Returns what the node is made of; two nodes of a class are equal if this is. */
    List<Object> elements() {
        return List.of(program, fed, produced, child);
    }

    /** Returns the columns that a filter may ask of below this node as well as above it: none, if nothing else is said. */
    AttributeSet filterable() {
        return AttributeSet.apply(Scala.<Expression>none());
    }

    /** Returns the bytes that Spark takes a row of these columns to have. */
    static long rowSize(Seq<Attribute> columns) {
        return 8
                + Scala.list(columns).stream()
                        .mapToLong(column -> column.dataType().defaultSize())
                        .sum();
    }

    @Override
    public final LogicalPlan child() {
        return child;
    }

    // What the traits of Scala have already, class members take precedence of in Java.

    @Override
    public final Seq<LogicalPlan> children() {
        return Scala.<LogicalPlan>one(child);
    }

    @Override
    public final LogicalPlan withNewChildrenInternal(IndexedSeq<LogicalPlan> newChildren) {
        return withNewChildInternal(newChildren.head());
    }

    @Override
    public final AttributeSet producedAttributes() {
        return AttributeSet.apply(Scala.<Expression>concat(produced, Scala.<Expression>none()));
    }

    @Override
    public ExpressionSet validConstraints() {
        return UnaryNode.super.validConstraints();
    }

    @Override
    public final int productArity() {
        return elements().size();
    }

    @Override
    public final Object productElement(int index) {
        return elements().get(index);
    }

    @Override
    public final boolean canEqual(Object other) {
        return getClass().isInstance(other);
    }

    @Override
    public final boolean equals(Object other) {
        return other instanceof ProgramNode<?> node
                && getClass() == node.getClass()
                && elements().equals(node.elements());
    }

    @Override
    public final int hashCode() {
        return elements().hashCode();
    }
}
