package io.tensorbridge.internal.plan;

import io.tensorbridge.internal.bind.BoundFeed;
import io.tensorbridge.internal.bind.BoundProgram;
import io.tensorbridge.internal.run.FedColumns;
import io.tensorbridge.internal.run.ReduceTask;
import io.tensorbridge.internal.run.ReduceTree;
import io.tensorbridge.internal.run.RunnerSpec;
import io.tensorbridge.internal.run.ShippedProgram;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.plans.physical.Partitioning;
import org.apache.spark.sql.catalyst.plans.physical.SinglePartition$;
import org.apache.spark.sql.catalyst.types.DataTypeUtils;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import scala.collection.immutable.Seq;

/** The physical node of a reduction to one row. Public because Catalyst makes copies through its constructor. */
public final class ReduceExec extends ProgramExec<BoundProgram> {

    private final boolean checked;

    /** Creates the node; the attributes stand in the order of the program's feeds and fetches. */
    public ReduceExec(
            BoundProgram program, Seq<Attribute> fed, Seq<Attribute> produced, boolean checked, SparkPlan child) {
        super(program, fed, produced, child);
        this.checked = checked;
    }

    @Override
    List<Object> elements() {
        return Arrays.asList(program(), fed(), produced(), checked, child());
    }

    @Override
    public SparkPlan withNewChildInternal(SparkPlan newChild) {
        return new ReduceExec(program(), fed(), produced(), checked, newChild);
    }

    @Override
    public Seq<Attribute> output() {
        return produced();
    }

    @Override
    public Partitioning outputPartitioning() {
        return SinglePartition$.MODULE$;
    }

    @Override
    public RDD<ColumnarBatch> doExecuteColumnar() {
        ChildPartitions partitions = ChildPartitions.of(child());
        ShippedProgram shipped = ShippedProgram.of(sparkContext(), program());
        List<Attribute> results = Scala.list(produced());
        List<BoundFeed> again = new ArrayList<>(); // there is one feed for each fetch, in the same order
        for (int i = 0; i < results.size(); i++) {
            again.add(program()
                    .feeds()
                    .get(i)
                    .fromOutput(program().fetches().get(i), results.get(i).dataType()));
        }
        var task = new ReduceTask(
                shipped,
                RunnerSpec.of(program(), FedColumns.of(program().feeds(), Scala.list(fed()), partitions.output())),
                RunnerSpec.of(program(), FedColumns.of(again, results, results)),
                DataTypeUtils.fromAttributes(produced()),
                program().limits(),
                checked,
                taskMetrics());
        return ReduceTree.toOneRow(
                        partitions.map(task, PartitionsRdd.Results.SAME).toJavaRDD(), task)
                .rdd();
    }

    @Override
    public String nodeName() {
        return "Reduce";
    }
}
