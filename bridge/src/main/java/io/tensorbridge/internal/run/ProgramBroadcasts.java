package io.tensorbridge.internal.run;

import io.tensorbridge.tensor.Program;
import java.lang.ref.Cleaner;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * Ships a program to the executors once, however many jobs run it: on the driver.
 *
 * <p>A program stays with the executors as long as somebody on the driver holds it or one that is equal, or a job runs it;
 * then Spark's own cleaner removes it. So it does when the context stops. Safe for use by several threads.
 */
final class ProgramBroadcasts {

    // What is shipped must be no one's program: the driver's block manager holds it as long as the broadcast lives,
    // and the broadcast would live as long as the program.
    private static final Map<SparkContext, Map<Program, Shipment>> SHIPPED = new WeakHashMap<>();
    private static final Cleaner CLEANER = Cleaner.create();

    private ProgramBroadcasts() {}

    /** Returns the program as a broadcast of this context. */
    static synchronized Broadcast<Program> of(SparkContext context, Program program) {
        removeUnheld();
        return SHIPPED.computeIfAbsent(context, any -> new HashMap<>())
                .computeIfAbsent(program.named(program.name()), copy -> Shipment.of(context, copy))
                .heldBy(program);
    }

    private static synchronized void removeUnheld() {
        SHIPPED.keySet().removeIf(SparkContext::isStopped);
        SHIPPED.values().forEach(shipments -> shipments.values().removeIf(Shipment::isUnheld));
    }

    /**
     * A program that was shipped, and for whose sake.
     *
     * @param broadcast the program
     * @param holders the equal programs that jobs were asked to run
     */
    private record Shipment(Broadcast<Program> broadcast, List<WeakReference<Program>> holders) {

        static Shipment of(SparkContext context, Program copy) {
            return new Shipment(JavaSparkContext.fromSparkContext(context).broadcast(copy), new ArrayList<>());
        }

        Broadcast<Program> heldBy(Program program) {
            holders.removeIf(holder -> holder.refersTo(null));
            if (holders.stream().noneMatch(holder -> holder.refersTo(program))) {
                holders.add(new WeakReference<>(program));
                CLEANER.register(program, ProgramBroadcasts::removeUnheld);
            }
            return broadcast;
        }

        boolean isUnheld() {
            return holders.stream().allMatch(holder -> holder.refersTo(null));
        }
    }
}
