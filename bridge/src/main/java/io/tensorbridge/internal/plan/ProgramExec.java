package io.tensorbridge.internal.plan;

import io.tensorbridge.internal.run.TaskMetrics;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.AttributeSet;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.execution.UnaryExecNode;
import org.apache.spark.sql.execution.metric.SQLMetric;
import org.jspecify.annotations.Nullable;
import scala.collection.immutable.IndexedSeq;
import scala.collection.immutable.Map;
import scala.collection.immutable.Seq;

/**
 * What the physical nodes of all operations share: they take rows or columnar batches, whichever the child has, and give
 * columnar batches.
 *
 * <p>A subclass has one public constructor, whose parameters are the {@link #elements}, in order: Catalyst makes its copies
 * through it.
 *
 * @param <P> what is run, bound
 */
public abstract class ProgramExec<P> extends SparkPlan implements UnaryExecNode {

    // Some of Spark's tasks carry the plan along, as that of a subquery, and ask it for its output and its elements;
    // the
    // program is shipped apart, and null there.
    private final transient P program;

    private final Seq<Attribute> fed;
    private final Seq<Attribute> produced;
    private final SparkPlan child;
    private transient @Nullable TaskMetrics metrics; // guarded by this; a copy of the node counts for itself

    ProgramExec(P program, Seq<Attribute> fed, Seq<Attribute> produced, SparkPlan child) {
        this.program = program;
        this.fed = fed;
        this.produced = produced;
        this.child = child;
    }

    final P program() {
        return program;
    }

    /** Returns the attribute for each feed, program by program. */
    final Seq<Attribute> fed() {
        return fed;
    }

    /** Returns the attribute for each fetch, program by program. */
    final Seq<Attribute> produced() {
        return produced;
    }

    /** Returns what the node is made of, in a list that takes nulls; two nodes of a class are equal if this is. */
    List<Object> elements() {
        return Arrays.asList(program, fed, produced, child);
    }

    /** Returns what the tasks counted so far. */
    public final synchronized TaskMetrics taskMetrics() {
        if (metrics == null) {
            metrics = TaskMetrics.register(sparkContext());
        }
        return metrics;
    }

    @Override
    public final Map<String, SQLMetric> metrics() {
        return taskMetrics().byKey();
    }

    @Override
    public final SparkPlan child() {
        return child;
    }

    // What the traits of Scala have already, class members take precedence of in Java.

    @Override
    public final Seq<SparkPlan> children() {
        return Scala.<SparkPlan>one(child);
    }

    @Override
    public final SparkPlan withNewChildrenInternal(IndexedSeq<SparkPlan> newChildren) {
        return withNewChildInternal(newChildren.head());
    }

    @Override
    public final AttributeSet producedAttributes() {
        return AttributeSet.apply(Scala.<Expression>concat(produced, Scala.<Expression>none()));
    }

    @Override
    public final boolean supportsColumnar() {
        return true;
    }

    @Override
    public final RDD<InternalRow> doExecute() {
        throw new UnsupportedOperationException(nodeName() + " gives columnar batches only");
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
        return other instanceof ProgramExec<?> node
                && getClass() == node.getClass()
                && elements().equals(node.elements());
    }

    @Override
    public final int hashCode() {
        return elements().hashCode();
    }
}
