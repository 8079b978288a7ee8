package io.tensorbridge.arrow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.spark.ml.linalg.Matrices;
import org.apache.spark.ml.linalg.Matrix;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.mllib.linalg.MatrixUDT;
import org.apache.spark.mllib.linalg.VectorUDT;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.util.GenericArrayData;
import org.apache.spark.sql.execution.RowToColumnConverter;
import org.apache.spark.sql.execution.vectorized.OffHeapColumnVector;
import org.apache.spark.sql.execution.vectorized.OnHeapColumnVector;
import org.apache.spark.sql.execution.vectorized.WritableColumnVector;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.types.UserDefinedType;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Spark ML's vectors and matrices, dense and sparse, as programs see them and as Spark does. */
class LinalgColumnTest {

    private static final BlockLimits PARTS = new BlockLimits(300, 1L << 30, 0);

    private final BlockCopies copies = new BlockCopies();
    private BufferAllocator allocator = new RootAllocator();

    @BeforeEach
    void open() {
        allocator = new RootAllocator();
    }

    @AfterEach
    void close() {
        allocator.close(); // throws if the test left a buffer open
    }

    enum Kind {
        VECTOR(SQLDataTypes.VectorType(), Kind::vector),
        MATRIX(SQLDataTypes.MatrixType(), Kind::matrix),
        OLD_VECTOR(new VectorUDT(), n -> org.apache.spark.mllib.linalg.Vectors.fromML(vector(n))),
        OLD_MATRIX(new MatrixUDT(), n -> org.apache.spark.mllib.linalg.Matrices.fromML(matrix(n)));

        @SuppressWarnings("ImmutableEnumChecker") // Spark's types are immutable, though they do not say so
        private final DataType type;

        @SuppressWarnings("ImmutableEnumChecker") // a function that holds nothing
        private final IntFunction<Object> values;

        Kind(DataType type, IntFunction<Object> values) {
            this.type = type;
            this.values = values;
        }

        private static Vector vector(int n) {
            return n % 3 == 0
                    ? Vectors.sparse(4, new int[] {1, 3}, new double[] {n, -n})
                    : Vectors.dense(n, n + 0.25, n + 0.5, n + 0.75);
        }

        private static Matrix matrix(int n) {
            Matrix dense = Matrices.dense(2, 3, new double[] {n, n + 1, n + 2, n + 3, n + 4, n + 5});
            Matrix flat = Matrices.dense(3, 2, new double[] {n, 0, n + 2, 0, 0, n + 5});
            return switch (n % 4) {
                case 0 -> dense;
                case 1 -> flat.transpose();
                case 2 -> Matrices.sparse(2, 3, new int[] {0, 1, 1, 2}, new int[] {1, 0}, new double[] {n, n + 1});
                default ->
                    Matrices.sparse(3, 2, new int[] {0, 1, 3}, new int[] {2, 0, 1}, new double[] {n, n + 1, n + 2})
                            .transpose();
            };
        }

        boolean isMatrix() {
            return this == MATRIX || this == OLD_MATRIX;
        }

        Object value(int n) {
            return values.apply(n);
        }

        Object expected(int n) {
            if (!isMatrix()) {
                return Arrays.stream(vector(n).toArray()).boxed().toList();
            }
            Matrix matrix = matrix(n);
            return IntStream.range(0, 2)
                    .mapToObj(row -> IntStream.range(0, 3)
                            .mapToObj(column -> matrix.apply(row, column))
                            .toList())
                    .toList();
        }

        Object nines() {
            return isMatrix() ? List.of(List.of(9.0, 9.0, 9.0), List.of(9.0, 9.0, 9.0)) : List.of(9.0, 9.0, 9.0, 9.0);
        }

        @SuppressWarnings("unchecked") // serialises what it is said to
        UserDefinedType<Object> userDefined() {
            return (UserDefinedType<Object>) type;
        }

        BlockColumn column(NullPolicy onNull) {
            return new BlockColumn("v", 1, type, Collections.nCopies(BlockColumn.levels(type), -1), onNull);
        }
    }

    static Stream<Arguments> everyKindFromEverywhere() {
        return Stream.of(Kind.values())
                .flatMap(kind -> Stream.of(
                                Partitions.ROWS, Partitions.UNSAFE_ROWS, Partitions.ON_HEAP, Partitions.OFF_HEAP)
                        .flatMap(partition -> Stream.of(1, 9, 1_000).map(size -> Arguments.of(kind, partition, size))));
    }

    private BlockSource open(
            Partitions partition, List<? extends @Nullable Object> cells, Kind kind, NullPolicy onNull) {
        List<InternalRow> rows = new ArrayList<>();
        for (int n = 0; n < cells.size(); n++) {
            Object cell = cells.get(n);
            rows.add(new GenericInternalRow(new Object[] {
                n,
                cell instanceof InternalRow || cell == null
                        ? cell
                        : kind.userDefined().serialize(cell)
            }));
        }
        var schema = new StructType().add("id", "int").add("v", kind.type);
        if (partition == Partitions.ROWS || partition == Partitions.UNSAFE_ROWS) {
            List<InternalRow> all = partition == Partitions.ROWS ? rows : Partitions.unsafe(rows, schema);
            return BlockSource.ofRows(
                    all.iterator(),
                    schema,
                    List.of(kind.column(onNull)),
                    BlockSource.Keep.ALL,
                    PARTS,
                    allocator,
                    copies);
        }
        var stored =
                new StructType().add("id", "int").add("v", kind.userDefined().sqlType());
        WritableColumnVector[] columns = partition == Partitions.OFF_HEAP
                ? OffHeapColumnVector.allocateColumns(rows.size(), stored)
                : OnHeapColumnVector.allocateColumns(rows.size(), stored);
        var converter = new RowToColumnConverter(stored);
        rows.forEach(row -> converter.convert(row, columns));
        return BlockSource.ofBatches(
                List.of(new ColumnarBatch(columns, rows.size())).iterator(),
                List.of(kind.column(onNull)),
                BlockSource.Keep.ALL,
                PARTS,
                allocator,
                copies);
    }

    @ParameterizedTest(name = "{0} {1} {2}")
    @MethodSource("everyKindFromEverywhere")
    void areListsToProgramsAndThemselvesToSpark(Kind kind, Partitions partition, int size) {
        List<Object> cells = IntStream.range(0, size).mapToObj(kind::value).toList();
        List<Object> fed = new ArrayList<>();
        List<Object> columns = new ArrayList<>();
        try (var source = open(partition, cells, kind, NullPolicy.fail())) {
            while (source.advance()) {
                Block block = source.block();
                var batch = new ColumnarBatch(block.columns().toArray(ColumnVector[]::new), block.rowCount());
                int fields = ((StructType) kind.userDefined().sqlType()).length();
                for (int row = 0; row < block.rowCount(); row++) {
                    fed.add(block.fed().getVector(0).getObject(row));
                    columns.add(kind.userDefined().deserialize(batch.getRow(row).getStruct(1, fields)));
                    assertThat(batch.getRow(row).getInt(0)).isEqualTo(columns.size() - 1);
                }
            }
        }
        assertThat(fed)
                .isEqualTo(IntStream.range(0, size).mapToObj(kind::expected).toList());
        assertThat(columns).isEqualTo(cells);
    }

    @ParameterizedTest(name = "{0} {1} {2}")
    @MethodSource("everyKindFromEverywhere")
    void fillAndDropNulls(Kind kind, Partitions partition, int size) {
        List<@Nullable Object> cells = IntStream.range(0, size)
                .<@Nullable Object>mapToObj(n -> n == 1 || n == 7 ? null : kind.value(n))
                .toList();
        try (var source = open(partition, cells, kind, NullPolicy.fill(9))) {
            source.advance();
            var vector = source.block().fed().getVector(0);
            vector.getValidityBuffer().setOne(0, vector.getValidityBuffer().capacity());
            for (int n = 0; n < Math.min(9, size); n++) {
                assertThat(vector.getObject(n)).isEqualTo(cells.get(n) == null ? kind.nines() : kind.expected(n));
                assertThat(source.block().columns().get(1).isNullAt(n)).isEqualTo(cells.get(n) == null);
            }
        }
        try (var source = open(partition, cells, kind, NullPolicy.dropRow())) {
            int rows = 0;
            while (source.advance()) {
                rows += source.block().rowCount();
            }
            assertThat(rows).isEqualTo(size == 1 ? 1 : size - 2);
        }
    }

    @Test
    void areToBeOfOneSize() {
        assertThatThrownBy(
                        () -> advance(Kind.VECTOR, Vectors.dense(1, 2), Vectors.sparse(3, new int[0], new double[0])))
                .isInstanceOf(BlockException.class)
                .hasMessage(
                        "Cannot feed column 'v': expected 2 values in row 1 of block 0, found 3. Feed vectors of one size, or filter such rows");
        assertThatThrownBy(() -> advance(Kind.MATRIX, Matrices.zeros(2, 3), Matrices.zeros(3, 2)))
                .isInstanceOf(BlockException.class)
                .hasMessage(
                        "Cannot feed column 'v': expected a matrix of shape [2, 3] in row 1 of block 0, found [3, 2]. Feed matrices of one shape, or filter such rows");
    }

    @Test
    void areToFitTheirSize() {
        var indices = new GenericArrayData(new int[] {5});
        var values = new GenericArrayData(new double[] {1});
        assertThatThrownBy(() ->
                        advance(Kind.VECTOR, new GenericInternalRow(new Object[] {(byte) 0, 3, indices, values})))
                .isInstanceOf(BlockException.class)
                .hasMessage(
                        "Cannot feed column 'v': expected a vector whose indices and values fit its size in row 0 of block 0, found others. Make it anew, or filter such rows");
        var ends = new GenericArrayData(new int[] {0, 1, 1});
        assertThatThrownBy(() -> advance(
                        Kind.MATRIX,
                        new GenericInternalRow(new Object[] {(byte) 0, 2, 2, ends, indices, values, false})))
                .isInstanceOf(BlockException.class)
                .hasMessage(
                        "Cannot feed column 'v': expected a matrix whose indices and values fit its size in row 0 of block 0, found others. Make it anew, or filter such rows");
        assertThatThrownBy(() -> advance(
                        Kind.MATRIX, new GenericInternalRow(new Object[] {(byte) 1, 2, 2, null, null, values, false})))
                .isInstanceOf(BlockException.class)
                .hasMessageContaining("expected a matrix whose indices and values fit its size");
    }

    private void advance(Kind kind, Object... cells) {
        try (var source = open(Partitions.ROWS, List.of(cells), kind, NullPolicy.fail())) {
            source.advance();
        }
    }

    @Test
    void areKnownByName() {
        for (Kind kind : Kind.values()) {
            assertThat(BlockColumn.canFeed(kind.type)).isTrue();
            assertThat(BlockColumn.levels(kind.type)).isEqualTo(kind.isMatrix() ? 2 : 1);
            assertThat(BlockColumn.elementType(kind.type)).isEqualTo(DataTypes.DoubleType);
        }
        assertThat(BlockColumn.canFeed(DataTypes.createArrayType(SQLDataTypes.VectorType())))
                .isFalse();
    }
}
