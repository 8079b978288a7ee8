package io.tensorbridge;

import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.udf;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;

/** What may stand in a plan below an operation, or above it. */
@SuppressWarnings("ImmutableEnumChecker") // the functions have no state
enum Surrounding {
    A_FILTER_BELOW(below(df -> df.filter("x % 3 = 1"))),
    A_LIMIT_BELOW(below(df -> df.coalesce(1).limit(250))),
    THE_GREATEST_BELOW(below(df -> df.orderBy(col("x").desc()).limit(250))),
    A_SORT_BELOW(below(df -> df.orderBy(col("x").desc()))),
    A_BROADCAST_JOIN_BELOW(below(df -> df.join(broadcast(keys(df)), expr("x = key")))),
    A_SHUFFLED_JOIN_BELOW(below(df -> df.join(keys(df).hint("merge"), expr("x = key")))),
    A_SELF_JOIN_BELOW(below(df -> df.as("l").join(df.as("r"), expr("l.x = r.x")).select("l.*"))),
    A_UNION_BELOW(below(df -> df.union(df.filter("x > 100")))),
    A_CACHE_BELOW((operation, df) -> cached(df, operation)),
    A_REPARTITION_BELOW(below(df -> df.repartition(5))),
    EMPTY_PARTITIONS_BELOW(below(df -> df.filter("x < 5").repartition(20))),
    NO_ROWS_BELOW(below(df -> df.filter("x < 0"))),
    NO_PARTITIONS_BELOW(below(df -> df.sparkSession().createDataFrame(List.<Row>of(), df.schema()))),
    A_LOCAL_CHECKPOINT_BELOW(below(Dataset::localCheckpoint)),
    A_CHECKPOINT_BELOW((operation, df) -> checkpointing(df, () -> operation.apply(df.checkpoint()))),
    PARQUET_BELOW((operation, df) -> throughParquet(df, operation)),
    A_GROUPING_BELOW(
            below(df -> df.union(df).groupBy("x", "k", "v", "s").count().drop("count"))),
    A_VIEW_BELOW(below(df -> {
        df.createOrReplaceTempView("below");
        return df.sparkSession().sql("select * from below where k in (select key from range(4) as keys(key))");
    })),
    AN_OPERATION_BELOW(
            below(df -> Surrounded.MAP_BLOCKS.ours().apply(df).filter("z >= 20").drop("z"))),

    A_FILTER_ABOVE(above(df -> df.filter("z > 100"))),
    A_FILTER_OF_ALL_ABOVE(above(df -> df.filter("z is null and z > 0"))),
    A_LIMIT_ABOVE(above(df -> df.limit(5).groupBy().count())),
    A_LIMIT_ACROSS_BLOCKS_ABOVE(above(df -> df.coalesce(1).limit(250).groupBy().count())),
    THE_LEAST_ABOVE(above(df -> df.orderBy(columns(df)).limit(5))),
    A_SORT_ABOVE(above(df -> df.orderBy(col("z").desc()))),
    A_BROADCAST_JOIN_ABOVE(above(df -> df.join(broadcast(keys(df)), expr("z = key"), "left"))),
    A_SHUFFLED_JOIN_ABOVE(above(df -> keys(df).hint("merge").join(df, expr("z = key"), "left"))),
    A_CROSS_JOIN_ABOVE(above(df -> keys(df).limit(3).crossJoin(df))),
    A_SELF_JOIN_ABOVE(above(
            df -> df.as("l").join(df.as("r"), expr("l.z = r.z")).groupBy("l.z").count())),
    A_SELF_JOIN_BY_NAME_ABOVE(above(df -> df.join(df, "z").groupBy("z").count())),
    A_UNION_ABOVE(above(df -> df.union(df))),
    SET_OPERATIONS_ABOVE(above(df -> df.intersectAll(df).except(df.filter("z > 100")))),
    A_CACHE_ABOVE((operation, df) -> cached(operation.apply(df), again -> again.filter("z > 100"))),
    A_REPARTITION_ABOVE(above(df -> df.repartition(4))),
    A_LOCAL_CHECKPOINT_ABOVE(above(Dataset::localCheckpoint)),
    A_CHECKPOINT_ABOVE(
            (operation, df) -> checkpointing(df, () -> operation.apply(df).checkpoint())),
    PARQUET_ABOVE((operation, df) -> throughParquet(operation.apply(df), UnaryOperator.identity())),
    A_GROUPING_ABOVE(above(df -> df.groupBy(expr("z % 10")).agg(expr("sum(z)"), expr("count(1)")))),
    A_WINDOW_ABOVE(above(df -> df.selectExpr("z", "max(z) over (partition by z % 3)"))),
    A_DISTINCT_ABOVE(above(df -> df.select("z").distinct())),
    A_FUNCTION_ABOVE(above(df -> df.select(udf((UDF1<Double, Double>) z -> z == null ? null : -z, DataTypes.DoubleType)
            .apply(col("z"))))),
    A_VIEW_ABOVE(above(df -> viewed(df, "select z, count(*) from above where z > 50 group by z having z < 500"))),
    A_SCALAR_SUBQUERY_ABOVE(above(df -> viewed(
            df, "select key, (select min(z) from above) from keys where key <= (select max(z) / 2 from above)"))),
    A_SUBQUERY_OF_MEMBERS_ABOVE(
            above(
                    df -> viewed(
                            df,
                            "select key from keys where key in (select z from above) or exists (select 1 from above where z = key + 1)"))),
    A_COMMON_TABLE_ABOVE(
            above(
                    df -> viewed(
                            df,
                            "with t as (select z, z % 5 as g from above) select l.z, count(*) from t l left join t r on l.g = r.z group by l.z"))),
    A_ROW_RDD_ABOVE((operation, df) -> operation.apply(df).toJavaRDD().collect());

    private interface Collected {
        List<Row> rows(UnaryOperator<Dataset<Row>> operation, Dataset<Row> df);
    }

    private interface Made {
        Dataset<Row> dataset();
    }

    private final Collected collected;

    Surrounding(Collected collected) {
        this.collected = collected;
    }

    /** Runs an operation on numbers, in these surroundings. */
    List<Row> collect(UnaryOperator<Dataset<Row>> operation, Dataset<Row> df) {
        return collected.rows(operation, df);
    }

    private static Collected below(UnaryOperator<Dataset<Row>> change) {
        return (operation, df) -> operation.apply(change.apply(df)).collectAsList();
    }

    private static Collected above(UnaryOperator<Dataset<Row>> change) {
        return (operation, df) -> change.apply(operation.apply(df)).collectAsList();
    }

    private static Dataset<Row> keys(Dataset<Row> df) {
        return df.sparkSession().range(0, 400, 1, 2).selectExpr("cast(id as double) as key");
    }

    private static Column[] columns(Dataset<Row> df) {
        return Arrays.stream(df.columns()).map(df::col).toArray(Column[]::new);
    }

    private static Dataset<Row> viewed(Dataset<Row> df, String query) {
        df.createOrReplaceTempView("above");
        keys(df).createOrReplaceTempView("keys");
        return df.sparkSession().sql(query);
    }

    private static List<Row> cached(Dataset<Row> df, UnaryOperator<Dataset<Row>> above) {
        Dataset<Row> cached = df.cache();
        try {
            return above.apply(cached).collectAsList();
        } finally {
            cached.unpersist(/* blocking= */ true);
        }
    }

    private static List<Row> checkpointing(Dataset<Row> df, Made made) {
        Path directory = temporary();
        df.sparkSession().sparkContext().setCheckpointDir(directory.toString());
        try {
            return made.dataset().collectAsList();
        } finally {
            delete(directory);
        }
    }

    private static List<Row> throughParquet(Dataset<Row> df, UnaryOperator<Dataset<Row>> above) {
        Path directory = temporary();
        try {
            String path = directory.resolve("written").toString();
            df.write().parquet(path);
            return above.apply(df.sparkSession().read().parquet(path)).collectAsList();
        } finally {
            delete(directory);
        }
    }

    private static Path temporary() {
        try {
            return Files.createTempDirectory("surrounding");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path directory) {
        org.apache.spark.network.util.JavaUtils.deleteQuietly(directory.toFile());
    }
}
