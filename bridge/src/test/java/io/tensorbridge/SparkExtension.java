package io.tensorbridge;

import io.tensorbridge.internal.run.ExecutorMemory;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** One local Spark session for all tests, which must leave no Arrow memory behind in it. */
public final class SparkExtension implements BeforeAllCallback, AfterEachCallback, ParameterResolver {

    @Override
    public void beforeAll(ExtensionContext context) {
        session();
    }

    static SparkSession session() {
        return SparkSession.builder()
                .master("local[2]")
                .appName("tests")
                .config("spark.ui.enabled", "false")
                .config("spark.sql.shuffle.partitions", "2")
                .config("spark.sql.session.timeZone", "UTC")
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .getOrCreate();
    }

    @Override
    public void afterEach(ExtensionContext context) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
        while (ExecutorMemory.allocatedBytes() != 0 && System.nanoTime() < end) {
            Thread.onSpinWait(); // when a job has failed, other tasks of it may still be at their ends
        }
        long bytes = ExecutorMemory.allocatedBytes();
        if (bytes != 0) {
            throw new IllegalStateException("The test left %d bytes of Arrow memory taken".formatted(bytes));
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == SparkSession.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return session();
    }
}
