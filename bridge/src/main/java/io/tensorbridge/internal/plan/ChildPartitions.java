package io.tensorbridge.internal.plan;

import io.tensorbridge.internal.run.PartitionTask;
import java.util.List;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.types.DataTypeUtils;
import org.apache.spark.sql.execution.RowToColumnarExec;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.types.StructType;

/**
 * What a columnar node reads: the batches of its child, or rows.
 *
 * <p>Being columnar, a node finds rows behind a generic conversion to columns. The rows themselves serve better: fed cells
 * are written once, to where they are wanted.
 */
final class ChildPartitions {

    private final SparkPlan plan;
    private final boolean rows;

    private ChildPartitions(SparkPlan plan, boolean rows) {
        this.plan = plan;
        this.rows = rows;
    }

    static ChildPartitions of(SparkPlan child) {
        return child instanceof RowToColumnarExec conversion
                ? new ChildPartitions(conversion.child(), /* rows= */ true)
                : new ChildPartitions(child, /* rows= */ false);
    }

    /** Returns the columns of what is read. */
    List<Attribute> output() {
        return Scala.list(plan.output());
    }

    <T> RDD<T> map(PartitionTask<T> task) {
        if (rows) {
            StructType schema = DataTypeUtils.fromAttributes(plan.output());
            return plan.execute()
                    .toJavaRDD()
                    .mapPartitions(partition -> task.overRows(partition, schema))
                    .rdd();
        }
        return plan.executeColumnar()
                .toJavaRDD()
                .mapPartitions(task::overBatches)
                .rdd();
    }
}
