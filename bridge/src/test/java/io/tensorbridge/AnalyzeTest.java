package io.tensorbridge;

import static io.tensorbridge.TensorFrames.analyze;
import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static io.tensorbridge.TensorFrames.withShape;
import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.array_repeat;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.map;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.arrow.CellShapes;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.SignatureMismatchException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.ml.linalg.Matrices;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.MetadataBuilder;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class AnalyzeTest {

    /** Returns one column of cells, each in a partition of its own, and some partitions empty. */
    private static Dataset<Row> cells(SparkSession spark, DataType type, List<?> cells) {
        var schema = new StructType(new StructField[] {new StructField("x", type, true, Metadata.empty())});
        List<Row> rows = cells.stream().map(RowFactory::create).toList();
        return spark.createDataFrame(rows, schema).repartition(5);
    }

    private static long[] shape(Dataset<Row> df, String column) {
        return CellShapes.read(df.schema().apply(column).metadata()).orElseThrow();
    }

    static Stream<Arguments> columns() {
        return Stream.of(
                Arguments.of("array<float>", new String[] {"array(1, 2)", "array(3, 4)"}, new long[] {2}),
                Arguments.of("array<int>", new String[] {"array(1, 2)", "array(3)"}, new long[] {-1}),
                Arguments.of("array<bigint>", new String[] {"array(1, 2)", "null", "array(null, 4)"}, new long[] {2}),
                Arguments.of("array<double>", new String[] {"null", "null"}, new long[] {-1}),
                Arguments.of("array<double>", new String[] {}, new long[] {-1}),
                Arguments.of("array<double>", new String[] {"array()", "array()"}, new long[] {-1}),
                Arguments.of("array<double>", new String[] {"array()", "array(1)"}, new long[] {-1}),
                Arguments.of("array<string>", new String[] {"array('a', 'b')", "array('', 'c')"}, new long[] {2}),
                Arguments.of("binary", new String[] {"'abc'", "'def'", "null"}, new long[] {3}),
                Arguments.of("binary", new String[] {"'abc'", "'de'"}, new long[] {-1}),
                Arguments.of("binary", new String[] {"null"}, new long[] {-1}),
                Arguments.of(
                        "array<array<double>>",
                        new String[] {"array(array(1, 2, 3), array(4, 5, 6))", "array(array(1, 2, 3), null)"},
                        new long[] {2, 3}),
                Arguments.of(
                        "array<array<double>>",
                        new String[] {"array(array(1, 2, 3))", "array(array(1, 2, 3), array(1, 2, 3))"},
                        new long[] {-1, 3}),
                Arguments.of(
                        "array<array<double>>", new String[] {"array(array(1, 2, 3), array(1, 2))"}, new long[] {2, -1
                        }),
                Arguments.of(
                        "array<array<double>>",
                        new String[] {"array(array(1, 2))", "array(array(1))"},
                        new long[] {1, -1}),
                Arguments.of("array<array<double>>", new String[] {"array(null, null)"}, new long[] {2, -1}),
                Arguments.of("array<array<double>>", new String[] {"array(array(), array())"}, new long[] {2, -1}),
                Arguments.of("array<array<double>>", new String[] {"array()"}, new long[] {-1, -1}),
                Arguments.of(
                        "array<array<array<int>>>",
                        new String[] {
                            "array(array(array(1), array(2)), array(array(1), array(2)), array(array(1), array(2)))",
                            "array(array(array(1), null), null, array(array(1), array(2)))"
                        },
                        new long[] {3, 2, 1}),
                Arguments.of(
                        "array<array<array<int>>>",
                        new String[] {"array(array(array(1)), array(array(1, 2)))"},
                        new long[] {2, 1, -1}),
                Arguments.of(
                        "array<array<array<array<int>>>>",
                        new String[] {"array(array(array(array(1, 2, 3, 4))))"},
                        new long[] {1, 1, 1, 4}));
    }

    @ParameterizedTest
    @MethodSource("columns")
    void learns(String type, String[] cells, long[] expected, SparkSession spark) {
        Dataset<Row> df = spark.range(0).select(lit(null).cast(type).as("x"));
        for (String cell : cells) {
            df = df.union(spark.range(1).select(expr(cell).cast(type).as("x")));
        }
        assertThat(shape(analyze(df), "x")).containsExactly(expected);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 8, 9, 1000})
    void learnsAnyLength(int length, SparkSession spark) {
        Dataset<Row> df = spark.range(100)
                .select(
                        array_repeat(col("id"), length).as("flat"),
                        array_repeat(array_repeat(col("id"), length), 2).as("nested"),
                        expr("cast(repeat('a', %d) as binary)".formatted(length))
                                .as("bytes"));
        Dataset<Row> analyzed = analyze(df);
        assertThat(shape(analyzed, "flat")).containsExactly(length);
        assertThat(shape(analyzed, "nested")).containsExactly(2, length);
        assertThat(shape(analyzed, "bytes")).containsExactly(length);
    }

    @Test
    void learnsOfVectorsDenseAndSparse(SparkSession spark) {
        var dense = Vectors.dense(1, 2, 3);
        var sparse = Vectors.sparse(3, new int[] {1}, new double[] {5});
        DataType type = SQLDataTypes.VectorType();
        assertThat(shape(analyze(cells(spark, type, Arrays.asList(dense, null, sparse))), "x"))
                .containsExactly(3);
        assertThat(shape(analyze(cells(spark, type, List.of(dense, Vectors.zeros(4)))), "x"))
                .containsExactly(-1);
        assertThat(shape(analyze(cells(spark, type, List.of())), "x")).containsExactly(-1);
        var old = org.apache.spark.mllib.linalg.Vectors.fromML(sparse);
        assertThat(shape(analyze(cells(spark, new org.apache.spark.mllib.linalg.VectorUDT(), List.of(old))), "x"))
                .containsExactly(3);
    }

    @Test
    void learnsOfMatricesDenseAndSparse(SparkSession spark) {
        var dense = Matrices.dense(2, 3, new double[] {1, 2, 3, 4, 5, 6});
        var sparse = Matrices.sparse(2, 3, new int[] {0, 1, 1, 1}, new int[] {0}, new double[] {1});
        DataType type = SQLDataTypes.MatrixType();
        assertThat(shape(analyze(cells(spark, type, List.of(dense, sparse))), "x"))
                .containsExactly(2, 3);
        assertThat(shape(analyze(cells(spark, type, List.of(dense, Matrices.zeros(2, 4)))), "x"))
                .containsExactly(2, -1);
    }

    @Test
    void looksAtEachRowOnce(SparkSession spark) {
        var seen = spark.sparkContext().longAccumulator();
        Dataset<Row> df = spark.range(0, 1000, 1, 3)
                .map(
                        (MapFunction<Long, Long>) id -> {
                            seen.add(1);
                            return id;
                        },
                        Encoders.LONG())
                .select(array(col("value")).as("a"), array(array(col("value"))).as("b"));
        Dataset<Row> analyzed = analyze(df);
        assertThat(seen.value()).isEqualTo(1000);
        assertThat(shape(analyzed, "a")).containsExactly(1);
        assertThat(shape(analyzed, "b")).containsExactly(1, 1);
    }

    @Test
    void keepsAllElseOfTheDataFrame(SparkSession spark) {
        Metadata comment = new MetadataBuilder().putString("comment", "four").build();
        Dataset<Row> df = spark.range(10)
                .select(
                        col("id"),
                        array_repeat(col("id"), 4).as("a.b `c` ä", comment),
                        map(lit("k"), lit(1)).as("tags", comment));
        Dataset<Row> analyzed = analyze(df);
        StructField[] before = df.schema().fields();
        StructField[] after = analyzed.schema().fields();
        assertThat(after[0]).isEqualTo(before[0]);
        assertThat(after[1])
                .isEqualTo(new StructField(
                        before[1].name(), before[1].dataType(), before[1].nullable(), CellShapes.write(comment, 4)));
        assertThat(after[2]).isEqualTo(before[2]);
        assertThat(analyzed.collectAsList()).isEqualTo(df.collectAsList());
        assertThat(analyzed.queryExecution().optimizedPlan().toString())
                .contains("Range (0, 10")
                .doesNotContain("LogicalRDD");
        assertThat(analyzed.filter(col("id").equalTo(3)).count()).isEqualTo(1);
        assertThat(analyzed.join(analyzed.select("id"), "id").count()).isEqualTo(10);
    }

    @Test
    void readsWhatIsCached(SparkSession spark) {
        Dataset<Row> df =
                spark.range(10).select(array_repeat(col("id"), 4).as("x")).cache();
        try {
            Dataset<Row> analyzed = analyze(df);
            assertThat(analyzed.queryExecution().executedPlan().toString()).contains("InMemoryTableScan");
            assertThat(shape(analyzed, "x")).containsExactly(4);
        } finally {
            df.unpersist();
        }
    }

    @Test
    void learnsOfTheColumnsThatAreNamedAlone(SparkSession spark) {
        Dataset<Row> df =
                spark.range(3).select(array(col("id")).as("a"), array(col("id")).as("b"), col("id"));
        Dataset<Row> analyzed = analyze(df, "B", "B");
        assertThat(CellShapes.read(analyzed.schema().apply("a").metadata())).isEmpty();
        assertThat(shape(analyzed, "b")).containsExactly(1);
        assertThat(analyzed.columns()).containsExactly("a", "b", "id");
    }

    @Test
    void runsNoJobWhereNothingHasAShape(SparkSession spark) {
        Dataset<Row> df = spark.range(3)
                .select(
                        expr("id / (id - id)").as("x"),
                        expr("raise_error('ran')").as("y"));
        assertThat(analyze(df).schema()).isEqualTo(df.schema());
    }

    @Test
    void keepsWhatWasDeclaredWhereItAgrees(SparkSession spark) {
        Dataset<Row> df = spark.range(3).select(array_repeat(col("id"), 12).as("x"));
        assertThat(shape(analyze(withShape(df, "x", 3, 4)), "x")).containsExactly(3, 4);
        assertThat(shape(analyze(withShape(df, "x", 3, -1, 2)), "x")).containsExactly(3, 2, 2);
        assertThat(shape(analyze(withShape(df, "x", -1, -1)), "x")).containsExactly(-1, -1);
        assertThat(shape(analyze(withShape(df, "x", 5, 5)), "x")).containsExactly(12);
        assertThat(shape(analyze(withShape(df, "x", 5, -1)), "x")).containsExactly(12);
        assertThat(shape(analyze(withShape(df, "x", 7)), "x")).containsExactly(12);
        assertThat(shape(analyze(withShape(df, "x", 3, 4).limit(0)), "x")).containsExactly(3, 4);
        assertThat(shape(analyze(withShape(df, "x", 7).limit(0)), "x")).containsExactly(7);
    }

    @Test
    void theShapeOutlivesParquet(SparkSession spark, @TempDir Path directory) {
        String path = directory.resolve("shaped").toString();
        analyze(spark.range(3).select(array_repeat(col("id"), 4).as("x")))
                .write()
                .parquet(path);
        assertThat(shape(spark.read().parquet(path), "x")).containsExactly(4);
    }

    @Test
    void tellsAnOperationWhatItNeeds(SparkSession spark) {
        Program wide = Program.build(tf -> {
                    var x = placeholder(tf, "x", TFloat32.class, Shape.of(-1, 5));
                    return outputs("y", tf.math.neg(x));
                })
                .named("wide");
        Dataset<Row> df =
                spark.range(3).select(array_repeat(col("id").cast("float"), 4).as("x"));
        assertThatThrownBy(() -> mapBlocks(wide).apply(analyze(df)))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot run program 'wide' on this DataFrame:
                          - input 'x': expected DT_FLOAT[?, 5], found column 'x' of DT_FLOAT[?, 4]. Feed a column whose cells have that shape""");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "12 | 3, 4 | . Give its cells that shape with shape(\"x\", 3, 4)",
                "12 | -1, 4 | . Give its cells that shape with shape(\"x\", …)",
                "12 | 3, 5 | . Feed a column whose cells have that shape",
                "12 | 3, 2 | . Feed a column whose cells have that shape",
            })
    void aLengthIsNotYetTheShapeThatAProgramWants(int length, String dimensions, String cure, SparkSession spark) {
        long[] cell =
                Stream.of(dimensions.split(", ")).mapToLong(Long::parseLong).toArray();
        Program program = Program.build(tf -> {
                    var x = placeholder(tf, "x", TFloat32.class, Shape.of(-1).append(Shape.of(cell)));
                    return outputs("y", tf.math.neg(x));
                })
                .named("wants");
        Dataset<Row> df = analyze(spark.range(3)
                .select(array_repeat(col("id").cast("float"), length).as("x")));
        assertThatThrownBy(() -> mapBlocks(program).apply(df))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot run program 'wants' on this DataFrame:
                          - input 'x': expected DT_FLOAT[?, %s], found column 'x' of DT_FLOAT[?, %d]%s""".formatted(dimensions.replace("-1", "?"), length, cure));
    }

    @Test
    void refusesAllThatDoesNotFitAtOnce(SparkSession spark) {
        Dataset<Row> df = spark.range(3)
                .select(
                        col("id"),
                        array(col("id")).as("x"),
                        array(col("id")).as("X"),
                        map(lit("k"), lit(1)).as("tags"));
        assertThatThrownBy(() -> analyze(df, "y", "id", "x", "tags"))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot analyze this DataFrame:
                          - column 'y': expected one of the columns [id, x, X, tags], found none of that name. Mend the name
                          - column 'id': expected arrays, binaries, vectors or matrices, found bigint
                          - column 'x': expected one column, found 2. Rename all but one
                          - column 'tags' of type map<string,int> has no tensor form""");
        assertThatThrownBy(() -> analyze(df.drop("id").withColumnRenamed("X", "x")))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot analyze this DataFrame:
                          - column 'x': expected one column, found 2. Rename all but one""");
    }

    @Test
    void refusesStreams(SparkSession spark) {
        Dataset<Row> stream = spark.readStream().format("rate").load();
        assertThatThrownBy(() -> analyze(stream))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessage(
                        "Cannot analyze this DataFrame: expected rows at rest, found a stream. Give cell shapes with withShape(df, \"…\", …), or to an operation with shape(\"…\", …)");
    }
}
