package io.tensorbridge;

import static io.tensorbridge.TensorFrames.aggregate;
import static io.tensorbridge.TensorFrames.analyze;
import static io.tensorbridge.TensorFrames.explain;
import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.mapRows;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static io.tensorbridge.TensorFrames.reduceBlocks;
import static io.tensorbridge.TensorFrames.reduceRows;
import static io.tensorbridge.TensorFrames.withShape;
import static org.apache.spark.sql.functions.lit;
import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/** What TensorFrames promised its users, over each of its four types of numbers. */
@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class TensorFramesParityTest {

    enum Numbers {
        INT("int", TInt32.class),
        LONG("bigint", TInt64.class),
        FLOAT("float", TFloat32.class),
        DOUBLE("double", TFloat64.class);

        private final String type;

        @SuppressWarnings("ImmutableEnumChecker") // classes are immutable
        private final Class<? extends TNumber> tensor;

        Numbers(String type, Class<? extends TNumber> tensor) {
            this.type = type;
            this.tensor = tensor;
        }

        /** Returns a column {@code x} of some cells, in SQL, each in a row. */
        Dataset<Row> column(SparkSession spark, String... cells) {
            return columns(spark, "x", "inline(array(struct(%s)))".formatted(String.join("), struct(", cells)));
        }

        /** Returns columns of what rows, in SQL, give; numbers are of this type, at every depth. */
        Dataset<Row> columns(SparkSession spark, String names, String rows) {
            Dataset<Row> df = spark.sql("select %s as (%s)".formatted(rows, names));
            for (String name : names.split(",", -1)) {
                String cast = df.schema().apply(name).dataType().catalogString().replaceAll("int|bigint", type);
                df = df.withColumn(name, df.col(name).cast(cast));
            }
            return df;
        }

        Program identity(Shape shape) {
            return identity(tensor, shape);
        }

        private static <T extends TNumber> Program identity(Class<T> type, Shape shape) {
            return Program.build(tf -> outputs("y", tf.identity(placeholder(tf, "x", type, shape))));
        }

        Program sum(Shape shape) {
            return sum(tensor, shape);
        }

        private static <T extends TNumber> Program sum(Class<T> type, Shape shape) {
            return Program.build(tf ->
                    outputs("c", tf.math.add(placeholder(tf, "a", type, shape), placeholder(tf, "b", type, shape))));
        }

        Object number(double value) {
            return switch (this) {
                case INT -> (int) value;
                case LONG -> (long) value;
                case FLOAT -> (float) value;
                case DOUBLE -> value;
            };
        }
    }

    private static void assertSame(Dataset<Row> df, int rows) {
        assertThat(df.select("x", "y").collectAsList())
                .hasSize(rows)
                .allSatisfy(row -> assertThat(row.get(1)).isEqualTo(row.get(0)));
        assertThat(df.schema().apply("y").dataType().catalogString())
                .isEqualTo(df.schema().apply("x").dataType().catalogString());
    }

    @ParameterizedTest
    @EnumSource
    void blocksOfScalars(Numbers numbers, SparkSession spark) {
        assertSame(mapBlocks(numbers.identity(Shape.of(-1))).apply(numbers.column(spark, "1", "2", "3")), 3);
    }

    @ParameterizedTest
    @EnumSource
    void blocksOfVectorsAnalyzedDeclaredOrNeither(Numbers numbers, SparkSession spark) {
        Dataset<Row> df = numbers.column(spark, "array(1, 2)", "array(3, 4)");
        var identity = mapBlocks(numbers.identity(Shape.of(-1, 2)));
        assertSame(identity.apply(analyze(df)), 2);
        assertSame(identity.apply(withShape(df, "x", 2)), 2);
        assertSame(identity.shape("x", 2).apply(df), 2);
        assertSame(identity.apply(df), 2);
    }

    @ParameterizedTest
    @EnumSource
    void blocksOfTwoColumns(Numbers numbers, SparkSession spark) {
        Dataset<Row> scalars = numbers.columns(spark, "a,b", "inline(array(struct(1, 10), struct(2, 20)))");
        assertThat(mapBlocks(numbers.sum(Shape.of(-1))).trim().apply(scalars).collectAsList())
                .extracting(row -> row.get(0))
                .containsExactly(numbers.number(11), numbers.number(22));
        Dataset<Row> vectors = numbers.columns(
                spark, "a,b", "inline(array(struct(array(1), array(10)), struct(array(2), array(20))))");
        for (Dataset<Row> shaped : List.of(vectors, analyze(vectors), withShape(withShape(vectors, "a", 1), "b", 1))) {
            assertThat(mapBlocks(numbers.sum(Shape.of(-1, 1)))
                            .trim()
                            .apply(shaped)
                            .collectAsList())
                    .extracting(row -> row.getList(0))
                    .containsExactly(List.of(numbers.number(11)), List.of(numbers.number(22)));
        }
    }

    @ParameterizedTest
    @EnumSource
    void twoFetchesAddTwoColumns(Numbers numbers, SparkSession spark) {
        Dataset<Row> result = mapBlocks(twoOutputs(numbers.tensor)).apply(numbers.column(spark, "1", "2"));
        assertThat(result.columns()).containsExactly("x", "double", "square");
        assertThat(result.collectAsList().get(1).toSeq().mkString(" "))
                .isEqualTo("%1$s %2$s %2$s".formatted(numbers.number(2), numbers.number(4)));
    }

    private static <T extends TNumber> Program twoOutputs(Class<T> type) {
        return Program.build(tf -> {
            var x = placeholder(tf, "x", type, Shape.of(-1));
            return outputs("double", tf.math.add(x, x)).and("square", tf.math.mul(x, x));
        });
    }

    @ParameterizedTest
    @EnumSource
    void rowsOfAnyCell(Numbers numbers, SparkSession spark) {
        assertSame(mapRows(numbers.identity(Shape.scalar())).apply(numbers.column(spark, "1", "2")), 2);
        Dataset<Row> even = numbers.column(spark, "array(1, 2)", "array(3, 4)");
        assertSame(mapRows(numbers.identity(Shape.of(2))).apply(even), 2);
        assertSame(mapRows(numbers.identity(Shape.of(-1))).apply(even), 2);
        Dataset<Row> ragged = numbers.column(spark, "array(1)", "array(1, 2, 3)", "array()", "array(1, 2)");
        assertSame(mapRows(numbers.identity(Shape.of(-1))).apply(ragged), 4);
    }

    @ParameterizedTest
    @EnumSource
    void rowsOfTwoColumns(Numbers numbers, SparkSession spark) {
        Dataset<Row> scalars = numbers.columns(spark, "a,b", "inline(array(struct(1, 10), struct(2, 20)))");
        assertThat(mapRows(numbers.sum(Shape.scalar())).trim().apply(scalars).collectAsList())
                .extracting(row -> row.get(0))
                .containsExactly(numbers.number(11), numbers.number(22));
        Dataset<Row> ragged = numbers.columns(
                spark, "a,b", "inline(array(struct(array(1), array(10)), struct(array(2, 3), array(20, 30))))");
        assertThat(mapRows(numbers.sum(Shape.of(-1))).trim().apply(ragged).collectAsList())
                .extracting(row -> row.getList(0))
                .containsExactly(List.of(numbers.number(11)), List.of(numbers.number(22), numbers.number(33)));
    }

    @ParameterizedTest
    @EnumSource
    void reductionOfRows(Numbers numbers, SparkSession spark) {
        Program add = Reductions.add(numbers.tensor, Shape.scalar());
        assertThat(reduceRows(add).apply(numbers.column(spark, "1", "2")).get(0))
                .isEqualTo(numbers.number(3));
        assertThat(reduceRows(add)
                        .apply(numbers.column(spark, "1", "2", "3", "4"))
                        .get(0))
                .isEqualTo(numbers.number(10));
    }

    @ParameterizedTest
    @EnumSource
    void reductionOfBlocksBesideOtherColumns(Numbers numbers, SparkSession spark) {
        Program sum = Reductions.sum(numbers.tensor);
        Dataset<Row> df = numbers.column(spark, "1", "2", "3");
        assertThat(reduceBlocks(sum).apply(df).get(0)).isEqualTo(numbers.number(6));
        assertThat(reduceBlocks(sum).apply(df.withColumn("key", lit("a"))).get(0))
                .isEqualTo(numbers.number(6));
    }

    @ParameterizedTest
    @EnumSource
    void reductionOfAnalyzedPartitionsOfDifferentSizes(Numbers numbers, SparkSession spark) {
        Dataset<Row> df = analyze(
                numbers.column(spark, "array(1, 2)").union(numbers.column(spark, "array(3, 4)", "array(5, 6)")));
        assertThat(reduceBlocks(Reductions.sum(numbers.tensor, 2)).apply(df).getList(0))
                .isEqualTo(List.of(numbers.number(9), numbers.number(12)));
    }

    @ParameterizedTest
    @EnumSource
    void aggregationByNumbersAndByStrings(Numbers numbers, SparkSession spark) {
        Dataset<Row> df = numbers.columns(spark, "x", "explode(array(1, 10, 2, 20))")
                .selectExpr("x", "int(x) % 10 = 0 as tens", "if(x < 10, 'a', 'b') as s")
                .selectExpr("x", "s", "int(tens) as k");
        for (String key : List.of("k", "s")) {
            assertThat(aggregate(Reductions.sum(numbers.tensor))
                            .by(key)
                            .apply(df)
                            .orderBy(key)
                            .collectAsList())
                    .extracting(row -> row.get(1))
                    .containsExactly(numbers.number(3), numbers.number(30));
        }
    }

    @ParameterizedTest
    @EnumSource
    void matrices(Numbers numbers, SparkSession spark) {
        for (String cell : List.of("array(array(1))", "array(array(1, 2))", "array(array(1, 2), array(3, 4))")) {
            Dataset<Row> df = numbers.column(spark, cell, cell);
            assertSame(mapBlocks(numbers.identity(Shape.of(-1, -1, -1))).apply(df), 2);
            assertSame(mapRows(numbers.identity(Shape.of(-1, -1))).apply(df), 2);
        }
    }

    @Test
    void aConstantMatrixForEveryRow(SparkSession spark) {
        Program matrix = Program.build(tf -> outputs("m", tf.constant(new double[][] {{1, 2}, {3, 4}, {5, 6}})));
        assertThat(mapRows(matrix)
                        .apply(spark.range(2))
                        .selectExpr("flatten(m)", "size(m)")
                        .collectAsList())
                .hasSize(2)
                .allSatisfy(row -> {
                    assertThat(row.getList(0)).isEqualTo(List.of(1.0, 2.0, 3.0, 4.0, 5.0, 6.0));
                    assertThat(row.getInt(1)).isEqualTo(3);
                });
    }

    @ParameterizedTest
    @EnumSource
    void trimmedToFewerMoreAndAsManyRows(Numbers numbers, SparkSession spark) {
        Dataset<Row> df = numbers.column(spark, "array(1, 2)", "array(3, 4)", "array(5, 6)");
        Dataset<Row> fewer = mapBlocks(repeated(numbers.tensor, 1, 1)).trim().apply(df.coalesce(1));
        Dataset<Row> more = mapBlocks(repeated(numbers.tensor, 3, 3)).trim().apply(df.coalesce(1));
        Dataset<Row> asMany =
                mapBlocks(numbers.identity(Shape.of(-1, 2))).trim().apply(df);
        for (Dataset<Row> trimmed : List.of(fewer, more, asMany)) {
            assertThat(trimmed.schema().simpleString()).isEqualTo("struct<y:array<%s>>".formatted(numbers.type));
        }
        List<Object> first = List.of(numbers.number(1), numbers.number(2));
        assertThat(fewer.collectAsList()).extracting(row -> row.getList(0)).containsExactly(first);
        assertThat(more.collectAsList())
                .hasSize(9)
                .extracting(row -> row.getList(0))
                .startsWith(first);
        assertThat(asMany.collectAsList())
                .hasSize(3)
                .extracting(row -> row.getList(0))
                .startsWith(first);
    }

    /** Gives the first rows of a block, each block a number of times. */
    private static <T extends TNumber> Program repeated(Class<T> type, int rows, int times) {
        return Program.build(tf -> {
            var x = placeholder(tf, "x", type, Shape.of(-1, 2));
            var some = tf.slice(x, tf.constant(new int[] {0, 0}), tf.constant(new int[] {rows, 2}));
            return outputs("y", tf.tile(some, tf.constant(new int[] {times, 1})));
        });
    }

    @Test
    void constantsAreBroadcast(SparkSession spark) {
        Program shifted = Program.build(tf -> {
            var x = placeholder(tf, "x", TFloat64.class, Shape.of(-1, 2));
            return outputs("y", tf.math.add(x, tf.constant(new double[] {10, 20})))
                    .and("z", tf.math.mul(tf.constant(2.0), x));
        });
        Row row = mapBlocks(shifted)
                .apply(Numbers.DOUBLE.column(spark, "array(1, 2)"))
                .collectAsList()
                .get(0);
        assertThat(row.getList(1)).isEqualTo(List.of(11.0, 22.0));
        assertThat(row.getList(2)).isEqualTo(List.of(2.0, 4.0));
    }

    @Test
    void shapesOfTypesAndOfWhatIsAnalyzed(SparkSession spark) {
        Dataset<Row> df = Numbers.DOUBLE.columns(spark, "a,b,c,d,e", """
                inline(array(
                  struct(1, array(1), array(array(1)), array(array(1, 2), array(3, 4), array(5, 6)), array(array(1), array(2))),
                  struct(2, array(2), array(array(2)), array(array(1, 2), array(3, 4), array(5, 6)), array(array(1, 2), array(2, 3)))))""");
        assertThat(explain(df)).containsSubsequence("DT_DOUBLE[?]\n", "DT_DOUBLE[?, ?]\n", "DT_DOUBLE[?, ?, ?]\n");
        assertThat(explain(analyze(df)))
                .containsSubsequence(
                        "DT_DOUBLE[?]\n",
                        "DT_DOUBLE[?, 1]\n",
                        "DT_DOUBLE[?, 1, 1]\n",
                        "DT_DOUBLE[?, 3, 2]\n",
                        "DT_DOUBLE[?, 2, ?]");
    }
}
