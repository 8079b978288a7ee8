package io.tensorbridge;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.mapRows;
import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.tensor.ElementType;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.apache.spark.ml.linalg.DenseMatrix;
import org.apache.spark.ml.linalg.Matrices;
import org.apache.spark.ml.linalg.Matrix;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.ndarray.Shape;

/** Spark ML's vectors and matrices, however they hold their values, from everywhere and back. */
@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class MlTypesTest {

    private static final int ROWS = 40;
    private static final Map<CellSource, Dataset<Row>> SOURCES = new EnumMap<>(CellSource.class);

    /** What a column is made of. Vectors have six values, and matrices two rows of three. */
    enum Kind {
        DENSE_VECTOR(n -> Vectors.dense(n, 1, 0, -n, 0.5, 0)),
        SPARSE_VECTOR(n -> Vectors.sparse(6, new int[] {1, 4}, new double[] {n, -0.5})),
        MIXED_VECTOR(n -> n % 2 == 0 ? DENSE_VECTOR.value(n) : SPARSE_VECTOR.value(n)),
        /** Its values lie by columns. */
        DENSE_MATRIX(n -> new DenseMatrix(2, 3, new double[] {n, 0, 1, 2, 0, -n})),
        /** Its values lie by rows. */
        TRANSPOSED_MATRIX(n -> new DenseMatrix(2, 3, new double[] {n, 0, 1, 2, 0, -n}, /* isTransposed= */ true)),
        SPARSE_MATRIX(
                n -> Matrices.sparse(2, 3, new int[] {0, 1, 1, 3}, new int[] {1, 0, 1}, new double[] {n, 0.5, -n})),
        SPARSE_TRANSPOSED_MATRIX(
                n -> Matrices.sparse(3, 2, new int[] {0, 2, 3}, new int[] {0, 2, 1}, new double[] {n, 0.5, -n})
                        .transpose());

        @SuppressWarnings("ImmutableEnumChecker") // a function that holds nothing
        private final IntFunction<Object> values;

        Kind(IntFunction<Object> values) {
            this.values = values;
        }

        Object value(int n) {
            return values.apply(n);
        }

        boolean isMatrix() {
            return name().endsWith("MATRIX");
        }

        /** Returns the values of a cell, row by row. */
        double[] cell(int n) {
            return value(n) instanceof Matrix matrix ? matrix.transpose().toArray() : ((Vector) value(n)).toArray();
        }
    }

    @BeforeAll
    static void readAll(@TempDir Path directory) {
        SparkSession spark = SparkExtension.session();
        CellSource.readSmallBatches(spark);
        List<StructField> fields = new ArrayList<>();
        fields.add(DataTypes.createStructField("id", DataTypes.IntegerType, /* nullable= */ false));
        for (Kind kind : Kind.values()) {
            fields.add(DataTypes.createStructField(
                    kind.name(),
                    kind.isMatrix() ? SQLDataTypes.MatrixType() : SQLDataTypes.VectorType(),
                    /* nullable= */ true));
        }
        List<Row> rows = IntStream.range(0, ROWS)
                .mapToObj(n -> {
                    List<Object> cells = new ArrayList<>(List.of(n));
                    Arrays.stream(Kind.values()).map(kind -> kind.value(n % 7)).forEach(cells::add);
                    return RowFactory.create(cells.toArray());
                })
                .toList();
        Dataset<Row> df = spark.createDataFrame(rows, DataTypes.createStructType(fields));
        for (CellSource source : CellSource.values()) {
            SOURCES.put(source, source.of(df, directory));
        }
    }

    @AfterAll
    static void forgetAll() {
        CellSource.readUsualBatches(SparkExtension.session());
        from(CellSource.CACHED).unpersist(/* blocking= */ true);
        SOURCES.clear();
    }

    private static Dataset<Row> from(CellSource source) {
        return Objects.requireNonNull(SOURCES.get(source));
    }

    /** Vectors as they are, as two rows of three and as three levels; matrices as they are. */
    @ParameterizedTest
    @CsvSource({
        "ROWS, 1",
        "ROWS, 7",
        "ROWS, 1000",
        "CACHED, 7",
        "CACHED, 1000",
        "DICTIONARY_PARQUET, 7",
        "DICTIONARY_PARQUET, 1000",
        "PLAIN_PARQUET, 7",
        "BATCHES, 7",
        "BATCHES, 1000"
    })
    void areComputedWith(CellSource source, int blockRows) {
        for (Shape vector : List.of(Shape.of(6), Shape.of(2, 3), Shape.of(1, 3, 2))) {
            List<Shape> cells = Arrays.stream(Kind.values())
                    .map(kind -> kind.isMatrix() ? Shape.of(2, 3) : vector)
                    .toList();
            Program overRows = CellPrograms.of(ElementType.FLOAT64, cells);
            Program overBlocks = CellPrograms.of(
                    ElementType.FLOAT64,
                    cells.stream().map(cell -> cell.prepend(Shape.UNKNOWN_SIZE)).toList());
            assertTwice(mapBlocks(overBlocks).blockRows(blockRows), vector, source);
            assertTwice(mapRows(overRows).blockRows(blockRows), vector, source);
        }
    }

    private static void assertTwice(MapOperation<?> operation, Shape vector, CellSource source) {
        Kind[] kinds = Kind.values();
        for (int i = 0; i < kinds.length; i++) {
            Kind kind = kinds[i];
            operation = operation.feed("x" + i, kind.name()).fetch("twice" + i, "twice " + kind);
            if (!kind.isMatrix() && vector.numDimensions() > 1) {
                operation = operation.shape(kind.name(), vector.asArray());
            }
        }
        List<Row> rows = operation.apply(from(source)).collectAsList();
        assertThat(rows).hasSize(ROWS);
        for (Row row : rows) {
            int n = row.<Integer>getAs("id") % 7;
            for (Kind kind : kinds) {
                assertThat(CellKind.flat(CellKind.ofSpark(row.getAs("twice " + kind))))
                        .as("%s, row %s", kind, row.get(0))
                        .isEqualTo(twice(kind, n));
                assertThat(row.<Object>getAs(kind.name())).isEqualTo(kind.value(n));
            }
        }
    }

    private static List<Double> twice(Kind kind, int n) {
        return Arrays.stream(kind.cell(n)).mapToObj(x -> 2 * x).toList();
    }

    /** What a program gives may be vectors and matrices again, and feeds another program as such. */
    @ParameterizedTest
    @EnumSource
    void areGivenAgain(CellSource source) {
        Kind[] kinds = Kind.values();
        Program program = CellPrograms.of(
                ElementType.FLOAT64,
                Arrays.stream(kinds)
                        .map(kind -> kind.isMatrix() ? Shape.of(-1, 2, 3) : Shape.of(-1, 6))
                        .toList());
        MapBlocks giving = mapBlocks(program).blockRows(7);
        MapBlocks again = mapBlocks(program);
        for (int i = 0; i < kinds.length; i++) {
            Kind kind = kinds[i];
            String given = "given " + kind;
            giving = giving.feed("x" + i, kind.name()).fetch("same" + i, given);
            giving = kind.isMatrix() ? giving.asMatrix(given) : giving.asVector(given);
            again = again.feed("x" + i, given).fetch("twice" + i, "twice " + kind);
        }
        Dataset<Row> given = giving.apply(from(source));
        for (Row row : again.apply(given).collectAsList()) {
            int n = row.<Integer>getAs("id") % 7;
            for (Kind kind : kinds) {
                // equal by their values, however they hold them
                assertThat(row.<Object>getAs("given " + kind)).isEqualTo(kind.value(n));
                assertThat(CellKind.flat(CellKind.ofSpark(row.getAs("twice " + kind))))
                        .isEqualTo(twice(kind, n));
            }
        }
    }
}
