package io.tensorbridge.benchmarks;

import org.apache.spark.sql.SparkSession;

/** Spark as the suites want it: in this process, without a user interface, and on the loopback alone. */
final class LocalSpark {

    private LocalSpark() {}

    /** Returns a session on so many threads, which the caller stops. */
    static SparkSession on(int cores) {
        return SparkSession.builder()
                .master("local[%d]".formatted(cores))
                .appName("benchmarks")
                .config("spark.ui.enabled", "false")
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .getOrCreate();
    }
}
