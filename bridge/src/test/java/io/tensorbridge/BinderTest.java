package io.tensorbridge;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.map;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.arrow.NullPolicy;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.Programs;
import io.tensorbridge.tensor.SignatureMismatchException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TUint8;

/** What is refused on the driver, before any job, and what is said of it. */
@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class BinderTest {

    private static final Program PLUS_THREE = Programs.plusThree().named("plus");

    private static Program image(Shape shape) {
        return Program.build(tf -> {
                    var x = placeholder(tf, "image", TFloat32.class, shape);
                    return outputs("y", tf.math.neg(x));
                })
                .named("image");
    }

    private static Dataset<Row> columns(SparkSession spark) {
        return spark.range(3)
                .select(
                        col("id").cast("double").as("x"),
                        col("id").cast("float").as("single"),
                        col("id").as("long"),
                        array(lit(1f), lit(2f)).as("pixels"),
                        array(array(lit(1f)), array(lit(2f))).as("rows"),
                        lit("abc").cast("binary").as("bytes"),
                        map(lit("k"), lit(1)).as("tags"));
    }

    private static void assertRefused(Dataset<Row> df, MapBlocks operation, String... mismatches) {
        var store = df.sparkSession().sparkContext().statusTracker();
        int jobs = store.getJobIdsForGroup(null).length;
        String expected = "Cannot run program '%s' on this DataFrame:\n  - %s"
                .formatted(operation.refinements().program().name(), String.join("\n  - ", mismatches));
        assertThatThrownBy(() -> operation.apply(df))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage(expected);
        assertThat(store.getJobIdsForGroup(null)).hasSize(jobs);
    }

    @Test
    void aColumnThatIsNotThere(SparkSession spark) {
        Dataset<Row> df = columns(spark).drop("x");
        assertRefused(
                df,
                mapBlocks(PLUS_THREE),
                "input 'x': expected a column 'x', found columns [single, long, pixels, rows, bytes, tags]. Bind one with feed(\"x\", \"…\")");
        assertRefused(
                df,
                mapBlocks(PLUS_THREE).feed("x", "measurements"),
                "input 'x': expected a column 'measurements', found columns [single, long, pixels, rows, bytes, tags]. Bind one with feed(\"x\", \"…\")");
    }

    @Test
    void aColumnThatIsThereTwice(SparkSession spark) {
        Dataset<Row> df =
                columns(spark).select(col("x"), col("single").cast("double").as("X"));
        assertRefused(df, mapBlocks(PLUS_THREE), "input 'x': expected one column 'x', found 2. Rename all but one");
        spark.conf().set("spark.sql.caseSensitive", "true");
        try {
            assertThat(mapBlocks(PLUS_THREE).apply(df).columns()).containsExactly("x", "X", "z");
        } finally {
            spark.conf().unset("spark.sql.caseSensitive");
        }
    }

    @Test
    void aColumnOfAnotherType(SparkSession spark) {
        Dataset<Row> df = columns(spark);
        assertRefused(
                df,
                mapBlocks(PLUS_THREE).feed("x", "single"),
                "input 'x': expected DT_DOUBLE[?], found column 'single' of DT_FLOAT[?]. Cast it: col(\"single\").cast(\"double\")");
        assertRefused(
                df,
                mapBlocks(PLUS_THREE).feed("x", "long"),
                "input 'x': expected DT_DOUBLE[?], found column 'long' of DT_INT64[?]. Cast it: col(\"long\").cast(\"double\")");
        assertRefused(
                df,
                mapBlocks(PLUS_THREE).feed("x", "tags"),
                "input 'x': expected DT_DOUBLE[?], found column 'tags' of type map<string,int>, which no tensor can hold. Feed its values: map_values(col(\"tags\"))");
        assertRefused(
                df.withColumn("d", lit("1.5").cast("decimal(10,2)")),
                mapBlocks(PLUS_THREE).feed("x", "d"),
                "input 'x': expected DT_DOUBLE[?], found column 'd' of type decimal(10,2), which no tensor can hold. Cast it: col(\"d\").cast(\"double\")");
    }

    @Test
    void aColumnOfAnotherRank(SparkSession spark) {
        Dataset<Row> df = columns(spark);
        assertRefused(
                df,
                mapBlocks(image(Shape.of(-1, 2, 1))).feed("image", "pixels"),
                "input 'image': expected DT_FLOAT[?, 2, 1], found column 'pixels' of DT_FLOAT[?, ?]. Give its cells that shape with shape(\"pixels\", 2, 1)");
        assertRefused(
                df,
                mapBlocks(image(Shape.of(-1, 2))).feed("image", "rows"),
                "input 'image': expected DT_FLOAT[?, 2], found column 'rows' of DT_FLOAT[?, ?, ?]. Run a program over cells with mapRows, or feed a column of cells of that shape");
        assertRefused(
                df,
                mapBlocks(image(Shape.of(-1))).feed("image", "pixels"),
                "input 'image': expected DT_FLOAT[?], found column 'pixels' of DT_FLOAT[?, ?]. Run a program over cells with mapRows, or feed a column of cells of that shape");
    }

    @Test
    void aShapeThatDoesNotFit(SparkSession spark) {
        Dataset<Row> df = columns(spark);
        assertRefused(
                df,
                mapBlocks(image(Shape.of(-1, 28, 28))).feed("image", "pixels").shape("pixels", 28, 27),
                "input 'image': expected DT_FLOAT[?, 28, 28], found column 'pixels' of DT_FLOAT[?, 28, 27]. Feed a column whose cells have that shape");
        assertRefused(
                df,
                mapBlocks(image(Shape.of(-1, -1, -1))).feed("image", "rows").shape("rows", 1, 2, 3),
                "input 'image': expected cells of shape [1, 2, 3], as declared, found column 'rows' of type array<array<float>>. Mend shape(\"rows\", …)");
        assertRefused(
                df,
                mapBlocks(image(Shape.of(-1, -1))).feed("image", "single").shape("single", 2),
                "input 'image': expected cells of shape [2], as declared, found column 'single' of one value a row. Mend shape(\"single\", …)");
        assertRefused(
                df,
                mapBlocks(PLUS_THREE).shape("y", 2),
                "shape(\"y\", …): expected a column that is fed or new, found 'y' to be neither. Mend the name, or leave it out");
    }

    @Test
    void aCellShapeThatIsUnknown(SparkSession spark) {
        Program bytes = Program.build(tf -> {
                    var x = placeholder(tf, "bytes", TUint8.class, Shape.of(-1, 1, 3));
                    return outputs("y", tf.identity(x));
                })
                .named("bytes");
        assertRefused(
                columns(spark),
                mapBlocks(bytes),
                "input 'bytes': expected DT_UINT8[?, 1, 3], found column 'bytes' of binaries of unknown shape. Give it with shape(\"bytes\", 1, 3)");
        assertRefused(
                columns(spark),
                mapBlocks(image(Shape.of(-1, -1, -1))).feed("image", "pixels").shape("pixels", -1, -1),
                "input 'image': expected one unknown dimension at most, which is all that a flat array tells, found column 'pixels' with cells of [?, ?]. Give their shape with shape(\"pixels\", …)");
    }

    @Test
    void inputsThatCannotBeBlocks(SparkSession spark) {
        assertRefused(
                columns(spark),
                mapBlocks(image(Shape.of(32, 2))).feed("image", "pixels"),
                "input 'image': expected any number of rows, found DT_FLOAT[32, 2], which takes 32 only. Export the program with an unknown first dimension, or run it with mapRows",
                "output 'y': expected one row for each input row, found DT_FLOAT[32, 2]. Use trim() if the program changes the number of rows");
        Program scaled = Program.build(tf -> {
                    var x = placeholder(tf, "x", TFloat64.class, Shape.of(-1));
                    var by = placeholder(tf, "by", TFloat64.class, Shape.scalar());
                    return outputs("z", tf.math.mul(x, by));
                })
                .named("scaled");
        assertRefused(
                columns(spark),
                mapBlocks(scaled).feed("by", "x"),
                "input 'by': expected a dimension of rows, found DT_DOUBLE[], which no column can feed. Feed it with a value: with(\"by\", …), or run the program with mapRows");
    }

    @Test
    void outputsThatClash(SparkSession spark) {
        Dataset<Row> df = columns(spark).withColumnRenamed("long", "Z");
        assertRefused(
                df,
                mapBlocks(PLUS_THREE),
                "output 'z': expected a new column, found 'Z' among those of the DataFrame. Rename it with fetch(\"z\", \"…\")");
        assertRefused(
                df,
                mapBlocks(PLUS_THREE).fetch("z", "tags"),
                "output 'z': expected a new column, found 'tags' among those of the DataFrame. Rename it with fetch(\"z\", \"…\")");
        assertThat(mapBlocks(PLUS_THREE).trim().apply(df).columns()).containsExactly("z");
        Program two = Program.build(tf -> {
                    var x = placeholder(tf, "x", TFloat64.class, Shape.of(-1));
                    return outputs("a", tf.math.neg(x)).and("b", tf.math.abs(x));
                })
                .named("two");
        assertRefused(
                df,
                mapBlocks(two).fetch("a", "y").fetch("b", "Y"),
                "output 'b': expected a column of its own, found 'Y' to be that of output 'a'. Rename it with fetch(\"b\", \"…\")");
    }

    @Test
    void outputsThatCannotBeColumns(SparkSession spark) {
        Program odd = Program.build(tf -> {
                    var x = placeholder(tf, "x", TFloat64.class, Shape.of(-1));
                    return outputs("text", tf.strings.toHashBucketFast(tf.constant("a"), 3L))
                            .and("brain", tf.dtypes.cast(x, TBfloat16.class))
                            .and("total", tf.reduceSum(x, tf.constant(0)))
                            .and("five", tf.reshape(x, tf.constant(new int[] {5})))
                            .and(
                                    "any",
                                    tf.reshape(
                                            x,
                                            placeholder(
                                                    tf, "shape", org.tensorflow.types.TInt32.class, Shape.unknown())));
                })
                .named("odd");
        assertRefused(
                columns(spark),
                mapBlocks(odd).fetch("brain").fetch("total").fetch("five"),
                "output 'brain': expected a type that a column can hold, found DT_BFLOAT16[?]. Cast it in the program, or fetch other outputs with fetch(\"…\")",
                "output 'total': expected a dimension of rows, found DT_DOUBLE[]. Reduce rows with reduceBlocks, or run a program over cells with mapRows",
                "output 'five': expected one row for each input row, found DT_DOUBLE[5]. Use trim() if the program changes the number of rows");
    }

    @Test
    void anOutputOfUnknownRank(SparkSession spark) {
        Program any = Program.build(tf -> {
                    var x = placeholder(tf, "x", TFloat64.class, Shape.unknown());
                    return outputs("y", tf.math.neg(x));
                })
                .named("any");
        assertRefused(
                columns(spark),
                mapBlocks(any),
                "output 'y': expected a known number of dimensions, found DT_DOUBLE of unknown rank. Give the shape of its cells with shape(\"y\", …)");
        assertThat(mapBlocks(any)
                        .shape("y")
                        .apply(columns(spark))
                        .select("y")
                        .first()
                        .getDouble(0))
                .isZero();
    }

    @Test
    void namesThatTheProgramLacks(SparkSession spark) {
        assertRefused(
                columns(spark),
                mapBlocks(PLUS_THREE).feed("xs", "x").fetch("zs", "z"),
                "input 'xs': expected one of the inputs [x], found no input of that name. Mend feed(\"xs\", \"x\")",
                "output 'zs': expected one of the outputs [z], found no output of that name. Mend fetch(\"zs\", \"z\")");
        assertRefused(
                columns(spark),
                mapBlocks(PLUS_THREE).onNull("single", NullPolicy.dropRow()),
                "onNull(\"single\", …): expected one of the columns [x], which are fed, found 'single'. Mend the name, or leave it out");
    }

    @Test
    void aFillThatTheColumnCannotHold(SparkSession spark) {
        Program halves = Program.build(tf -> {
                    var x = placeholder(tf, "long", org.tensorflow.types.TInt64.class, Shape.of(-1));
                    return outputs("z", tf.math.neg(x));
                })
                .named("longs");
        assertRefused(
                columns(spark),
                mapBlocks(halves).onNull(NullPolicy.fill(0.5)),
                "input 'long': Cannot fill nulls of column 'long': expected a value that bigint holds exactly, found 0.5. Mend onNull(…)");
    }

    @Test
    void allMismatchesAtOnce(SparkSession spark) {
        Program iris = Program.build(tf -> {
                    var features = placeholder(tf, "features", TFloat32.class, Shape.of(-1, 3));
                    var mean = placeholder(tf, "mean", TFloat32.class, Shape.of(-1, 3));
                    return outputs("label", tf.math.sub(features, mean));
                })
                .named("iris");
        Dataset<Row> df = spark.range(1)
                .select(
                        col("id"),
                        array(lit(1.0), lit(2.0), lit(3.0)).as("mean"),
                        lit("setosa").as("label"));
        assertRefused(
                df,
                mapBlocks(iris),
                "input 'features': expected a column 'features', found columns [id, mean, label]. Bind one with feed(\"features\", \"…\")",
                "input 'mean': expected DT_FLOAT[?, 3], found column 'mean' of DT_DOUBLE[?, ?]. Cast it: col(\"mean\").cast(\"array<float>\")",
                "output 'label': expected a new column, found 'label' among those of the DataFrame. Rename it with fetch(\"label\", \"…\")");
    }

    @Test
    void argumentsThatAreWrongByThemselves() {
        assertThatThrownBy(() -> mapBlocks(PLUS_THREE).blockRows(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid block size: must be positive, found 0. Mend blockRows(…)");
        assertThatThrownBy(() -> mapBlocks(PLUS_THREE).shape("x", -2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Invalid shape of column 'x': a dimension must be 0 or more, or -1 for unknown, found -2. Mend the dimensions");
        assertThatThrownBy(() -> mapBlocks(PLUS_THREE).feed("x", "a").feed("x", "b"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot set 'x' to 'b': expected it to be set once, found it set to 'a' before. Leave out one of the two");
    }

    @Test
    void configurationThatIsNoNumber(SparkSession spark) {
        for (String value : new String[] {"many", "0", "1000000000000"}) {
            spark.conf().set(TensorFramesOptions.BLOCK_ROWS, value);
            try {
                assertThatThrownBy(() -> mapBlocks(PLUS_THREE).apply(columns(spark)))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage(
                                switch (value) {
                                    case "many" ->
                                        "Invalid spark.tensorbridge.blockRows: must be a number, found 'many'";
                                    case "0" -> "Invalid spark.tensorbridge.blockRows: must be positive, found 0";
                                    default ->
                                        "Invalid spark.tensorbridge.blockRows: must be at most 2147483647, found 1000000000000. Lower it";
                                });
            } finally {
                spark.conf().unset(TensorFramesOptions.BLOCK_ROWS);
            }
        }
    }

    @Test
    void namesAreTakenToTheLetter(SparkSession spark) {
        Dataset<Row> df = columns(spark).withColumnRenamed("x", "a.b `c` ä");
        assertThat(mapBlocks(PLUS_THREE)
                        .feed("x", "a.b `c` ä")
                        .fetch("z", "z.1")
                        .apply(df)
                        .agg(org.apache.spark.sql.functions.sum("`z.1`"))
                        .first()
                        .getDouble(0))
                .isEqualTo(12);
    }

    @Test
    void explainsWhatItWouldDo(SparkSession spark) {
        assertThat(mapBlocks(PLUS_THREE).blockRows(1000).explain(columns(spark)))
                .isEqualTo("""
                        MapBlocks plus@%s
                          feed    x <- column 'x': DT_DOUBLE[?], on null fail
                          fetch   z -> column 'z': DT_DOUBLE[?]
                          result  all columns and the new ones
                          block   at most 1000 rows, about 4194304 bytes, 500 ms a run
                          copies  into the block: 1 bulk copy from rows or Spark's columns, 0 from aligned Arrow columns
                                  block to tensors: 0
                                  tensors to columns: 0
                          device  a GPU if TensorFlow finds one, else the CPU""".formatted(PLUS_THREE.sha256().substring(0, 8)));
    }
}
