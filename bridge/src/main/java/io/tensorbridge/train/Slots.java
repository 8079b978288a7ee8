package io.tensorbridge.train;

import java.time.Duration;
import java.util.OptionalInt;
import org.apache.spark.SparkContext;

/** The tasks that can run at the same time, of which every worker must be one. */
final class Slots {

    private static final Duration YOUNG = Duration.ofSeconds(30);
    private static final Duration CALM = Duration.ofSeconds(3);

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
        int slots = slots(context, wanted.orElse(1));
        int workers = wanted.orElse(Math.max(1, slots));
        if (workers > slots) {
            throw new IllegalArgumentException(
                    "Cannot train: expected a slot for each of %d workers, found %d. Lower workers(…), or give Spark more cores"
                            .formatted(workers, slots));
        }
        return workers;
    }

    /** Returns the slots that there are; those of executors that are on their way are waited for while the application is young. */
    private static int slots(SparkContext context, int least) {
        int slots = slots(context);
        long changed = System.nanoTime();
        while (!context.isLocal()
                && System.currentTimeMillis() - context.startTime() < YOUNG.toMillis()
                && (slots < least || System.nanoTime() - changed < CALM.toNanos())) {
            try {
                Thread.sleep(100);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return slots;
            }
            int now = slots(context);
            if (now != slots) {
                slots = now;
                changed = System.nanoTime();
            }
        }
        return slots;
    }

    private static int slots(SparkContext context) {
        return context.maxNumConcurrentTasks(context.resourceProfileManager().defaultResourceProfile());
    }
}
