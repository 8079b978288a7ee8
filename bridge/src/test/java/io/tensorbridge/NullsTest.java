package io.tensorbridge;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.when;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.arrow.NullPolicy;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.Programs;
import io.tensorbridge.tensor.SignatureMismatchException;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

/** Nulls, and cells that are not alike: from rows, from Parquet and from the cache. */
@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class NullsTest {

    private static final int ROWS = 2_000;

    @TempDir
    Path directory;

    enum Source {
        ROWS,
        PARQUET,
        OFF_HEAP_PARQUET,
        PLAIN_PARQUET,
        CACHE,
        OTHER_OPERATOR
    }

    private Dataset<Row> read(Source source, Dataset<Row> df) {
        SparkSession spark = df.sparkSession();
        String path = directory.resolve(source.name()).toString();
        return switch (source) {
            case ROWS -> df;
            case PARQUET, OFF_HEAP_PARQUET -> {
                df.write().parquet(path);
                yield spark.read().parquet(path);
            }
            case PLAIN_PARQUET -> {
                df.write().option("parquet.enable.dictionary", "false").parquet(path);
                yield spark.read().parquet(path);
            }
            case CACHE -> {
                Dataset<Row> cached = df.cache();
                cached.count();
                yield cached;
            }
            case OTHER_OPERATOR ->
                mapBlocks(Programs.plusThree().named("before"))
                        .feed("x", "other")
                        .fetch("z", "before")
                        .apply(df.withColumn("other", lit(1.0)));
        };
    }

    private void over(Source source, Dataset<Row> df, java.util.function.Consumer<Dataset<Row>> check) {
        var conf = df.sparkSession().conf();
        conf.set("spark.sql.columnVector.offheap.enabled", Boolean.toString(source == Source.OFF_HEAP_PARQUET));
        try {
            check.accept(read(source, df));
        } finally {
            conf.unset("spark.sql.columnVector.offheap.enabled");
            df.unpersist(true);
        }
    }

    /** Every seventh x is null. */
    private static Dataset<Row> sevenths(SparkSession spark) {
        return spark.range(0, ROWS, 1, 2)
                .select(
                        when(col("id").mod(7).notEqual(0), col("id").cast("double"))
                                .as("x"),
                        col("id"));
    }

    @ParameterizedTest
    @EnumSource(Source.class)
    void fillsForTheProgramAlone(Source source, SparkSession spark) {
        over(source, sevenths(spark), df -> {
            List<Row> rows = mapBlocks(Programs.plusThree())
                    .onNull(NullPolicy.fill(100))
                    .blockRows(300)
                    .apply(df)
                    .collectAsList();
            assertThat(rows).hasSize(ROWS);
            for (Row row : rows) {
                long id = row.getAs("id");
                Double x = row.getAs("x");
                if (id % 7 == 0) {
                    assertThat(x).isNull();
                    assertThat(row.<Double>getAs("z")).isEqualTo(103);
                } else {
                    assertThat(x).isEqualTo((double) id);
                    assertThat(row.<Double>getAs("z")).isEqualTo(id + 3.0);
                }
            }
        });
    }

    @ParameterizedTest
    @EnumSource(Source.class)
    void dropsRows(Source source, SparkSession spark) {
        over(source, sevenths(spark), df -> {
            Dataset<Row> result = mapBlocks(Programs.plusThree())
                    .onNull("X", NullPolicy.dropRow())
                    .blockRows(300)
                    .apply(df);
            List<Row> rows = result.collectAsList();
            assertThat(rows).hasSize(ROWS - (ROWS + 6) / 7);
            for (Row row : rows) {
                long id = row.getAs("id");
                assertThat(id % 7).isNotZero();
                assertThat(row.<Double>getAs("x")).isEqualTo((double) id);
                assertThat(row.<Double>getAs("z")).isEqualTo(id + 3.0);
            }
            assertThat(RunMetrics.of(result).rowsDropped()).isEqualTo((ROWS + 6) / 7);
        });
    }

    @ParameterizedTest
    @EnumSource(Source.class)
    void failsWithColumnAndRow(Source source, SparkSession spark) {
        Dataset<Row> df = spark.range(0, ROWS, 1, 1)
                .select(when(col("id").notEqual(325), col("id").cast("double")).as("x"), col("id"));
        over(
                source,
                df,
                read -> assertThatThrownBy(() -> mapBlocks(Programs.plusThree())
                                .blockRows(100)
                                .apply(read)
                                .collectAsList())
                        .rootCause()
                        .hasMessage(
                                "Cannot feed column 'x': expected a value in row 25 of block 3, found null. Fill or drop nulls with onNull(…)"));
    }

    private static final Program SUM = Program.build(tf -> {
        var x = placeholder(tf, "x", TFloat32.class, Shape.of(-1, -1));
        return outputs("sum", tf.reduceSum(x, tf.constant(1)));
    });

    private static Dataset<Row> arraysWithNulls(SparkSession spark) {
        var value = col("id").cast("float");
        return spark.range(0, ROWS, 1, 2)
                .select(
                        when(col("id").mod(5).equalTo(0), lit(null))
                                .when(
                                        col("id").mod(5).equalTo(1),
                                        array(value, lit(null).cast("float"), value))
                                .otherwise(array(value, value, value))
                                .as("x"),
                        col("id"));
    }

    @ParameterizedTest
    @EnumSource(Source.class)
    void fillsCellsAndElements(Source source, SparkSession spark) {
        over(source, arraysWithNulls(spark), df -> {
            List<Row> rows = mapBlocks(SUM)
                    .onNull(NullPolicy.fill(-1))
                    .blockRows(300)
                    .apply(df)
                    .collectAsList();
            assertThat(rows).hasSize(ROWS);
            for (Row row : rows) {
                long id = row.getAs("id");
                List<Float> x = row.isNullAt(0) ? null : row.getList(0);
                float sum = row.getAs("sum");
                switch ((int) (id % 5)) {
                    case 0 -> {
                        assertThat(x).isNull();
                        assertThat(sum).isEqualTo(-3);
                    }
                    case 1 -> {
                        assertThat(x).containsExactly((float) id, null, (float) id);
                        assertThat(sum).isEqualTo(2f * id - 1);
                    }
                    default -> {
                        assertThat(x).containsExactly((float) id, (float) id, (float) id);
                        assertThat(sum).isEqualTo(3f * id);
                    }
                }
            }
        });
    }

    @ParameterizedTest
    @EnumSource(Source.class)
    void dropsRowsWithANullInside(Source source, SparkSession spark) {
        over(source, arraysWithNulls(spark), df -> {
            List<Row> rows =
                    mapBlocks(SUM).onNull(NullPolicy.dropRow()).apply(df).collectAsList();
            assertThat(rows).hasSize(ROWS * 3 / 5);
            for (Row row : rows) {
                assertThat(row.<Float>getAs("sum")).isEqualTo(3f * row.<Long>getAs("id"));
            }
        });
    }

    @ParameterizedTest
    @EnumSource(Source.class)
    void failsAtAnElement(Source source, SparkSession spark) {
        Dataset<Row> df =
                arraysWithNulls(spark).coalesce(1).filter("id % 5 <> 0").filter("id >= 2");
        over(
                source,
                df,
                read -> assertThatThrownBy(() -> mapBlocks(SUM).apply(read).collectAsList())
                        .rootCause()
                        .hasMessage(
                                "Cannot feed column 'x': expected a value at position 1 of row 3 of block 0, found null. Fill or drop nulls with onNull(…)"));
    }

    @ParameterizedTest
    @EnumSource(Source.class)
    void failsAtACellOfAnotherLength(Source source, SparkSession spark) {
        Dataset<Row> df = spark.range(0, 600, 1, 1)
                .select(
                        when(col("id").equalTo(441), array(lit(1f), lit(2f)))
                                .otherwise(array(lit(1f), lit(2f), lit(3f)))
                                .as("x"),
                        col("id"));
        over(source, df, read -> {
            var thrown = assertThatThrownBy(
                    () -> mapBlocks(SUM).blockRows(200).apply(read).collectAsList());
            thrown.rootCause()
                    .hasMessage(
                            "Cannot feed column 'x': expected 3 values in row 41 of block 2, found 2. Pad such arrays with pad(\"x\"), or run a program over cells with mapRows");
            thrown.hasStackTraceContaining(SignatureMismatchException.class.getName());
        });
    }

    @Test
    void aShapeThatTheProgramKnowsHoldsForTheFirstRowToo(SparkSession spark) {
        Program program = Program.build(tf -> {
            var x = placeholder(tf, "x", TFloat32.class, Shape.of(-1, 4));
            return outputs("y", tf.math.neg(x));
        });
        Dataset<Row> df = spark.range(1).select(array(lit(1f), lit(2f), lit(3f)).as("x"));
        assertThatThrownBy(() -> mapBlocks(program).apply(df).collectAsList())
                .rootCause()
                .hasMessage(
                        "Cannot feed column 'x': expected 4 values in row 0 of block 0, found 3. Pad such arrays with pad(\"x\"), or run a program over cells with mapRows");
    }

    @Test
    void aBlockOfNothingButNullCellsTellsNoShape(SparkSession spark) {
        Dataset<Row> df =
                spark.range(0, 10, 1, 1).select(lit(null).cast("array<float>").as("x"));
        assertThatThrownBy(() ->
                        mapBlocks(SUM).onNull(NullPolicy.fill(0)).apply(df).collectAsList())
                .rootCause()
                .hasMessage(
                        "Cannot feed column 'x': expected a cell that tells the shape of all in block 0, found nulls alone. Give the shape with shape(\"x\", …)");
        List<Row> rows = mapBlocks(SUM)
                .onNull(NullPolicy.fill(2))
                .shape("x", 5)
                .apply(df)
                .collectAsList();
        assertThat(rows)
                .hasSize(10)
                .allSatisfy(row -> assertThat(row.<Float>getAs("sum")).isEqualTo(10f));
    }

    @Test
    void nothingButNullsToDropGivesNoRows(SparkSession spark) {
        Dataset<Row> df =
                spark.range(0, 10, 1, 1).select(lit(null).cast("double").as("x"));
        assertThat(mapBlocks(Programs.plusThree())
                        .onNull(NullPolicy.dropRow())
                        .apply(df)
                        .collectAsList())
                .isEmpty();
    }
}
