package io.tensorbridge;

import io.tensorbridge.internal.plan.ProgramExec;
import io.tensorbridge.internal.run.TaskMetrics;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.execution.QueryExecution;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.execution.adaptive.AdaptiveSparkPlanExec;
import org.apache.spark.sql.execution.adaptive.QueryStageExec;
import scala.jdk.javaapi.CollectionConverters;

/**
 * What the operations of a query have counted, summed: the numbers that Spark's UI shows on their nodes.
 *
 * @param blocks runs of a program
 * @param rows rows that came out
 * @param rowsDropped rows left out for their nulls
 * @param rowsFailed rows that failed on their own, with a reason
 * @param sessionsLoaded sessions that had to be loaded
 * @param sessionLoadMillis how long that took
 * @param sessionsOnGpu how often a task used a session on a GPU; the others ran on the CPU
 * @param runNanos time inside TensorFlow's run
 * @param bytesAliased bytes that crossed between Arrow and TensorFlow without a copy, both ways
 * @param bytesCopied bytes copied, by reason: {@code rows}, {@code columns}, {@code dictionary}, {@code booleans} and
 *     {@code nulls} into blocks, {@code kept} beside them, and between Arrow and TensorFlow {@code misaligned},
 *     {@code program}, {@code string}, {@code half}, {@code padded}, {@code row_splits} and {@code grouped}
 * @param peakNativeBytes the sum over tasks of the most that each held at once
 */
public record RunMetrics(
        long blocks,
        long rows,
        long rowsDropped,
        long rowsFailed,
        long sessionsLoaded,
        long sessionLoadMillis,
        long sessionsOnGpu,
        long runNanos,
        long bytesAliased,
        Map<String, Long> bytesCopied,
        long peakNativeBytes) {

    /** Returns the counts of the last action that ran on this very DataFrame, such as {@code collectAsList()}. */
    public static RunMetrics of(Dataset<?> df) {
        if (!(df instanceof org.apache.spark.sql.classic.Dataset<?> classic)) {
            throw new UnsupportedOperationException(
                    "Cannot count over Spark Connect: expected a Dataset of the session's own process, found %s"
                            .formatted(df.getClass().getName()));
        }
        return of(classic.queryExecution());
    }

    /** Returns the counts of a query, as a {@code QueryExecutionListener} is handed it. */
    public static RunMetrics of(QueryExecution query) {
        List<TaskMetrics> all = new ArrayList<>();
        collect(query.executedPlan(), all);
        Map<String, Long> copied = new LinkedHashMap<>();
        all.forEach(metrics -> metrics.copied().forEach((reason, bytes) -> copied.merge(reason, bytes, Long::sum)));
        return new RunMetrics(
                sum(all, TaskMetrics.BLOCKS),
                sum(all, TaskMetrics.ROWS),
                sum(all, TaskMetrics.DROPPED),
                sum(all, TaskMetrics.FAILED),
                sum(all, TaskMetrics.SESSIONS),
                sum(all, TaskMetrics.LOAD),
                sum(all, TaskMetrics.ON_GPU),
                sum(all, TaskMetrics.RUN),
                sum(all, TaskMetrics.ALIASED),
                copied,
                sum(all, TaskMetrics.PEAK));
    }

    private static long sum(List<TaskMetrics> all, String key) {
        return all.stream().mapToLong(metrics -> metrics.value(key)).sum();
    }

    private static void collect(SparkPlan plan, List<TaskMetrics> into) {
        if (plan instanceof AdaptiveSparkPlanExec adaptive) {
            collect(adaptive.executedPlan(), into);
        } else if (plan instanceof QueryStageExec stage) {
            collect(stage.plan(), into);
        } else {
            if (plan instanceof ProgramExec<?> exec) {
                into.add(exec.taskMetrics());
            }
            CollectionConverters.asJava(plan.children()).forEach(child -> collect(child, into));
            CollectionConverters.asJava(plan.subqueries()).forEach(subquery -> collect(subquery, into));
        }
    }
}
