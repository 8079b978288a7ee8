package io.tensorbridge;

import static io.tensorbridge.TensorFrames.mapRows;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.ProgramException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TString;

/** Rows of different lengths, each of which a program sees alone. */
@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class RaggedRowsTest {

    private static final int ROWS = 100;

    /** Row {@code id} has {@code id % 4} values, and as many others ten times as large. */
    private static Dataset<Row> ragged(SparkSession spark) {
        return spark.range(0, ROWS, 1, 3)
                .selectExpr("id", "slice(sequence(id, id + 3), 1, cast(id % 4 as int)) as x")
                .selectExpr("id", "x", "transform(x, v -> 10 * v) as y");
    }

    private static List<Long> cell(int id) {
        return IntStream.range(id, id + id % 4).mapToObj(Long::valueOf).toList();
    }

    private static final Program ADD = Program.build(tf -> {
                var x = placeholder(tf, "x", TInt64.class, Shape.of(-1));
                var y = placeholder(tf, "y", TInt64.class, Shape.of(-1));
                return outputs("total", tf.sum(x, tf.constant(0))).and("z", tf.math.add(x, y));
            })
            .named("add");

    @ParameterizedTest
    @EnumSource
    void twoColumnsMayDifferFromRowToRowTogether(CellSource source, SparkSession spark, @TempDir Path directory) {
        CellSource.readSmallBatches(spark);
        Dataset<Row> df = source.of(ragged(spark), directory);
        try {
            for (int blockRows : new int[] {1, 7, 1_000}) {
                List<Row> rows = mapRows(ADD)
                        .blockRows(blockRows)
                        .apply(df)
                        .select("id", "total", "z")
                        .collectAsList();
                if (source == CellSource.DICTIONARY_PARQUET || source == CellSource.PLAIN_PARQUET) {
                    // files are read in an order of Spark's own
                    rows = rows.stream()
                            .sorted(Comparator.comparing(row -> row.getLong(0)))
                            .toList();
                }
                assertThat(rows).hasSize(ROWS);
                for (int id = 0; id < ROWS; id++) {
                    assertThat(rows.get(id).getLong(0)).isEqualTo(id);
                    assertThat(rows.get(id).getLong(1))
                            .isEqualTo(cell(id).stream().mapToLong(v -> v).sum());
                    assertThat(rows.get(id).getList(2))
                            .isEqualTo(cell(id).stream().map(v -> 11 * v).toList());
                }
            }
        } finally {
            CellSource.readUsualBatches(spark);
            df.unpersist(/* blocking= */ true);
        }
    }

    @Test
    void countsWhatIsGatheredByShapeAndNothingWhereShapesAgree(SparkSession spark) {
        Dataset<Row> mixed = mapRows(ADD).fetch("total").apply(ragged(spark).repartition(1));
        mixed.collectAsList();
        assertThat(RunMetrics.of(mixed).bytesCopied().get("grouped")).isPositive();
        Dataset<Row> alike = mapRows(ADD).apply(ragged(spark).filter("id % 4 = 3"));
        assertThat(alike.collectAsList()).hasSize(ROWS / 4);
        assertThat(RunMetrics.of(alike).bytesCopied()).containsEntry("grouped", 0L);
    }

    @Test
    void columnsThatDisagreeFailAsTheProgramDoes(SparkSession spark) {
        // of one partition: of several another task may still be at it when the job has failed
        Dataset<Row> odd = ragged(spark).coalesce(1).selectExpr("x", "array(1L, 2L) as y");
        assertThatThrownBy(() -> mapRows(ADD).apply(odd).collectAsList())
                .hasRootCauseInstanceOf(ProgramException.class)
                .hasStackTraceContaining("Program 'add' failed on block 0 of partition ")
                .rootCause()
                .hasMessageContaining("Incompatible shapes: [");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 1_000})
    void listsOfListsMayDifferAtEveryLevel(int blockRows, SparkSession spark) {
        Program negated = Program.build(tf -> {
            var m = placeholder(tf, "m", TFloat32.class, Shape.of(-1, -1));
            return outputs("n", tf.math.neg(m)).and("shape", tf.shape(m, TInt64.class));
        });
        Dataset<Row> df = spark.range(0, ROWS, 1, 2)
                .selectExpr(
                        "id",
                        "array_repeat(array_repeat(cast(id as float), cast(id % 3 as int)), cast(id % 5 as int)) as m");
        List<Row> rows = mapRows(negated)
                .blockRows(blockRows)
                .apply(df)
                .selectExpr("id", "size(m)", "shape", "transform(n, v -> transform(v, w -> -w)) = m")
                .collectAsList();
        assertThat(rows).hasSize(ROWS);
        for (int id = 0; id < ROWS; id++) {
            Row row = rows.get(id);
            assertThat(row.getLong(0)).isEqualTo(id);
            assertThat(row.getInt(1)).isEqualTo(id % 5);
            // a cell without arrays does not tell how long they would be
            assertThat(row.getList(2)).isEqualTo(id % 5 == 0 ? List.of(0L, 0L) : List.of(id % 5L, id % 3L));
            assertThat(row.getBoolean(3)).isTrue();
        }
    }

    @Test
    void listsOfStringsMayDiffer(SparkSession spark) {
        Program joined = Program.build(tf -> {
            var x = placeholder(tf, "x", TString.class, Shape.of(-1));
            return outputs("joined", tf.strings.reduceJoin(x, tf.constant(0)));
        });
        Dataset<Row> df = ragged(spark).selectExpr("id", "transform(x, v -> concat('<', v, '>')) as x");
        List<Row> rows = mapRows(joined).blockRows(7).apply(df).collectAsList();
        for (int id = 0; id < ROWS; id++) {
            StringBuilder expected = new StringBuilder();
            cell(id).forEach(v -> expected.append('<').append(v).append('>'));
            assertThat(rows.get(id).getString(2)).isEqualTo(expected.toString());
        }
    }
}
