package io.tensorbridge.arrow;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.execution.vectorized.OnHeapColumnVector;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.apache.spark.unsafe.types.UTF8String;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sums by key, each block added up in plain Java and carried into the next. */
class GroupedBlocksTest {

    private static final int BATCH = 100;
    private static final long LARGE = 1L << 20;

    private final BufferAllocator allocator = new RootAllocator();
    private final BlockCopies copies = new BlockCopies();

    @AfterEach
    void close() {
        allocator.close(); // throws if the test left a buffer open
    }

    private record KeyAndValue(boolean isNull, long key, double value) {

        String text() {
            return isNull ? "null" : Long.toString(key);
        }
    }

    private static List<KeyAndValue> random(int rows, int keys) {
        var random = new Random(rows * 31L + keys);
        return IntStream.range(0, rows)
                .mapToObj(n -> new KeyAndValue(
                        random.nextInt(20) == 0, random.nextInt(keys) * 1_000_000_007L, random.nextInt(100)))
                .toList();
    }

    private static Iterator<InternalRow> rows(List<KeyAndValue> data, DataType keyType) {
        return data.stream()
                .<InternalRow>map(row -> new GenericInternalRow(new Object[] {
                    row.isNull() ? null : keyType == DataTypes.LongType ? row.key() : UTF8String.fromString(row.text()),
                    row.value()
                }))
                .iterator();
    }

    private static Iterator<ColumnarBatch> batches(List<KeyAndValue> data, DataType keyType) {
        List<ColumnarBatch> batches = new ArrayList<>();
        for (int from = 0; from < data.size(); from += BATCH) {
            List<KeyAndValue> part = data.subList(from, Math.min(data.size(), from + BATCH));
            var keys = new OnHeapColumnVector(part.size(), keyType);
            var values = new OnHeapColumnVector(part.size(), DataTypes.DoubleType);
            for (int i = 0; i < part.size(); i++) {
                KeyAndValue row = part.get(i);
                values.putDouble(i, row.value());
                if (row.isNull()) {
                    keys.putNull(i);
                } else if (keyType == DataTypes.LongType) {
                    keys.putLong(i, row.key());
                } else {
                    keys.putByteArray(i, UTF8String.fromString(row.text()).getBytes());
                }
            }
            batches.add(new ColumnarBatch(new ColumnVector[] {keys, values}, part.size()));
        }
        return batches.iterator();
    }

    private GroupedBlocks open(
            List<KeyAndValue> data, DataType keyType, boolean columnar, GroupedBlocks.Order order, GroupLimits limits) {
        var keys = List.of(new KeyColumn(0, keyType));
        var fed = List.of(new BlockColumn("x", 1, DataTypes.DoubleType, List.of(), NullPolicy.fail()));
        return columnar
                ? GroupedBlocks.ofBatches(batches(data, keyType), keys, order, fed, limits, allocator, copies)
                : GroupedBlocks.ofRows(rows(data, keyType), keys, order, fed, limits, allocator, copies);
    }

    private static Map<String, Double> sums(List<KeyAndValue> data) {
        Map<String, Double> sums = new HashMap<>();
        data.forEach(row -> sums.merge(row.text(), row.value(), Double::sum));
        return sums;
    }

    /** Does what a program would do: the sum of each group of the block. */
    private VectorSchemaRoot reduce(GroupedBlocks blocks) {
        var sums = new Float8Vector("x", allocator);
        sums.allocateNew(blocks.groupCount());
        var fed = (Float8Vector) blocks.fed().get(0);
        double[] sum = new double[blocks.groupCount()];
        for (int row = 0; row < blocks.rowCount(); row++) {
            sum[blocks.groupOfRow()[row]] += fed.get(row);
        }
        for (int group = 0; group < sum.length; group++) {
            sums.set(group, sum[group]);
        }
        sums.setValueCount(sum.length);
        return VectorSchemaRoot.of(new FieldVector[] {sums});
    }

    private static void collect(ColumnarBatch batch, DataType keyType, Map<String, Double> into) {
        for (int i = 0; i < batch.numRows(); i++) {
            InternalRow row = batch.getRow(i);
            String key = row.isNullAt(0)
                    ? "null"
                    : keyType == DataTypes.LongType
                            ? Long.toString(row.getLong(0))
                            : row.getUTF8String(0).toString();
            into.merge(key, row.getDouble(1), Double::sum);
        }
    }

    @ParameterizedTest(name = "{0} rows of {1} keys in blocks of {2}, keys long {3}, columnar {4}")
    @CsvSource({
        "0, 5, 10, true, false",
        "0, 5, 10, true, true",
        "1, 5, 10, true, false",
        "1, 5, 10, false, true",
        "7, 2, 3, true, true",
        "8, 2, 3, false, false",
        "9, 2, 3, true, false",
        "1000, 37, 64, true, true",
        "1000, 37, 64, true, false",
        "1000, 37, 64, false, true",
        "1000, 37, 64, false, false",
        "20000, 5000, 500, true, true",
        "20000, 5000, 500, false, false"
    })
    void carriesGroupsFromBlockToBlock(int rows, int keys, int blockRows, boolean words, boolean columnar) {
        DataType keyType = words ? DataTypes.LongType : DataTypes.StringType;
        List<KeyAndValue> data = random(rows, keys);
        Map<String, Double> found = new HashMap<>();
        var limits = new GroupLimits(new BlockLimits(blockRows, LARGE, 0), LARGE);
        List<GroupRows> carried = List.of();
        try (var blocks = open(data, keyType, columnar, GroupedBlocks.Order.ANY, limits)) {
            while (blocks.advance(carried)) {
                carried.forEach(before -> before.rows().close());
                carried = List.of(GroupRows.all(reduce(blocks)));
            }
            for (GroupRows last : carried) {
                assertThat(last.count()).isEqualTo(blocks.groupCount());
                collect(blocks.batch(last), keyType, found);
                last.rows().close();
            }
        }
        assertThat(found).isEqualTo(sums(data));
        assertThat(copies.bytes(BlockCopies.Source.ROWS) + copies.bytes(BlockCopies.Source.COLUMNS))
                .isEqualTo(rows * 8L);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void isFullWhenGroupsTakeMoreThanTheyMay(boolean words) {
        DataType keyType = words ? DataTypes.LongType : DataTypes.StringType;
        List<KeyAndValue> data = random(5_000, 1_000);
        Map<String, Double> found = new HashMap<>();
        var limits = new GroupLimits(new BlockLimits(100, LARGE, 0), 2_000);
        int timesFull = 0;
        try (var blocks = open(data, keyType, words, GroupedBlocks.Order.ANY, limits)) {
            while (blocks.advance(List.of())) {
                assertThat(blocks.rowCount()).isLessThanOrEqualTo(100);
                VectorSchemaRoot sums = reduce(blocks);
                timesFull += blocks.isFull() ? 1 : 0;
                collect(blocks.batch(GroupRows.all(sums)), keyType, found);
                sums.close();
                blocks.clearGroups();
                assertThat(blocks.groupCount()).isZero();
            }
        }
        assertThat(timesFull).isPositive();
        assertThat(found).isEqualTo(sums(data));
    }

    @ParameterizedTest
    @CsvSource({
        "1000, 37, 10",
        "1000, 1, 7",
        "1000, 2, 2000",
        "1000, 1000, 64",
        "1000, 1000, 2000",
        "1, 1, 1",
        "0, 1, 1"
    })
    void carriesTheLastGroupOfSortedRows(int rows, int keys, int blockRows) {
        List<KeyAndValue> data = random(rows, keys).stream()
                .sorted(Comparator.comparing(KeyAndValue::text))
                .toList();
        Map<String, Double> found = new HashMap<>();
        int given = 0;
        var limits = new GroupLimits(new BlockLimits(blockRows, LARGE, 0), LARGE);
        List<VectorSchemaRoot> open = new ArrayList<>();
        List<GroupRows> carried = List.of();
        try (var blocks = open(data, DataTypes.StringType, /* columnar= */ false, GroupedBlocks.Order.SORTED, limits)) {
            while (blocks.advance(carried)) {
                assertThat(blocks.rowCount()).isLessThanOrEqualTo(blockRows + 1);
                GroupRows all = GroupRows.all(reduce(blocks));
                open.add(all.rows());
                carried = List.of(all.lastAsFirst());
                given += all.count() - 1;
                collect(blocks.batch(all.withoutLast()), DataTypes.StringType, found);
            }
            for (GroupRows last : carried) {
                given++;
                collect(blocks.batch(last), DataTypes.StringType, found);
            }
        }
        open.forEach(VectorSchemaRoot::close);
        assertThat(found).isEqualTo(sums(data));
        assertThat(given).isEqualTo(found.size());
    }
}
