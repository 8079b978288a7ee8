package io.tensorbridge.arrow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every kind of cell, from everywhere, into blocks and back into Spark's columns. */
class CellTypesTest {

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

    static Stream<Arguments> everyCellFromEverywhere() {
        return CellTable.all()
                .flatMap(cells -> Stream.of(Partitions.values()).map(partition -> Arguments.of(cells, partition)));
    }

    static Stream<Arguments> inEverySize() {
        return everyCellFromEverywhere()
                .flatMap(each -> IntStream.of(0, 1, 7, 8, 9, 1_000)
                        .mapToObj(size -> Arguments.of(each.get()[0], each.get()[1], size)));
    }

    /** What a program sees of all blocks, and what Spark does. */
    private record Seen(List<@Nullable Object> fed, List<@Nullable Object> columns, List<Integer> ids) {}

    private Seen read(CellTable cells, BlockSource source) {
        return read(cells, source, CellTypesTest::forgetNulls);
    }

    private Seen read(CellTable cells, BlockSource source, Consumer<FieldVector> before) {
        var seen = new Seen(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        while (source.advance()) {
            Block block = source.block();
            var batch = new ColumnarBatch(block.columns().toArray(ColumnVector[]::new), block.rowCount());
            for (int row = 0; row < block.rowCount(); row++) {
                seen.columns.add(CellTable.ofSpark(batch.getRow(row), 1, cells.type()));
                seen.ids.add(batch.getRow(row).getInt(0));
            }
            FieldVector fed = block.fed().getVector(0);
            before.accept(fed);
            for (int row = 0; row < block.rowCount(); row++) {
                seen.fed.add(cells.ofArrow(fed.getObject(row)));
            }
        }
        return seen;
    }

    /** Makes the values visible that lie where Spark is to see nulls. */
    private static void forgetNulls(FieldVector vector) {
        vector.getValidityBuffer().setOne(0, vector.getValidityBuffer().capacity());
        if (vector instanceof ListVector list) {
            forgetNulls(list.getDataVector());
        }
    }

    @ParameterizedTest(name = "{0} {1} {2}")
    @MethodSource("inEverySize")
    void goThereAndBack(CellTable cells, Partitions partition, int size) {
        List<Object> all = IntStream.range(0, size).mapToObj(cells::cell).toList();
        try (var source = partition.open(all, cells.column(1, NullPolicy.fail()), PARTS, allocator, copies)) {
            Seen seen = read(cells, source);
            assertThat(seen.fed).isEqualTo(all);
            assertThat(seen.columns).isEqualTo(all);
            assertThat(seen.ids).isEqualTo(IntStream.range(0, size).boxed().toList());
        }
        boolean isTakenAsItIs = partition == Partitions.ARROW && cells.leaf() != CellTable.Leaf.BOOLEAN;
        for (var source : BlockCopies.Source.values()) {
            if (isTakenAsItIs || source == BlockCopies.Source.NULLS) {
                assertThat(copies.bytes(source)).isZero();
            }
        }
        if (partition == Partitions.ARROW && cells.leaf() == CellTable.Leaf.BOOLEAN && size > 1) {
            assertThat(copies.bytes(BlockCopies.Source.BOOLEANS)).isPositive();
        }
    }

    @ParameterizedTest(name = "{0} {1} {2}")
    @MethodSource("inEverySize")
    void fillNullsForTheProgramAlone(CellTable cells, Partitions partition, int size) {
        List<@Nullable Object> all =
                IntStream.range(0, size).mapToObj(cells::cellWithNulls).toList();
        BlockColumn column = cells.column(1, cells.leaf().fillPolicy());
        try (var source = partition.open(all, column, PARTS, allocator, copies)) {
            Seen seen = read(cells, source);
            assertThat(seen.fed).isEqualTo(all.stream().map(cells::filled).toList());
            assertThat(seen.columns).isEqualTo(all);
        }
    }

    @ParameterizedTest(name = "{0} {1} {2}")
    @MethodSource("inEverySize")
    void dropRowsWithNulls(CellTable cells, Partitions partition, int size) {
        List<@Nullable Object> all =
                IntStream.range(0, size).mapToObj(cells::cellWithNulls).toList();
        List<Integer> kept =
                IntStream.range(0, size).filter(n -> n % 4 != 1).boxed().toList();
        try (var source = partition.open(all, cells.column(1, NullPolicy.dropRow()), PARTS, allocator, copies)) {
            Seen seen = read(cells, source);
            assertThat(seen.ids).isEqualTo(kept);
            assertThat(seen.fed).isEqualTo(kept.stream().map(cells::cell).toList());
            assertThat(seen.columns).isEqualTo(seen.fed);
            assertThat(source.droppedRows()).isEqualTo(size - kept.size());
        }
    }

    @ParameterizedTest(name = "{0} {1} {2}")
    @MethodSource("inEverySize")
    void keepNullsAsTheyAre(CellTable cells, Partitions partition, int size) {
        List<@Nullable Object> all =
                IntStream.range(0, size).mapToObj(cells::cellWithAnyNulls).toList();
        try (var source = partition.open(all, cells.column(1, new NullPolicy.Keep()), PARTS, allocator, copies)) {
            Seen seen = read(cells, source, fed -> {});
            assertThat(seen.fed).isEqualTo(all);
            assertThat(seen.columns).isEqualTo(all);
            assertThat(seen.ids).isEqualTo(IntStream.range(0, size).boxed().toList());
        }
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("everyCellFromEverywhere")
    void keepBlocksOfNullsAlone(CellTable cells, Partitions partition) {
        List<@Nullable Object> all = IntStream.range(0, 30)
                .<@Nullable Object>mapToObj(n -> n < 20 || n % 3 == 0 ? null : cells.cell(n))
                .toList();
        var limits = new BlockLimits(8, 1L << 30, 0);
        try (var source = partition.open(all, cells.column(1, new NullPolicy.Keep()), limits, allocator, copies)) {
            Seen seen = read(cells, source, fed -> {});
            assertThat(seen.fed).isEqualTo(all);
            assertThat(seen.columns).isEqualTo(all);
        }
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("everyCellFromEverywhere")
    void sayWhereANullIs(CellTable cells, Partitions partition) {
        List<@Nullable Object> all = IntStream.range(0, 20)
                .mapToObj(n -> n == 13 ? cells.cellWithNulls(n) : cells.cell(n))
                .toList();
        String place = switch (cells.shape()) {
            case SCALAR, UNIFORM_ARRAY -> "row 3 of block 1";
            case UNIFORM_NESTED -> {
                boolean isInBulk = cells.leaf() != CellTable.Leaf.STRING
                        && cells.leaf() != CellTable.Leaf.BINARY
                        && (partition == Partitions.ON_HEAP
                                || partition == Partitions.OFF_HEAP
                                || partition == Partitions.DICTIONARY);
                yield "position %d of row 3 of block 1".formatted(isInBulk ? 5 : 2);
            }
            case VARIABLE_ARRAY -> "position 3 of row 3 of block 1";
            case VARIABLE_NESTED -> "position 1 of row 3 of block 1";
        };
        var limits = new BlockLimits(10, 1L << 30, 0);
        try (var source = partition.open(all, cells.column(1, NullPolicy.fail()), limits, allocator, copies)) {
            assertThat(source.advance()).isTrue();
            assertThatThrownBy(source::advance)
                    .isInstanceOf(BlockException.class)
                    .hasMessage(("Cannot feed column 'c': expected a value %s %s, found null."
                                    + " Fill or drop nulls with onNull(…)")
                            .formatted(place.startsWith("row") ? "in" : "at", place));
        }
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("everyCellFromEverywhere")
    void areCutByTheirBytes(CellTable cells, Partitions partition) {
        List<Object> all = IntStream.range(0, 1_000).mapToObj(cells::cell).toList();
        BlockColumn column = cells.column(1, NullPolicy.fail());
        int most = 0;
        int rows = 0;
        try (var source = partition.open(all, column, new BlockLimits(1_000, 4_000, 0), allocator, copies)) {
            while (source.advance()) {
                var vector = source.block().fed().getVector(0);
                long bytes = ArrowBytes.of(vector, 0, vector.getValueCount());
                most = (int) Math.max(most, bytes);
                rows += Objects.requireNonNull(source.block()).rowCount();
            }
        }
        assertThat(rows).isEqualTo(1_000);
        // a row is at most 650 bytes; of uniform arrays the offsets are not counted; and an Arrow batch that is taken
        // as it
        // is may be twice as large
        int expected = cells.shape().isUniformArray ? 9_500 : 5_500;
        assertThat(most).isLessThan(partition == Partitions.ARROW ? 2 * expected : expected);
    }
}
