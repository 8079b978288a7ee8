package io.tensorbridge.internal.plan;

import io.tensorbridge.internal.run.PartitionTask;
import java.util.List;
import java.util.Optional;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.types.DataTypeUtils;
import org.apache.spark.sql.execution.RowToColumnarExec;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.vectorized.ColumnarBatch;

/**
 * What a columnar node reads: the batches of its child, or rows.
 *
 * <p>Being columnar, a node finds rows behind a generic conversion to columns. The rows themselves serve better: fed cells
 * are written once, to where they are wanted.
 */
final class ChildPartitions {

    private enum Form {
        ROWS,
        BATCHES,
        /** Rows, but in columns if they are made by generated code. */
        ROWS_OR_STAGE
    }

    private final SparkPlan plan;
    private final Form form;

    private ChildPartitions(SparkPlan plan, Form form) {
        this.plan = plan;
        this.form = form;
    }

    static ChildPartitions of(SparkPlan child) {
        return child instanceof RowToColumnarExec conversion
                ? new ChildPartitions(conversion.child(), Form.ROWS)
                : new ChildPartitions(child, Form.BATCHES);
    }

    /** As {@link #of}, but generated code gives columns instead of rows where it can; for blocks that take many batches. */
    static ChildPartitions inColumns(SparkPlan child) {
        return child instanceof RowToColumnarExec conversion
                ? new ChildPartitions(conversion.child(), Form.ROWS_OR_STAGE)
                : new ChildPartitions(child, Form.BATCHES);
    }

    /** Returns the columns of what is read. */
    List<Attribute> output() {
        return Scala.list(plan.output());
    }

    /** Returns what a task makes of each partition. */
    <T> RDD<T> map(PartitionTask<T> task, PartitionsRdd.Results results) {
        Optional<RDD<ColumnarBatch>> batches = switch (form) {
            case ROWS -> Optional.empty();
            case BATCHES -> Optional.of(plan.executeColumnar());
            case ROWS_OR_STAGE -> StageToColumnsExec.batchesOf(plan);
        };
        return batches.isPresent()
                ? PartitionsRdd.ofBatches(batches.get(), task, results)
                : PartitionsRdd.ofRows(plan.execute(), DataTypeUtils.fromAttributes(plan.output()), task, results);
    }
}
