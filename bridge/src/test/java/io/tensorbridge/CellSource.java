package io.tensorbridge;

import java.nio.file.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;

/** Where the columns of a DataFrame may come from. */
enum CellSource {
    ROWS,
    CACHED,
    DICTIONARY_PARQUET,
    PLAIN_PARQUET,
    /** Beside the new columns of another operation. */
    BATCHES;

    private static final String CACHED_BATCH = "spark.sql.inMemoryColumnarStorage.batchSize";
    private static final String PARQUET_BATCH = "spark.sql.parquet.columnarReaderBatchSize";

    /** Makes the batches that are cached, or read of Parquet, so small that blocks cut them. */
    static void readSmallBatches(SparkSession spark) {
        spark.conf().set(CACHED_BATCH, "9");
        spark.conf().set(PARQUET_BATCH, "9");
    }

    static void readUsualBatches(SparkSession spark) {
        spark.conf().unset(CACHED_BATCH);
        spark.conf().unset(PARQUET_BATCH);
    }

    /** Returns the rows, from here. What is cached is another plan than the rows themselves, or they would be it too. */
    Dataset<Row> of(Dataset<Row> rows, Path directory) {
        return switch (this) {
            case ROWS -> rows;
            case CACHED -> rows.withColumn("cached", functions.lit(1)).cache();
            case DICTIONARY_PARQUET, PLAIN_PARQUET -> {
                String path = directory.resolve(name()).toString();
                rows.write()
                        .option("parquet.enable.dictionary", this == DICTIONARY_PARQUET)
                        .parquet(path);
                yield rows.sparkSession().read().parquet(path);
            }
            case BATCHES ->
                TensorFrames.mapBlocks(io.tensorbridge.tensor.Programs.plusThree())
                        .feed("x", "other")
                        .fetch("z", "before")
                        .blockRows(9)
                        .apply(rows.withColumn("other", functions.lit(1.0)));
        };
    }
}
