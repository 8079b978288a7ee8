package io.tensorbridge.arrow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.complex.impl.UnionListWriter;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.util.GenericArrayData;
import org.apache.spark.sql.execution.vectorized.ConstantColumnVector;
import org.apache.spark.sql.execution.vectorized.OffHeapColumnVector;
import org.apache.spark.sql.execution.vectorized.OnHeapColumnVector;
import org.apache.spark.sql.execution.vectorized.WritableColumnVector;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.vectorized.ArrowColumnVector;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.apache.spark.unsafe.types.UTF8String;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BlockSourceTest {

    private static final long LARGE = 1L << 30;
    private static final DataType FLOATS = new ArrayType(DataTypes.FloatType, true);

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

    private static BlockColumn column(String name, int ordinal, DataType type, Integer... widths) {
        return new BlockColumn(name, ordinal, type, List.of(widths), NullPolicy.fail());
    }

    private static Iterator<InternalRow> rows(int count) {
        return IntStream.range(0, count)
                .<InternalRow>mapToObj(
                        n -> new GenericInternalRow(new Object[] {(double) n, UTF8String.fromString("row " + n)}))
                .iterator();
    }

    private static final StructType SCHEMA =
            new StructType().add("x", DataTypes.DoubleType).add("s", DataTypes.StringType);

    private BlockSource overRows(Iterator<InternalRow> rows, BlockLimits limits) {
        return BlockSource.ofRows(
                rows,
                SCHEMA,
                List.of(column("x", 0, DataTypes.DoubleType)),
                BlockSource.Keep.ALL,
                limits,
                allocator,
                copies);
    }

    private static List<Integer> sizes(BlockSource source) {
        List<Integer> sizes = new ArrayList<>();
        while (source.advance()) {
            sizes.add(source.block().rowCount());
        }
        return sizes;
    }

    @ParameterizedTest(name = "{0} rows in blocks of {1}")
    @CsvSource({"0, 10", "1, 10", "10, 10", "11, 10", "1000, 300", "1000, 5000"})
    void cutsByRows(int rows, int blockRows) {
        try (var source = overRows(rows(rows), new BlockLimits(blockRows, LARGE, 0))) {
            int next = 0;
            while (source.advance()) {
                Block block = source.block();
                assertThat(block.rowCount()).isEqualTo(Math.min(blockRows, rows - next));
                var x = (Float8Vector) block.fed().getVector("x");
                for (int i = 0; i < block.rowCount(); i++, next++) {
                    assertThat(x.get(i)).isEqualTo(next);
                    assertThat(block.columns().get(0).getDouble(i)).isEqualTo(next);
                    assertThat(block.columns().get(1).getUTF8String(i)).hasToString("row " + next);
                }
            }
            assertThat(next).isEqualTo(rows);
            assertThat(copies.bytes(BlockCopies.Source.ROWS)).isEqualTo(rows * 8L);
        }
    }

    @Test
    void cutsByBytesOfFedColumnsAndResults() {
        try (var source = overRows(rows(100), new BlockLimits(1_000, 320, 0))) {
            // the string beside x counts as well, so that kept rows are bounded too
            assertThat(sizes(source)).allMatch(size -> size <= 40).hasSizeGreaterThan(3);
        }
        try (var source = overRows(rows(100), new BlockLimits(1_000, 4_000, 392))) {
            assertThat(sizes(source)).containsOnly(10);
        }
        try (var source = overRows(rows(3), new BlockLimits(1_000, 1, 0))) {
            assertThat(sizes(source)).containsExactly(1, 1, 1);
        }
    }

    @Test
    void cutsSmallerWhenRunsTakeTooLong() {
        try (var source = overRows(rows(10_000), new BlockLimits(1_000, LARGE, 0))) {
            assertThat(source.advance()).isTrue();
            source.ran(2_000_000_000L);
            assertThat(source.advance()).isTrue();
            assertThat(source.block().rowCount()).isEqualTo(250);
            source.ran(100_000_000L);
            assertThat(source.advance()).isTrue();
            assertThat(source.block().rowCount()).isEqualTo(937);
            source.ran(300_000_000L);
            assertThat(source.advance()).isTrue();
            assertThat(source.block().rowCount()).isEqualTo(937);
        }
    }

    @Test
    void beginsWithFewRowsWhereRunsMayTakeLong() {
        try (var source = overRows(rows(10_000), new BlockLimits(1_000, LARGE, 0).beginningWith(2))) {
            assertThat(source.advance()).isTrue();
            assertThat(source.block().rowCount()).isEqualTo(2);
            source.ran(200_000_000L);
            assertThat(source.advance()).isTrue();
            assertThat(source.block().rowCount()).isEqualTo(3);
            source.ran(1_000_000L);
            assertThat(source.advance()).isTrue();
            assertThat(source.block().rowCount()).isEqualTo(192);
            source.ran(1_000_000L);
            assertThat(source.advance()).isTrue();
            assertThat(source.block().rowCount()).isEqualTo(1_000);
        }
    }

    @Test
    void takesNoMoreMemoryThanLargeCellsNeed() {
        int width = 9_000_000; // 256 of these, which is what small cells begin with, would not even have an offset
        Iterator<InternalRow> rows = IntStream.range(0, 2)
                .<InternalRow>mapToObj(n -> new GenericInternalRow(new Object[] {new byte[width]}))
                .iterator();
        try (var source = BlockSource.ofRows(
                rows,
                new StructType().add("b", DataTypes.BinaryType),
                List.of(column("b", 0, DataTypes.BinaryType, width)),
                BlockSource.Keep.NONE,
                new BlockLimits(1_000, 1 << 20, 0),
                allocator,
                copies)) {
            assertThat(sizes(source)).containsExactly(1, 1);
            assertThat(allocator.getPeakMemoryAllocation()).isBetween((long) width, 2L * width);
        }
    }

    @Test
    void boundsABlockWhoseFirstCellsAreNull() {
        Iterator<InternalRow> rows = IntStream.range(0, 1_000)
                .<InternalRow>mapToObj(n ->
                        new GenericInternalRow(new Object[] {n < 3 ? null : new GenericArrayData(new float[1_000])}))
                .iterator();
        try (var source = BlockSource.ofRows(
                rows,
                new StructType().add("a", FLOATS),
                List.of(new BlockColumn("a", 0, FLOATS, List.of(-1), NullPolicy.fill(0))),
                BlockSource.Keep.NONE,
                new BlockLimits(10_000, 100_000, 0),
                allocator,
                copies)) {
            assertThat(sizes(source)).containsOnly(25).hasSize(40);
        }
    }

    @Test
    void cutsBatchesEvenly() {
        var x = new OnHeapColumnVector(1_335, DataTypes.FloatType);
        try (x;
                var source = overBatches(
                        List.of(new ColumnarBatch(new ColumnVector[] {x}, 1_335)),
                        new BlockLimits(1_334, LARGE, 0),
                        column("x", 0, DataTypes.FloatType))) {
            assertThat(sizes(source)).containsExactly(668, 667);
        }
    }

    @Test
    void cutsArrowBatchesWhereTheyCanBeAliased() {
        var x = new Float8Vector("x", allocator);
        x.allocateNew(1_335);
        x.getValidityBuffer().setOne(0, x.getValidityBuffer().capacity());
        x.setValueCount(1_335);
        var batch = new ColumnarBatch(new ColumnVector[] {new ArrowColumnVector(x)}, 1_335);
        try (var source =
                overBatches(List.of(batch), new BlockLimits(1_334, LARGE, 0), column("x", 0, DataTypes.DoubleType))) {
            assertThat(sizes(source)).containsExactly(704, 631);
        }
    }

    @Test
    void doesNotOverwriteWhatSomebodyHasKept() {
        try (var source = overRows(rows(30), new BlockLimits(10, LARGE, 0))) {
            source.advance();
            var kept = source.block().fed().getVector("x").getDataBuffer();
            kept.getReferenceManager().retain();
            source.advance();
            assertThat(kept.getDouble(8)).isEqualTo(1);
            assertThat(((Float8Vector) source.block().fed().getVector("x")).get(1))
                    .isEqualTo(11);
            long address = source.block().fed().getVector("x").getDataBuffer().memoryAddress();
            assertThat(address).isNotEqualTo(kept.memoryAddress());
            kept.getReferenceManager().release();
            source.advance();
            // nobody keeps this one, so it is used again
            assertThat(source.block().fed().getVector("x").getDataBuffer().memoryAddress())
                    .isEqualTo(address);
        }
    }

    @Test
    void nestsArraysToAnyDepth() {
        DataType type = new ArrayType(new ArrayType(new ArrayType(DataTypes.IntegerType, true), true), true);
        Iterator<InternalRow> rows = IntStream.range(0, 500)
                .<InternalRow>mapToObj(n -> new GenericInternalRow(new Object[] {cube(n)}))
                .iterator();
        try (var source = BlockSource.ofRows(
                rows,
                new StructType().add("c", type),
                List.of(column("c", 0, type, -1, -1, -1)),
                BlockSource.Keep.ALL,
                new BlockLimits(400, LARGE, 0),
                allocator,
                copies)) {
            source.advance();
            FieldVector cubes = source.block().fed().getVector("c");
            assertThat(cubes.getObject(399)).hasToString("[[[3990,3991,3992],[3993,3994,3995]]]");
            source.advance();
            assertThat(source.block().fed().getVector("c").getObject(0))
                    .hasToString("[[[4000,4001,4002],[4003,4004,4005]]]");
            assertThat(source.block()
                            .columns()
                            .get(0)
                            .getArray(1)
                            .getArray(0)
                            .getArray(1)
                            .getInt(2))
                    .isEqualTo(4015);
            assertThat(source.advance()).isFalse();
        }
    }

    private static GenericArrayData cube(int n) {
        var first = new GenericArrayData(new int[] {n * 10, n * 10 + 1, n * 10 + 2});
        var second = new GenericArrayData(new int[] {n * 10 + 3, n * 10 + 4, n * 10 + 5});
        return new GenericArrayData(new Object[] {new GenericArrayData(new Object[] {first, second})});
    }

    private BlockSource overBatches(List<ColumnarBatch> batches, BlockLimits limits, BlockColumn... fed) {
        return BlockSource.ofBatches(batches.iterator(), List.of(fed), BlockSource.Keep.ALL, limits, allocator, copies);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void copiesSparksVectorsInBulk(boolean offHeap) {
        int rows = 1_000;
        WritableColumnVector x = offHeap
                ? new OffHeapColumnVector(rows, DataTypes.LongType)
                : new OnHeapColumnVector(rows, DataTypes.LongType);
        WritableColumnVector a = offHeap ? new OffHeapColumnVector(rows, FLOATS) : new OnHeapColumnVector(rows, FLOATS);
        try (x;
                a) {
            for (int row = 0; row < rows; row++) {
                x.putLong(row, row);
                for (int i = 0; i < 3; i++) {
                    a.arrayData().appendFloat(row + i / 4f);
                }
                a.putArray(row, row * 3, 3);
            }
            var batch = new ColumnarBatch(new ColumnVector[] {x, a}, rows);
            try (var source = overBatches(
                    List.of(batch),
                    new BlockLimits(300, LARGE, 0),
                    column("x", 0, DataTypes.LongType),
                    column("a", 1, FLOATS, -1))) {
                int next = 0;
                while (source.advance()) {
                    var longs = (BigIntVector) source.block().fed().getVector("x");
                    var lists = (ListVector) source.block().fed().getVector("a");
                    for (int i = 0; i < source.block().rowCount(); i++, next++) {
                        assertThat(longs.get(i)).isEqualTo(next);
                        assertThat(lists.getObject(i)).isEqualTo(List.of((float) next, next + 0.25f, next + 0.5f));
                    }
                }
                assertThat(next).isEqualTo(rows);
                assertThat(copies.bytes(BlockCopies.Source.COLUMNS)).isEqualTo(rows * (8L + 12));
            }
        }
    }

    @Test
    void readsConstantColumns() {
        var constant = new ConstantColumnVector(50, DataTypes.DoubleType);
        constant.setDouble(4.5);
        try (var source = overBatches(
                List.of(new ColumnarBatch(new ColumnVector[] {constant}, 50)),
                new BlockLimits(1_000, LARGE, 0),
                column("x", 0, DataTypes.DoubleType))) {
            source.advance();
            assertThat(((Float8Vector) source.block().fed().getVector("x")).get(49))
                    .isEqualTo(4.5);
        }
    }

    @Test
    void takesArrowColumnsAsTheyAreAndClosesTheirBatch() {
        var x = new Float8Vector("x", allocator);
        x.allocateNew(100);
        for (int row = 0; row < 100; row++) {
            x.set(row, row);
        }
        x.setValueCount(100);
        long address = x.getDataBuffer().memoryAddress();
        var batch = new ColumnarBatch(new ColumnVector[] {new ArrowColumnVector(x)}, 100);
        try (var source =
                overBatches(List.of(batch), new BlockLimits(64, LARGE, 0), column("x", 0, DataTypes.DoubleType))) {
            source.advance();
            assertThat(source.block().fed().getVector("x").getDataBuffer().memoryAddress())
                    .isEqualTo(address);
            source.advance();
            assertThat(source.block().rowCount()).isEqualTo(36);
            assertThat(source.block().fed().getVector("x").getDataBuffer().memoryAddress())
                    .isEqualTo(address + 64 * 8);
            assertThat(source.block().columns().get(0).getDouble(35)).isEqualTo(99);
            assertThat(source.advance()).isFalse();
        }
        for (var source : BlockCopies.Source.values()) {
            assertThat(copies.bytes(source)).isZero();
        }
    }

    @Test
    void takesSlicesOfArrowListsAsTheyAre() {
        ListVector lists = ListVector.empty("a", allocator);
        UnionListWriter writer = lists.getWriter();
        writer.allocate();
        for (int row = 0; row < 10; row++) {
            writer.startList();
            writer.float4().writeFloat4(row);
            writer.float4().writeFloat4(row + 0.5f);
            writer.endList();
        }
        lists.setValueCount(10);
        var batch = new ColumnarBatch(new ColumnVector[] {new ArrowColumnVector(lists)}, 10);
        try (var source = overBatches(List.of(batch), new BlockLimits(4, LARGE, 0), column("a", 0, FLOATS, -1))) {
            source.advance();
            source.advance();
            assertThat(((ListVector) source.block().fed().getVector("a")).getObject(0))
                    .isEqualTo(List.of(4f, 4.5f));
            assertThat(source.block().columns().get(0).getArray(2).getFloat(1)).isEqualTo(6.5f);
            assertThat(source.block().rowCount()).isEqualTo(3); // 4 + 3 + 3, rather than 4 + 4 + 2
            assertThat(source.advance()).isTrue();
            assertThat(source.block().rowCount()).isEqualTo(3);
        }
    }

    @Test
    void freesABatchThatIsLeftHalfRead() {
        var x = new Float8Vector("x", allocator);
        x.allocateNew(100);
        x.setValueCount(100);
        x.getValidityBuffer().setOne(0, x.getValidityBuffer().capacity());
        var batch = new ColumnarBatch(new ColumnVector[] {new ArrowColumnVector(x)}, 100);
        try (var source =
                overBatches(List.of(batch), new BlockLimits(10, LARGE, 0), column("x", 0, DataTypes.DoubleType))) {
            source.advance();
        }
        assertThat(allocator.getAllocatedMemory()).isZero();
    }

    @Test
    void saysWhatItIsAskedTooEarly() {
        try (var source = overRows(rows(1), new BlockLimits(10, LARGE, 0))) {
            assertThatThrownBy(source::block)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("There is no block: advance() was not called, or returned false");
        }
    }

    @Test
    void refusesArgumentsThatAreWrongByThemselves() {
        assertThatThrownBy(() -> new BlockLimits(0, 1, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid block size: must be positive, found 0 rows");
        assertThatThrownBy(() -> new BlockLimits(1, 1, 0).beginningWith(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid first block size: must be positive, found 0 rows");
        assertThatThrownBy(() -> new BlockColumn(
                        "x", 0, DataTypes.DoubleType, List.of(), NullPolicy.fill(9_007_199_254_740_993L)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot fill nulls of column 'x': expected a value that double holds exactly, found 9007199254740993. Mend onNull(…)");
        assertThatThrownBy(() -> column("x", 0, FLOATS))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid column 'x': expected 1 widths for array<float>, found []");
        assertThatThrownBy(() ->
                        new BlockColumn("x", 0, DataTypes.IntegerType, List.of(), NullPolicy.fill(3_000_000_000L)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot fill nulls of column 'x': expected a value that int holds exactly, found 3000000000. Mend onNull(…)");
    }
}
