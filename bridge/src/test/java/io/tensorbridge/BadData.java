package io.tensorbridge;

import static io.tensorbridge.BadInput.driver;
import static io.tensorbridge.BadInput.executor;
import static io.tensorbridge.BadInput.mismatch;
import static io.tensorbridge.BadInput.result;
import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.mapRows;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static io.tensorbridge.TensorFrames.reduceBlocks;
import static io.tensorbridge.TensorFrames.withShape;
import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.arrow.NullPolicy;
import io.tensorbridge.tensor.ElementType;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.Programs;
import java.util.List;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/** Cells that are not what they should be, and some that look like it. */
final class BadData {

    static final Program PLUS = Programs.plusThree().named("plus");
    static final Program TOTAL = Program.build(tf -> {
                var x = placeholder(tf, "x", TFloat32.class, Shape.of(-1, -1));
                return outputs("y", tf.reduceSum(x, tf.constant(1)));
            })
            .named("total");
    private static final Program DEEP = negate(TFloat32.class, Shape.of(-1, -1, -1, -1));
    private static final Program TEXT =
            Programs.identity(ElementType.STRING, Shape.of(-1)).named("text");
    private static final Program BYTES =
            Programs.identity(ElementType.UINT8, Shape.of(-1, 3)).named("bytes");

    private static final String PAD = ". Pad such arrays with pad(\"x\"), or run a program over cells with mapRows";

    private BadData() {}

    /** {@code y = -x}. */
    static <T extends TNumber> Program negate(Class<T> type, Shape block) {
        return Program.build(tf -> outputs("y", tf.math.neg(placeholder(tf, "x", type, block))))
                .named("negate");
    }

    private static Dataset<Row> column(SparkSession spark, String x) {
        return spark.range(0, 10, 1, 1).selectExpr(x + " as x");
    }

    static List<BadInput> cases() {
        return List.of(
                executor(
                        1,
                        "a null in a numeric column",
                        spark -> mapBlocks(PLUS)
                                .apply(column(spark, "if(id = 5, null, double(id))"))
                                .collectAsList(),
                        "Cannot feed column 'x': expected a value in row 5 of block 0, found null. Fill or drop nulls with onNull(…)"),
                executor(
                        2,
                        "a null inside of an array",
                        spark -> mapBlocks(TOTAL)
                                .apply(column(spark, "array(1F, if(id = 3, null, 2F))"))
                                .collectAsList(),
                        "Cannot feed column 'x': expected a value at position 1 of row 3 of block 0, found null. Fill or drop nulls with onNull(…)"),
                executor(
                        3,
                        "nothing but nulls",
                        spark -> mapBlocks(PLUS)
                                .apply(column(spark, "cast(null as double)"))
                                .collectAsList(),
                        "Cannot feed column 'x': expected a value in row 0 of block 0, found null. Fill or drop nulls with onNull(…)"),
                executor(
                        3,
                        "nothing but nulls to fill, of no known shape",
                        spark -> mapBlocks(TOTAL)
                                .onNull(NullPolicy.fill(0))
                                .apply(column(spark, "cast(null as array<float>)"))
                                .collectAsList(),
                        "Cannot feed column 'x': expected a cell that tells the shape of all in block 0, found nulls alone. Give the shape with shape(\"x\", …)"),
                result(4, "NaN and infinities, which pass through", BadData::keepsWhatIsNoNumber),
                result(5, "no rows", BadData::keepsTheSchemaOfNoRows),
                result(6, "partitions without rows", spark -> {
                    Dataset<Row> mapped =
                            mapBlocks(PLUS).apply(spark.range(0, 2, 1, 8).selectExpr("double(id) as x"));
                    assertThat(mapped.collectAsList())
                            .extracting(row -> row.getDouble(1))
                            .containsExactly(3.0, 4.0);
                    assertThat(RunMetrics.of(mapped).blocks()).isEqualTo(2);
                }),
                executor(
                        7,
                        "an empty array among others",
                        spark -> mapBlocks(TOTAL)
                                .apply(column(spark, "if(id = 2, cast(array() as array<float>), array(1F))"))
                                .collectAsList(),
                        "Cannot feed column 'x': expected 1 values in row 2 of block 0, found 0" + PAD),
                executor(
                        7,
                        "an empty array of arrays",
                        spark -> mapBlocks(DEEP)
                                .apply(column(spark, "cast(array() as array<array<array<float>>>)"))
                                .collectAsList(),
                        "Cannot feed column 'x': expected a cell that tells the shape of all in row 0 of block 0, found an empty array of arrays. Give the shape with shape(\"x\", …)"),
                executor(
                        8,
                        "arrays of several lengths",
                        spark -> mapBlocks(TOTAL)
                                .apply(column(spark, "if(id = 4, array(1F, 2F), array(1F, 2F, 3F))"))
                                .collectAsList(),
                        "Cannot feed column 'x': expected 3 values in row 4 of block 0, found 2" + PAD),
                result(8, "arrays of several lengths, padded or row by row", BadData::padsOrRunsRowByRow),
                result(9, "arrays whose lengths differ between partitions alone, mapped", spark -> {
                    Dataset<Row> df = spark.range(0, 2, 1, 2).selectExpr("array_repeat(1F, int(2 + id)) as x");
                    assertThat(mapBlocks(TOTAL).apply(df).collectAsList())
                            .extracting(row -> row.<Float>getAs("y"))
                            .containsExactly(2F, 3F);
                }),
                executor(
                        9,
                        "arrays whose lengths differ between partitions alone, reduced",
                        spark -> reduceBlocks(Reductions.sum(TFloat32.class, -1))
                                .apply(spark.range(0, 2, 1, 2).selectExpr("array_repeat(1F, int(2 + id)) as x")),
                        "Cannot feed column 'x': expected 2 values in row 1 of block 0, found 3" + PAD),
                result(
                        10,
                        "arrays of a length that nobody told",
                        spark -> assertThat(mapBlocks(negate(TFloat32.class, Shape.of(-1, 3)))
                                        .apply(column(spark, "array(1F, 2F, 3F)"))
                                        .collectAsList())
                                .hasSize(10)),
                executor(
                        10,
                        "arrays of a length that nobody told, and that is another",
                        spark -> mapBlocks(negate(TFloat32.class, Shape.of(-1, 3)))
                                .apply(column(spark, "array(1F, 2F)"))
                                .collectAsList(),
                        "Cannot feed column 'x': expected 3 values in row 0 of block 0, found 2" + PAD),
                mismatch(
                        10,
                        "arrays that are told to be of another length",
                        spark -> mapBlocks(negate(TFloat32.class, Shape.of(-1, 3)))
                                .apply(withShape(column(spark, "array(1F, 2F)"), "x", 2)),
                        "negate",
                        "input 'x': expected DT_FLOAT[?, 3], found column 'x' of DT_FLOAT[?, 2]. Feed a column whose cells have that shape"),
                executor(
                        11,
                        "an array of another length, three levels deep",
                        spark -> mapBlocks(DEEP)
                                .apply(column(
                                        spark, "array(array(array(1F, 2F), if(id = 4, array(3F), array(3F, 4F))))"))
                                .collectAsList(),
                        "Cannot feed column 'x': expected 2 values in row 4 of block 0, found 1" + PAD),
                result(16, "booleans, which are copied", BadData::copiesBooleans),
                result(20, "strings of any bytes", BadData::keepsStrings),
                result(
                        21,
                        "empty binaries as strings",
                        spark -> assertThat(mapBlocks(TEXT)
                                        .apply(column(spark, "unhex('')"))
                                        .filter("y = ''")
                                        .count())
                                .isEqualTo(10)),
                executor(
                        21,
                        "an empty binary among others",
                        spark -> mapBlocks(BYTES)
                                .shape("x", 3)
                                .apply(column(spark, "if(id = 6, unhex(''), unhex('010203'))"))
                                .collectAsList(),
                        "Cannot feed column 'x': expected 3 values in row 6 of block 0, found 0. Mend shape(\"x\", …), or filter such rows"),
                result(22, "sparse vectors", spark -> {
                    Dataset<Row> df =
                            vectors(spark, Vectors.sparse(3, new int[] {1}, new double[] {2}), Vectors.dense(4, 5, 6));
                    assertThat(mapBlocks(negate(TFloat64.class, Shape.of(-1, 3)))
                                    .apply(df)
                                    .selectExpr("y[0] + 10 * y[1] + 100 * y[2]")
                                    .collectAsList())
                            .extracting(row -> row.getDouble(0))
                            .containsExactly(-20.0, -654.0);
                }),
                executor(
                        22,
                        "a vector of another size",
                        spark -> mapBlocks(negate(TFloat64.class, Shape.of(-1, -1)))
                                .apply(vectors(spark, Vectors.dense(1, 2, 3), Vectors.dense(4)))
                                .collectAsList(),
                        "Cannot feed column 'x': expected 3 values in row 1 of block 0, found 1. Feed vectors of one size, or filter such rows"),
                result(24, "more bytes than a block may have, even in one row", BadData::splitsBlocks),
                driver(
                        25,
                        "more rows in a block than can be counted",
                        spark -> {
                            spark.conf().set(TensorFramesOptions.BLOCK_ROWS, "1000000000000");
                            try {
                                mapBlocks(PLUS).apply(column(spark, "double(id)"));
                            } finally {
                                spark.conf().unset(TensorFramesOptions.BLOCK_ROWS);
                            }
                        },
                        "Invalid spark.tensorbridge.blockRows: must be at most 2147483647, found 1000000000000. Lower it"));
    }

    private static Dataset<Row> vectors(SparkSession spark, org.apache.spark.ml.linalg.Vector... vectors) {
        return spark.createDataFrame(
                        List.of(vectors).stream().<Row>map(RowFactory::create).toList(),
                        new StructType().add("x", SQLDataTypes.VectorType()))
                .coalesce(1);
    }

    private static void keepsWhatIsNoNumber(SparkSession spark) {
        Dataset<Row> df = spark.sql(
                "select x from values (double('NaN')), (double('Infinity')), (double('-Infinity')), (-0D) as t(x)");
        assertThat(mapBlocks(negate(TFloat64.class, Shape.of(-1))).apply(df).collectAsList())
                .extracting(row -> row.getDouble(1))
                .containsExactly(Double.NaN, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY, 0.0);
    }

    private static void keepsTheSchemaOfNoRows(SparkSession spark) {
        Dataset<Row> none = column(spark, "double(id)").filter("x < 0");
        Dataset<Row> mapped = mapBlocks(PLUS).apply(none);
        assertThat(mapped.schema().simpleString()).isEqualTo("struct<x:double,z:double>");
        assertThat(mapped.collectAsList()).isEmpty();
        assertThat(reduceBlocks(Reductions.sum(TFloat64.class)).apply(none).isNullAt(0))
                .isTrue();
    }

    private static void padsOrRunsRowByRow(SparkSession spark) {
        Dataset<Row> df = column(spark, "array_repeat(1F, int(id))");
        Program row = Program.build(tf ->
                outputs("y", tf.reduceSum(placeholder(tf, "x", TFloat32.class, Shape.of(-1)), tf.constant(0))));
        for (Dataset<Row> total :
                List.of(mapBlocks(TOTAL).pad("x").apply(df), mapRows(row).apply(df))) {
            assertThat(total.filter("y <> size(x)").count()).isZero();
        }
    }

    private static void copiesBooleans(SparkSession spark) {
        Dataset<Row> df = spark.range(0, 1_000, 1, 1).selectExpr("id % 3 = 0 as x");
        Program same = Programs.identity(ElementType.BOOL, Shape.of(-1));
        for (Dataset<Row> source : List.of(df, df.cache())) {
            assertThat(mapBlocks(same)
                            .blockRows(9)
                            .apply(source)
                            .filter("x = y")
                            .count())
                    .isEqualTo(1_000);
        }
        df.unpersist(true);
    }

    private static void keepsStrings(SparkSession spark) {
        Dataset<Row> df = spark.range(0, 5, 1, 1).selectExpr("""
                        case id when 0 then '' when 1 then 'a\\u0000b' when 2 then '\\uD83D\\uDE00 ä'
                            when 3 then cast(unhex('ff00fe') as string) else repeat('x', 104857600) end as x""");
        assertThat(mapBlocks(TEXT)
                        .apply(df)
                        .filter("cast(x as binary) = cast(y as binary)")
                        .count())
                .isEqualTo(5);
    }

    private static void splitsBlocks(SparkSession spark) {
        spark.conf().set(TensorFramesOptions.BLOCK_BYTES, "100");
        try {
            Dataset<Row> mapped = mapBlocks(TOTAL).apply(column(spark, "array_repeat(1F, 1000)"));
            assertThat(mapped.filter("y = 1000").count()).isEqualTo(10);
            assertThat(mapped.collectAsList()).hasSize(10);
            assertThat(RunMetrics.of(mapped).blocks()).isEqualTo(10);
        } finally {
            spark.conf().unset(TensorFramesOptions.BLOCK_BYTES);
        }
    }
}
