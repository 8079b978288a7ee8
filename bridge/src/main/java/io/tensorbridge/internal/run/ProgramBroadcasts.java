package io.tensorbridge.internal.run;

import io.tensorbridge.tensor.Program;
import java.lang.ref.WeakReference;
import java.util.HashMap;
import java.util.Map;
import java.util.WeakHashMap;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * Ships a program to the executors once for all jobs that overlap: on the driver. A job that comes when no other refers to
 * the program any more ships it again. Safe for use by several threads.
 */
final class ProgramBroadcasts {

    // Weak on both sides: a stopped context takes its programs along, and a program that no job refers to any more is
    // removed from the executors by Spark's own cleaner.
    private static final Map<SparkContext, Map<Program, WeakReference<Broadcast<Program>>>> SHIPPED =
            new WeakHashMap<>();

    private ProgramBroadcasts() {}

    /** Returns the program as a broadcast of this context. */
    static synchronized Broadcast<Program> of(SparkContext context, Program program) {
        var shipped = SHIPPED.computeIfAbsent(context, key -> new HashMap<>());
        shipped.values().removeIf(reference -> reference.get() == null);
        WeakReference<Broadcast<Program>> known = shipped.get(program);
        Broadcast<Program> broadcast = known == null ? null : known.get();
        if (broadcast == null) {
            broadcast = JavaSparkContext.fromSparkContext(context).broadcast(program);
            shipped.put(program, new WeakReference<>(broadcast));
        }
        return broadcast;
    }
}
