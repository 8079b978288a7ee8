package io.tensorbridge.ml;

import static org.apache.spark.sql.functions.lit;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.apache.spark.Dependency;
import org.apache.spark.SparkContext;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.classic.SparkSession;
import org.apache.spark.sql.columnar.CachedBatch;
import org.apache.spark.sql.execution.CacheManager;
import org.apache.spark.sql.execution.columnar.CachedRDDBuilder;
import scala.jdk.javaapi.CollectionConverters;
import scala.jdk.javaapi.OptionConverters;

/**
 * What Spark caches for one tuning: closing it lets go of all that is left. What the caller has cached stays the caller's.
 *
 * <p>For use by several threads.
 */
final class CachedData implements AutoCloseable {

    private final Set<Dataset<Row>> owned = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Set<Dataset<Row>> cached = Collections.newSetFromMap(new IdentityHashMap<>());

    /**
     * Returns a Dataset of the same rows with a plan that is no other's. Spark knows what is cached by its plan: two who cache
     * the same plan have one entry, and lose it when one lets go.
     */
    synchronized Dataset<Row> owned(Dataset<?> dataset) {
        // true for all rows, and gone when Spark has made its plan of how to run it
        Dataset<Row> own =
                dataset.toDF().filter(lit("tuned data " + UUID.randomUUID()).isNotNull());
        owned.add(own);
        return own;
    }

    /** Caches a Dataset with a plan of its own, in columns, and computes it now, unless that was done already. */
    void compute(Dataset<Row> dataset) {
        synchronized (this) {
            if (!cached.add(dataset)) {
                return;
            }
            dataset.persist();
        }
        dataset.count();
    }

    /** Lets go of a Dataset, if it was cached here. */
    synchronized void release(Dataset<Row> dataset) {
        if (cached.remove(dataset)) {
            uninterrupted(dataset::unpersist);
        }
    }

    /**
     * Lets go of all, and of what estimators have cached of it for their own use, which Spark's leave behind when they are cut
     * off: RDDs that they have made, and Datasets whose plans contain one of these.
     *
     * @param tag how the creation sites end of RDDs that were made while trials ran
     */
    synchronized void releaseAbandoned(SparkContext context, String tag) {
        Set<Integer> buffers = new HashSet<>();
        cached.forEach(dataset -> addBuffers(dataset, buffers));
        owned.addAll(cached);
        cached.clear();
        uninterrupted(() -> {
            for (Dataset<Row> dataset : owned) {
                manager(dataset).uncacheQuery(classic(dataset), /* cascade= */ true, /* blocking= */ false);
            }
            for (RDD<?> rdd : List.copyOf(
                    CollectionConverters.asJava(context.getPersistentRDDs()).values())) {
                if (rdd.getCreationSite().endsWith(tag) && isOfTrials(rdd, buffers)) {
                    rdd.unpersist(/* blocking= */ false);
                }
            }
        });
    }

    @Override
    public synchronized void close() {
        List.copyOf(cached).forEach(this::release);
    }

    private static void addBuffers(Dataset<Row> dataset, Set<Integer> buffers) {
        OptionConverters.toJava(manager(dataset).lookupCachedData(classic(dataset)))
                .map(data -> data.cachedRepresentation().cacheBuilder())
                .filter(CachedRDDBuilder::isCachedColumnBuffersLoaded)
                .ifPresent(builder -> buffers.add(builder.cachedColumnBuffers().id()));
    }

    private static boolean isOfTrials(RDD<?> rdd, Set<Integer> buffers) {
        // the columns of a Dataset that is cached may be the caller's, filled by a trial that was the first to read it
        return !CachedBatch.class.isAssignableFrom(rdd.toJavaRDD().classTag().runtimeClass()) || isMadeOf(rdd, buffers);
    }

    /** Has another thread do it, and waits: Spark asks its block manager, and stops halfway in a thread that is interrupted. */
    private static void uninterrupted(Runnable release) {
        CompletableFuture.runAsync(release, work -> new Thread(work, "tensorbridge-release").start())
                .join();
    }

    private static boolean isMadeOf(RDD<?> rdd, Set<Integer> ids) {
        Set<Integer> seen = new HashSet<>();
        List<RDD<?>> next = new ArrayList<>(List.of(rdd));
        while (!next.isEmpty()) {
            RDD<?> one = next.remove(next.size() - 1);
            if (ids.contains(one.id())) {
                return true;
            }
            if (seen.add(one.id())) {
                for (Dependency<?> dependency : CollectionConverters.asJava(one.dependencies())) {
                    next.add(dependency.rdd());
                }
            }
        }
        return false;
    }

    private static CacheManager manager(Dataset<Row> dataset) {
        return ((SparkSession) dataset.sparkSession()).sharedState().cacheManager();
    }

    private static org.apache.spark.sql.classic.Dataset<Row> classic(Dataset<Row> dataset) {
        return (org.apache.spark.sql.classic.Dataset<Row>) dataset;
    }
}
