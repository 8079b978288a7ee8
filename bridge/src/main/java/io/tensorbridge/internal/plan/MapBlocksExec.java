package io.tensorbridge.internal.plan;

import io.tensorbridge.internal.bind.BoundProgram;
import io.tensorbridge.internal.run.FedColumns;
import io.tensorbridge.internal.run.MapBlocksTask;
import io.tensorbridge.internal.run.ShippedProgram;
import io.tensorbridge.internal.run.TaskMetrics;
import java.util.Objects;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.AttributeSet;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.SortOrder;
import org.apache.spark.sql.catalyst.plans.physical.Partitioning;
import org.apache.spark.sql.catalyst.plans.physical.UnknownPartitioning;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.execution.UnaryExecNode;
import org.apache.spark.sql.execution.metric.SQLMetric;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.jspecify.annotations.Nullable;
import scala.collection.immutable.IndexedSeq;
import scala.collection.immutable.Map;
import scala.collection.immutable.Seq;

/**
 * The physical node: takes rows or columnar batches, whichever its child has, and gives columnar batches. Public because
 * Catalyst makes copies through its constructor.
 */
public final class MapBlocksExec extends SparkPlan implements UnaryExecNode {

    // Some of Spark's tasks carry the plan along and ask it for its output; the program is shipped apart.
    private final transient BoundProgram program;

    private final boolean trimmed;
    private final Seq<Attribute> fed;
    private final Seq<Attribute> produced;
    private final SparkPlan child;
    private transient @Nullable TaskMetrics metrics; // guarded by this; a copy of the node counts for itself

    /** Creates the node; the attributes stand in the order of the program's feeds and fetches. */
    public MapBlocksExec(BoundProgram program, Seq<Attribute> fed, Seq<Attribute> produced, SparkPlan child) {
        this.program = program;
        this.trimmed = program.trimmed();
        this.fed = fed;
        this.produced = produced;
        this.child = child;
    }

    @Override
    public SparkPlan child() {
        return child;
    }

    @Override
    public Seq<SparkPlan> children() {
        return Scala.<SparkPlan>one(child);
    }

    @Override
    public SparkPlan withNewChildrenInternal(IndexedSeq<SparkPlan> newChildren) {
        return withNewChildInternal(newChildren.head());
    }

    @Override
    public SparkPlan withNewChildInternal(SparkPlan newChild) {
        return new MapBlocksExec(program, fed, produced, newChild);
    }

    @Override
    public Seq<Attribute> output() {
        return trimmed ? produced : Scala.concat(child.output(), produced);
    }

    @Override
    public AttributeSet producedAttributes() {
        return AttributeSet.apply(Scala.<Expression>concat(produced, Scala.<Expression>none()));
    }

    @Override
    public boolean supportsColumnar() {
        return true;
    }

    @Override
    public Partitioning outputPartitioning() {
        Partitioning partitioning = child.outputPartitioning();
        return trimmed ? new UnknownPartitioning(partitioning.numPartitions()) : partitioning;
    }

    @Override
    public Seq<SortOrder> outputOrdering() {
        return trimmed ? Scala.<SortOrder>none() : child.outputOrdering();
    }

    @Override
    public Map<String, SQLMetric> metrics() {
        return taskMetrics().byKey();
    }

    /** Returns what the tasks counted so far. */
    public synchronized TaskMetrics taskMetrics() {
        if (metrics == null) {
            metrics = TaskMetrics.register(sparkContext());
        }
        return metrics;
    }

    @Override
    public RDD<InternalRow> doExecute() {
        throw new UnsupportedOperationException("MapBlocks gives columnar batches only");
    }

    @Override
    public RDD<ColumnarBatch> doExecuteColumnar() {
        ChildPartitions partitions = ChildPartitions.of(child);
        return partitions.map(new MapBlocksTask(
                ShippedProgram.of(sparkContext(), program.program()),
                FedColumns.of(program.feeds(), Scala.list(fed), partitions.output()),
                program.fetches(),
                program.limits(),
                trimmed,
                taskMetrics()));
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
        return other instanceof MapBlocksExec;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof MapBlocksExec node
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
