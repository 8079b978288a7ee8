package io.tensorbridge.internal.plan;

import io.tensorbridge.internal.bind.BoundProgram;
import io.tensorbridge.internal.run.FedColumns;
import io.tensorbridge.internal.run.MapBlocksTask;
import io.tensorbridge.internal.run.RunnerSpec;
import io.tensorbridge.internal.run.ShippedProgram;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.SortOrder;
import org.apache.spark.sql.catalyst.plans.physical.Partitioning;
import org.apache.spark.sql.catalyst.plans.physical.UnknownPartitioning;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import scala.collection.immutable.Seq;

/** The physical node of the map operations. Public because Catalyst makes copies through its constructor. */
public final class MapBlocksExec extends ProgramExec {

    private final boolean trimmed; // asked for where the program is not

    /** Creates the node; the attributes stand in the order of the program's feeds and fetches. */
    public MapBlocksExec(BoundProgram program, Seq<Attribute> fed, Seq<Attribute> produced, SparkPlan child) {
        super(program, fed, produced, child);
        this.trimmed = program.trimmed();
    }

    @Override
    public SparkPlan withNewChildInternal(SparkPlan newChild) {
        return new MapBlocksExec(program(), fed(), produced(), newChild);
    }

    @Override
    public Seq<Attribute> output() {
        return trimmed ? produced() : Scala.concat(child().output(), produced());
    }

    @Override
    public Partitioning outputPartitioning() {
        Partitioning partitioning = child().outputPartitioning();
        return trimmed ? new UnknownPartitioning(partitioning.numPartitions()) : partitioning;
    }

    @Override
    public Seq<SortOrder> outputOrdering() {
        return trimmed ? Scala.<SortOrder>none() : child().outputOrdering();
    }

    @Override
    public RDD<ColumnarBatch> doExecuteColumnar() {
        ChildPartitions partitions = ChildPartitions.of(child());
        return partitions.map(new MapBlocksTask(
                ShippedProgram.of(sparkContext(), program()),
                RunnerSpec.of(program(), FedColumns.of(program().feeds(), Scala.list(fed()), partitions.output())),
                program().limits(),
                trimmed,
                taskMetrics()));
    }

    @Override
    public String nodeName() {
        return "MapBlocks";
    }
}
