package io.tensorbridge.internal.run;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import java.lang.ref.WeakReference;
import java.util.function.ToLongFunction;
import org.apache.spark.SparkEnv;
import org.apache.spark.metrics.MetricsSystem;
import org.apache.spark.metrics.source.Source;

/** The sessions of this process as Spark's metrics show them, in JMX, Prometheus or wherever they are sent. */
final class SessionMetrics implements Source {

    private static final SessionMetrics INSTANCE = new SessionMetrics(SessionRegistry.instance());
    private static volatile WeakReference<MetricsSystem> shownIn = new WeakReference<>(null);

    private final MetricRegistry metrics = new MetricRegistry();

    private SessionMetrics(SessionRegistry registry) {
        add(registry, "sessions.open", SessionCounts::open);
        add(registry, "sessions.inUse", SessionCounts::inUse);
        add(registry, "sessions.bytes", SessionCounts::bytes);
        add(registry, "sessions.loads", SessionCounts::loads);
        add(registry, "sessions.hits", SessionCounts::hits);
        add(registry, "sessions.evictions", SessionCounts::evictions);
        add(registry, "sessions.failures", SessionCounts::failures);
    }

    private void add(SessionRegistry registry, String name, ToLongFunction<SessionCounts> value) {
        metrics.register(name, (Gauge<Long>) () -> value.applyAsLong(registry.counts()));
    }

    /** Shows them in the metrics of the Spark application that runs in this process, unless they are there already. */
    static void show() {
        MetricsSystem current = SparkEnv.get().metricsSystem();
        if (!shownIn.refersTo(current)) {
            showIn(current);
        }
    }

    private static synchronized void showIn(MetricsSystem system) {
        if (!shownIn.refersTo(system)) {
            system.registerSource(INSTANCE);
            shownIn = new WeakReference<>(system);
        }
    }

    @Override
    public String sourceName() {
        return "tensorbridge";
    }

    @Override
    public MetricRegistry metricRegistry() {
        return metrics;
    }
}
