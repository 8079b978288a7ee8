package io.tensorbridge.internal.plan;

import io.tensorbridge.arrow.GroupedBlocks;
import io.tensorbridge.arrow.KeyColumn;
import io.tensorbridge.internal.bind.BoundFeed;
import io.tensorbridge.internal.bind.BoundGroups;
import io.tensorbridge.internal.bind.BoundProgram;
import io.tensorbridge.internal.run.FedColumns;
import io.tensorbridge.internal.run.GroupTask;
import io.tensorbridge.internal.run.ShippedProgram;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import scala.collection.immutable.Seq;

/** What the two physical nodes of an aggregation share: they reduce groups, and give their keys and what came of them. */
abstract class AggregateExec extends ProgramExec<BoundProgram> {

    private final transient BoundGroups groups;
    private final Seq<Attribute> keys;

    AggregateExec(
            BoundProgram program,
            BoundGroups groups,
            Seq<Attribute> keys,
            Seq<Attribute> fed,
            Seq<Attribute> produced,
            SparkPlan child) {
        super(program, fed, produced, child);
        this.groups = groups;
        this.keys = keys;
    }

    final BoundGroups groups() {
        return groups;
    }

    final Seq<Attribute> keys() {
        return keys;
    }

    @Override
    final List<Object> elements() {
        return Arrays.asList(program(), groups, keys, fed(), produced(), child());
    }

    @Override
    public final Seq<Attribute> output() {
        return Scala.concat(keys, produced());
    }

    /** Returns what the child gives. */
    abstract ChildPartitions partitions();

    /** Returns how its rows come. */
    abstract GroupedBlocks.Order order();

    /** Returns how the program's inputs are fed here. */
    abstract List<BoundFeed> feeds();

    @Override
    public final RDD<ColumnarBatch> doExecuteColumnar() {
        ChildPartitions partitions = partitions();
        var task = new GroupTask(
                ShippedProgram.of(sparkContext(), program()),
                groups.form(),
                Scala.list(keys).stream()
                        .map(key -> new KeyColumn(FedColumns.ordinalOf(key, partitions.output()), key.dataType()))
                        .toList(),
                order(),
                FedColumns.each(feeds(), Scala.list(fed()), partitions.output()),
                program().fetches(),
                groups.limits(),
                taskMetrics());
        return partitions.map(task, PartitionsRdd.Results.SAME);
    }
}
