package io.tensorbridge;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static io.tensorbridge.TensorFrames.withShape;
import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.array_repeat;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.SignatureMismatchException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.ml.classification.LogisticRegression;
import org.apache.spark.ml.feature.VectorAssembler;
import org.apache.spark.ml.linalg.Matrix;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class MlColumnsTest {

    private static Dataset<Row> vectors(Dataset<Row> df, String column) {
        return MlColumns.give(df, Map.of(column, MlForm.VECTOR));
    }

    private static Dataset<Row> matrices(Dataset<Row> df, String column) {
        return MlColumns.give(df, Map.of(column, MlForm.MATRIX));
    }

    private static void assertFails(Dataset<Row> df, String message) {
        assertThatThrownBy(df::collectAsList)
                .hasRootCauseInstanceOf(SignatureMismatchException.class)
                .rootCause()
                .hasMessage(message);
    }

    /** Returns the outputs of a program that gives each row {@code [x, 2x, 3x]}. */
    private static Dataset<Row> outputsOfAProgram(SparkSession spark) {
        Program program = Program.build(tf -> {
            var x = placeholder(tf, "x", TFloat32.class, Shape.of(-1));
            var column = tf.expandDims(x, tf.constant(1));
            return outputs("features", tf.math.mul(column, tf.constant(new float[][] {{1, 2, 3}})));
        });
        Dataset<Row> df = spark.range(0, 1000, 1, 2)
                .select(
                        col("id").cast("float").as("x"),
                        expr("cast(id >= 500 as double)").as("label"));
        return mapBlocks(program).apply(df);
    }

    @ParameterizedTest
    @CsvSource({"float,0", "float,1", "float,7", "float,8", "float,9", "float,1000"})
    @CsvSource({"double,0", "double,1", "double,7", "double,8", "double,9", "double,1000"})
    void givesVectors(String type, int size, SparkSession spark) {
        Dataset<Row> df = spark.range(20)
                .select(array_repeat(col("id").cast(type).plus(lit(0.5f)), size)
                        .cast("array<%s>".formatted(type))
                        .as("a.b"));
        Dataset<Row> given = vectors(df, "a.b");
        assertThat(given.schema().apply("a.b").dataType()).isEqualTo(SQLDataTypes.VectorType());
        List<Row> rows = given.collectAsList();
        for (int i = 0; i < 20; i++) {
            double[] values = new double[size];
            java.util.Arrays.fill(values, i + 0.5);
            assertThat(rows.get(i).<Vector>getAs(0)).isEqualTo(Vectors.dense(values));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"float", "double"})
    void givesMatrices(String type, SparkSession spark) {
        Dataset<Row> df = spark.range(2)
                .select(
                        expr("array(array(1, 2, id), array(4, 5, 6))")
                                .cast("array<array<%s>>".formatted(type))
                                .as("rows"),
                        expr("array(1, 2, id, 4, 5, 6)")
                                .cast("array<%s>".formatted(type))
                                .as("flat"));
        Matrix rows = matrices(df, "rows").collectAsList().get(1).getAs("rows");
        assertThat(rows.numRows()).isEqualTo(2);
        assertThat(rows.numCols()).isEqualTo(3);
        assertThat(rows.apply(0, 1)).isEqualTo(2);
        assertThat(rows.apply(0, 2)).isEqualTo(1);
        assertThat(rows.apply(1, 0)).isEqualTo(4);
        for (long[] shape : new long[][] {{2, 3}, {-1, 3}, {2, -1}}) {
            Matrix flat = matrices(withShape(df, "flat", shape), "flat")
                    .collectAsList()
                    .get(1)
                    .getAs("flat");
            assertThat(flat).isEqualTo(rows);
        }
    }

    @Test
    void emptyArraysOfArraysAreMatricesOfNothing(SparkSession spark) {
        Matrix empty = matrices(
                        spark.range(1)
                                .select(expr("cast(array() as array<array<double>>)")
                                        .as("m")),
                        "m")
                .first()
                .getAs("m");
        assertThat(empty.numRows()).isZero();
        assertThat(empty.numCols()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"CODEGEN_ONLY", "NO_CODEGEN"})
    void nullArraysAreNulls(String mode, SparkSession spark) {
        spark.conf().set("spark.sql.codegen.factoryMode", mode);
        spark.conf().set("spark.sql.codegen.wholeStage", Boolean.toString(mode.equals("CODEGEN_ONLY")));
        try {
            Dataset<Row> df = spark.range(2)
                    .select(expr("if(id = 0, null, array(1D, 2D))").as("x"));
            List<Row> rows = vectors(df, "x").collectAsList();
            assertThat(rows.get(0).isNullAt(0)).isTrue();
            assertThat(rows.get(1).<Vector>getAs(0)).isEqualTo(Vectors.dense(1, 2));
        } finally {
            spark.conf().unset("spark.sql.codegen.factoryMode");
            spark.conf().unset("spark.sql.codegen.wholeStage");
        }
    }

    @Test
    void cellsThatCannotBeGivenFailTheJob(SparkSession spark) {
        Dataset<Row> nulls = spark.range(2)
                .select(
                        expr("array(double(id), null)").as("x"),
                        expr("array(array(double(id), null))").as("m"));
        assertFails(
                vectors(nulls, "x"),
                "Cannot give column 'x' as vectors or matrices: expected no null inside of a cell, found one at position 1 of 2");
        assertFails(
                matrices(nulls, "m"),
                "Cannot give column 'm' as vectors or matrices: expected no null inside of a cell, found one at position 1 of 2");
        assertFails(
                matrices(
                        spark.range(2)
                                .select(expr("array(array(double(id), 2D), array(3D))")
                                        .as("m")),
                        "m"),
                "Cannot give column 'm' as matrices: expected 2 values in row 1 of a cell, as in its first, found 1");
        Dataset<Row> flat =
                spark.range(2).select(expr("array(double(id), 2D, 3D)").as("m"));
        assertFails(
                matrices(withShape(flat, "m", 2, 2), "m"),
                "Cannot give column 'm' as matrices: expected 4 values in a cell, found 3");
        assertFails(
                matrices(withShape(flat, "m", -1, 2), "m"),
                "Cannot give column 'm' as matrices: expected a multiple of 2 values in a cell, found 3");
        assertFails(
                matrices(withShape(flat, "m", -1, 0), "m"),
                "Cannot give column 'm' as matrices: expected a multiple of 0 values in a cell, found 3");
    }

    @Test
    void refusesAllThatDoesNotFitAtOnce(SparkSession spark) {
        Dataset<Row> df = spark.range(1)
                .select(
                        col("id"),
                        array(col("id")).as("longs"),
                        expr("array(array(1D))").as("nested"),
                        expr("array(1D)").as("flat"),
                        lit(null).cast(SQLDataTypes.VectorType()).as("vector"));
        Map<String, MlForm> forms = new LinkedHashMap<>();
        forms.put("x", MlForm.VECTOR);
        forms.put("id", MlForm.MATRIX);
        forms.put("longs", MlForm.VECTOR);
        forms.put("nested", MlForm.VECTOR);
        forms.put("flat", MlForm.MATRIX);
        forms.put("vector", MlForm.VECTOR);
        assertThatThrownBy(() -> MlColumns.give(df, forms))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot give columns as vectors or matrices:
                          - column 'x': expected one of the columns [id, longs, nested, flat, vector], found none of that name. Mend the name
                          - column 'id': expected arrays of arrays of float or double, or flat ones, found bigint
                          - column 'longs': expected array<float> or array<double>, found array<bigint>
                          - column 'nested': expected array<float> or array<double>, found array<array<double>>
                          - column 'flat': expected cells of two dimensions, one of them known, found [?]. Give their shape with shape("flat", …)
                          - column 'vector': expected array<float> or array<double>, found vector""");
    }

    @Test
    void sparkMlTrainsOnThem(SparkSession spark) {
        Dataset<Row> given = vectors(outputsOfAProgram(spark), "features");
        Dataset<Row> assembled = new VectorAssembler()
                .setInputCols(new String[] {"features", "x"})
                .setOutputCol("all")
                .transform(given);
        assertThat(assembled.orderBy("x").collectAsList().get(2).<Vector>getAs("all"))
                .isEqualTo(Vectors.dense(2, 4, 6, 2));
        var model =
                new LogisticRegression().setFeaturesCol("all").setMaxIter(20).fit(assembled);
        assertThat(model.numFeatures()).isEqualTo(4);
        assertThat(model.transform(assembled)
                        .filter(col("prediction").equalTo(col("label")))
                        .count())
                .isGreaterThan(980);
    }

    @Test
    void theAssemblerReadsNoRowToLearnASizeThatIsKnown(SparkSession spark) {
        Dataset<Row> df = outputsOfAProgram(spark);
        var seen = spark.sparkContext().longAccumulator();
        spark.udf()
                .register(
                        "counted",
                        (org.apache.spark.sql.api.java.UDF1<Object, Object>) value -> {
                            seen.add(1);
                            return value;
                        },
                        org.apache.spark.sql.types.DataTypes.createArrayType(
                                org.apache.spark.sql.types.DataTypes.FloatType, false));
        Dataset<Row> counted = withShape(df.select(expr("counted(features)").as("features")), "features", 3);
        new VectorAssembler()
                .setInputCols(new String[] {"features"})
                .setOutputCol("all")
                .transform(vectors(counted, "features"));
        assertThat(seen.value()).isZero();
        new VectorAssembler()
                .setInputCols(new String[] {"features"})
                .setOutputCol("all")
                .transform(vectors(withShape(counted, "features", -1), "features"));
        assertThat(seen.value()).isPositive();
    }

    @Test
    void theyOutliveParquet(SparkSession spark, @TempDir Path directory) {
        String path = directory.resolve("vectors").toString();
        Dataset<Row> given = vectors(outputsOfAProgram(spark), "features");
        given.write().parquet(path);
        Dataset<Row> read = spark.read().parquet(path);
        assertThat(read.schema().apply("features").dataType()).isEqualTo(SQLDataTypes.VectorType());
        assertThat(read.schema().apply("features").metadata())
                .isEqualTo(given.schema().apply("features").metadata());
        assertThat(read.orderBy("x").collectAsList())
                .isEqualTo(given.orderBy("x").collectAsList());
    }

    /** Sees no Spark ML, and reads this module's classes itself, so that they do not see it either. */
    private static final class WithoutSparkMl extends ClassLoader {

        private final ClassLoader all = MlColumnsTest.class.getClassLoader();

        WithoutSparkMl() {
            super(MlColumnsTest.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (name.startsWith("org.apache.spark.ml.")) {
                throw new ClassNotFoundException(name);
            }
            if (!name.startsWith("io.tensorbridge.") || name.startsWith("io.tensorbridge.tensor.")) {
                return super.loadClass(name, resolve);
            }
            synchronized (getClassLoadingLock(name)) {
                Class<?> loaded = findLoadedClass(name);
                return loaded == null ? define(name) : loaded;
            }
        }

        private Class<?> define(String name) throws ClassNotFoundException {
            try (InputStream in = all.getResourceAsStream(name.replace('.', '/') + ".class")) {
                if (in == null) {
                    throw new ClassNotFoundException(name);
                }
                byte[] bytes = in.readAllBytes();
                return defineClass(name, bytes, 0, bytes.length);
            } catch (IOException e) {
                throw new ClassNotFoundException(name, e);
            }
        }
    }

    @Test
    void saysWhatToAddWhereSparkMlIsMissing(SparkSession spark) throws ReflectiveOperationException {
        Dataset<Row> df = spark.range(1).select(expr("array(1D)").as("x"));
        var loader = new WithoutSparkMl();
        Class<?> form = loader.loadClass("io.tensorbridge.MlForm");
        var give = loader.loadClass("io.tensorbridge.MlColumns").getDeclaredMethod("give", Dataset.class, Map.class);
        give.setAccessible(true);
        Map<String, Object> forms = Map.of("x", form.getEnumConstants()[0]);
        assertThatThrownBy(() -> give.invoke(null, df, forms))
                .isInstanceOf(InvocationTargetException.class)
                .cause()
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessage(
                        "Cannot give columns [x] as vectors or matrices: expected Spark ML on the class path, found none. Add org.apache.spark:spark-mllib_2.13");
        Class<?> doors = loader.loadClass("io.tensorbridge.TensorFrames");
        assertThat(doors.getMethod("explain", Dataset.class).invoke(null, df))
                .isEqualTo("root\n |-- x: array<double> (nullable = false) DT_DOUBLE[?, ?]");
    }
}
