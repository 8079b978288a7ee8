package io.tensorbridge.internal.run;

import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.spark.SparkEnv;
import org.apache.spark.sql.execution.metric.SQLMetric;
import org.jspecify.annotations.Nullable;
import scala.reflect.ClassTag$;

/**
 * Metrics that most tasks have nothing to add to. They travel as bytes, which a task reads when it has: only what it has read
 * does it report, and every metric costs a task more than a small block does.
 */
final class RareMetrics implements Serializable {

    private transient @Nullable LinkedHashMap<String, SQLMetric> metrics; // null where they have not been read
    private byte[] bytes = new byte[0];

    RareMetrics(Map<String, SQLMetric> metrics) {
        this.metrics = new LinkedHashMap<>(metrics);
    }

    /** Returns the metrics by key; on an executor by the thread of the task that they are counted for. */
    synchronized Map<String, SQLMetric> all() {
        LinkedHashMap<String, SQLMetric> known = metrics;
        if (known == null) {
            // to read a metric is to register it with the task
            known = SparkEnv.get()
                    .closureSerializer()
                    .newInstance()
                    .deserialize(
                            ByteBuffer.wrap(bytes),
                            Thread.currentThread().getContextClassLoader(),
                            ClassTag$.MODULE$.<LinkedHashMap<String, SQLMetric>>apply(LinkedHashMap.class));
            metrics = known;
        }
        return known;
    }

    private synchronized void writeObject(ObjectOutputStream out) throws IOException {
        if (bytes.length == 0) {
            ByteBuffer buffer = SparkEnv.get()
                    .closureSerializer()
                    .newInstance()
                    .serialize(
                            new LinkedHashMap<>(all()),
                            ClassTag$.MODULE$.<LinkedHashMap<String, SQLMetric>>apply(LinkedHashMap.class));
            bytes = new byte[buffer.remaining()];
            buffer.get(bytes);
        }
        out.defaultWriteObject();
    }
}
