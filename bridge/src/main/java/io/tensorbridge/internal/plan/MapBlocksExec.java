package io.tensorbridge.internal.plan;

import io.tensorbridge.internal.bind.BoundFetch;
import io.tensorbridge.internal.bind.BoundProgram;
import io.tensorbridge.internal.bind.BoundPrograms;
import io.tensorbridge.internal.run.MapBlocksTask;
import io.tensorbridge.internal.run.ProgramRun;
import io.tensorbridge.internal.run.RunnerSpec;
import io.tensorbridge.internal.run.SharedColumns;
import io.tensorbridge.internal.run.ShippedProgram;
import io.tensorbridge.tensor.ProgramFacts;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.SortOrder;
import org.apache.spark.sql.catalyst.plans.physical.Partitioning;
import org.apache.spark.sql.catalyst.plans.physical.UnknownPartitioning;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import scala.collection.immutable.Seq;

/** The physical node of the map operations. Public because Catalyst makes copies through its constructor. */
public final class MapBlocksExec extends ProgramExec<BoundPrograms> {

    private final boolean trimmed; // asked for where the program is not

    /** Creates the node; the attributes stand in the order of the programs' feeds and fetches. */
    public MapBlocksExec(BoundPrograms program, Seq<Attribute> fed, Seq<Attribute> produced, SparkPlan child) {
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
        List<BoundProgram> programs = program().all();
        SharedColumns columns = SharedColumns.of(
                programs.stream().map(BoundProgram::feeds).toList(), Scala.list(fed()), partitions.output());
        List<ProgramRun> runs = new ArrayList<>();
        for (int i = 0; i < programs.size(); i++) {
            BoundProgram one = programs.get(i);
            runs.add(new ProgramRun(
                    ShippedProgram.of(sparkContext(), one),
                    RunnerSpec.of(one, columns.ofPrograms().get(i)),
                    columns.places().get(i)));
        }
        return partitions.map(
                MapBlocksTask.of(runs, columns.all(), program().limits(), trimmed, taskMetrics()),
                programs.stream().anyMatch(MapBlocksExec::isRandom)
                        ? PartitionsRdd.Results.RANDOM
                        : PartitionsRdd.Results.SAME);
    }

    private static boolean isRandom(BoundProgram program) {
        return ProgramFacts.random(
                        program.program(),
                        program.fetches().stream().map(BoundFetch::output).toList())
                .isPresent();
    }

    @Override
    public String nodeName() {
        return "MapBlocks";
    }
}
