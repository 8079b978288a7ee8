package io.tensorbridge.ml;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;

/**
 * What Spark caches for one tuning: closing it lets go of all that is left. What the caller has cached stays the caller's.
 *
 * <p>For use by several threads.
 */
final class CachedData implements AutoCloseable {

    private final Set<Dataset<Row>> cached = Collections.newSetFromMap(new IdentityHashMap<>());

    /** Caches a Dataset, in columns, and computes it now, unless it is cached already. */
    void compute(Dataset<Row> dataset) {
        synchronized (this) {
            if (!dataset.storageLevel().equals(StorageLevel.NONE())) {
                return;
            }
            cached.add(dataset);
            dataset.persist();
        }
        dataset.count();
    }

    /** Lets go of a Dataset, if it was cached here. */
    synchronized void release(Dataset<Row> dataset) {
        if (cached.remove(dataset)) {
            dataset.unpersist();
        }
    }

    @Override
    public synchronized void close() {
        List.copyOf(cached).forEach(this::release);
    }
}
