package io.tensorbridge.train;

import java.util.OptionalInt;
import org.apache.spark.SparkContext;

/** The tasks that can run at the same time, of which every worker must be one. */
final class Slots {

    private Slots() {}

    /**
     * Returns how many workers there are to be.
     *
     * @throws IllegalArgumentException if there are fewer slots; Spark's own check would wait for ten minutes
     */
    static int workers(SparkContext context, OptionalInt wanted) {
        if (context.getConf().getBoolean("spark.dynamicAllocation.enabled", false)) {
            throw new IllegalArgumentException(
                    "Cannot train: expected a fixed number of executors, as barrier stages need, found spark.dynamicAllocation.enabled=true. Set it to false, and spark.executor.instances");
        }
        int slots =
                context.maxNumConcurrentTasks(context.resourceProfileManager().defaultResourceProfile());
        int workers = wanted.orElse(Math.max(1, slots));
        if (workers > slots) {
            throw new IllegalArgumentException(
                    "Cannot train: expected a slot for each of %d workers, found %d. Lower workers(…), or give Spark more cores"
                            .formatted(workers, slots));
        }
        return workers;
    }
}
