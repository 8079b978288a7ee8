package io.tensorbridge.benchmarks;

import io.tensorbridge.RunMetrics;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.QueryExecution;
import org.apache.spark.sql.util.QueryExecutionListener;

/** What an action counted that writes, and so has a query of its own beside the DataFrame's. */
final class Counts {

    private final SparkSession spark;

    Counts(SparkSession spark) {
        this.spark = spark;
    }

    /** Runs one action, and returns its counts. */
    RunMetrics of(Runnable action) {
        BlockingQueue<RunMetrics> counted = new LinkedBlockingQueue<>();
        var listener = new QueryExecutionListener() {
            @Override
            public void onSuccess(String function, QueryExecution query, long nanos) {
                counted.add(RunMetrics.of(query));
            }

            @Override
            public void onFailure(String function, QueryExecution query, Exception failure) {
                // the action throws it
            }
        };
        spark.listenerManager().register(listener);
        try {
            action.run();
            return counted.take();
        } catch (InterruptedException e) {
            throw new IllegalStateException("Interrupted while waiting for the counts", e);
        } finally {
            spark.listenerManager().unregister(listener);
        }
    }
}
