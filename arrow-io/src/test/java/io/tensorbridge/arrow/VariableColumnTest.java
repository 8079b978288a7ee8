package io.tensorbridge.arrow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.ipc.message.ArrowFieldNode;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.types.VarcharType;
import org.apache.spark.sql.vectorized.ArrowColumnVector;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.apache.spark.unsafe.types.UTF8String;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Cells of any length: their limits, their nulls and their memory. */
class VariableColumnTest {

    private static final BlockLimits LIMITS = new BlockLimits(1_000, 1L << 30, 0);
    private static final DataType STRINGS = new ArrayType(DataTypes.StringType, true);
    private static final DataType LISTS = new ArrayType(new ArrayType(DataTypes.IntegerType, true), true);

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

    private BlockSource open(Partitions partition, BlockColumn column, @Nullable Object... cells) {
        return partition.open(Arrays.asList(cells), column, LIMITS, allocator, copies);
    }

    private BlockSource small(BlockColumn column, int mostValues, Object... cells) {
        List<InternalRow> rows = Stream.of(cells)
                .<InternalRow>map(cell ->
                        new GenericInternalRow(new Object[] {CellTable.toSpark(cell, column.type()), 1}))
                .toList();
        return new RowBlocks(
                rows.iterator(),
                new StructType().add("c", column.type()).add("other", "int"),
                List.of(
                        new VariableColumn(column, allocator, mostValues),
                        FedColumn.of(
                                new BlockColumn("other", 1, DataTypes.IntegerType, List.of(), NullPolicy.fail()),
                                allocator,
                                100)),
                BlockSource.Keep.ALL,
                LIMITS,
                copies);
    }

    private static List<String> cellsOf(BlockSource source) {
        List<String> blocks = new ArrayList<>();
        while (source.advance()) {
            FieldVector vector = source.block().fed().getVector("c");
            List<Object> cells = new ArrayList<>();
            for (int row = 0; row < vector.getValueCount(); row++) {
                cells.add(vector.getObject(row));
            }
            blocks.add(cells.toString());
        }
        return blocks;
    }

    @Test
    void endsABlockBeforeTheRowThatOffsetsDoNotReach() {
        BlockColumn strings = BlockColumn.variable("c", 0, DataTypes.StringType, NullPolicy.fail());
        try (var source = small(strings, 10, "12345", "12345", "1", "1234567890", "")) {
            assertThat(cellsOf(source)).containsExactly("[12345, 12345]", "[1]", "[1234567890, ]");
        }
        BlockColumn lists = BlockColumn.variable("c", 0, LISTS, NullPolicy.fill(0));
        try (var source = small(
                lists, 4, List.of(List.of(1, 2), List.of(3)), List.of(List.of(4), Arrays.asList(5, null)), List.of())) {
            assertThat(cellsOf(source)).containsExactly("[[[1,2],[3]]]", "[[[4],[5,null]], []]");
        }
    }

    @Test
    void refusesACellThatOffsetsDoNotReach() {
        BlockColumn strings = BlockColumn.variable("c", 0, DataTypes.StringType, NullPolicy.fail());
        try (var source = small(strings, 10, "1", "12345678901")) {
            assertThat(source.advance()).isTrue();
            assertThatThrownBy(source::advance)
                    .isInstanceOf(BlockException.class)
                    .hasMessage(
                            "Cannot feed column 'c': expected at most 10 values or bytes in row 0 of block 1, found more. Split such cells, or filter them");
        }
    }

    @ParameterizedTest
    @EnumSource(Partitions.class)
    void cannotFillAnArrayOfAnyLength(Partitions partition) {
        BlockColumn column = BlockColumn.variable("c", 1, STRINGS, NullPolicy.fill("x"));
        try (var source = open(partition, column, List.of("a"), null)) {
            assertThatThrownBy(source::advance)
                    .isInstanceOf(BlockException.class)
                    .hasMessage("Cannot feed column 'c': expected an array in row 1 of block 0, found null."
                            + " Drop such rows with onNull(…), or give all cells one shape with shape(\"c\", …)");
        }
    }

    @ParameterizedTest
    @EnumSource(Partitions.class)
    void cannotFillAnArrayInsideOfAnother(Partitions partition) {
        BlockColumn column = BlockColumn.variable("c", 1, LISTS, NullPolicy.fill(1));
        try (var source = open(partition, column, List.of(List.of(1)), Arrays.asList(List.of(), List.of(2), null))) {
            assertThatThrownBy(source::advance)
                    .isInstanceOf(BlockException.class)
                    .hasMessage(
                            "Cannot feed column 'c': expected an array at position 2 of row 1 of block 0, found null."
                                    + " Drop such rows with onNull(…)");
        }
    }

    @ParameterizedTest
    @EnumSource(Partitions.class)
    void learnsTheLengthOfUniformArraysOfStrings(Partitions partition) {
        var column = new BlockColumn("c", 1, STRINGS, List.of(-1), NullPolicy.fill("x"));
        try (var source = open(partition, column, null, null, List.of("a", "b"), null)) {
            source.advance();
            FieldVector lists = source.block().fed().getVector("c");
            assertThat(lists.getObject(0)).isNull();
            lists.getValidityBuffer().setOne(0, 1L);
            assertThat(cellStrings(lists))
                    .containsExactly("[\"x\",\"x\"]", "[\"x\",\"x\"]", "[\"a\",\"b\"]", "[\"x\",\"x\"]");
        }
        try (var source = open(partition, column, null, null)) {
            assertThatThrownBy(source::advance)
                    .isInstanceOf(BlockException.class)
                    .hasMessage(
                            "Cannot feed column 'c': expected a cell that tells the shape of all in block 0, found nulls alone."
                                    + " Give the shape with shape(\"c\", …)");
        }
    }

    private static List<String> cellStrings(FieldVector vector) {
        List<String> cells = new ArrayList<>();
        for (int row = 0; row < vector.getValueCount(); row++) {
            cells.add(String.valueOf(vector.getObject(row)));
        }
        return cells;
    }

    @ParameterizedTest
    @EnumSource(value = Partitions.class, mode = EnumSource.Mode.EXCLUDE, names = "ARROW") // which is taken as it is
    void refusesUniformArraysOfStringsOfOtherLengths(Partitions partition) {
        var column = new BlockColumn("c", 1, STRINGS, List.of(2), NullPolicy.fail());
        try (var source = open(partition, column, List.of("a", "b"), List.of("a"))) {
            assertThatThrownBy(source::advance)
                    .isInstanceOf(BlockException.class)
                    .hasMessage(
                            "Cannot feed column 'c': expected 2 values in row 1 of block 0, found 1. Pad such arrays with pad(\"c\"), or run a program over cells with mapRows");
        }
    }

    @Test
    void doesNotOverwriteWhatSomebodyHasKept() {
        Object[] cells = new Object[30];
        Arrays.setAll(cells, n -> "row " + n);
        BlockColumn column = BlockColumn.variable("c", 1, DataTypes.StringType, NullPolicy.fail());
        try (var source = Partitions.UNSAFE_ROWS.open(
                Arrays.asList(cells), column, new BlockLimits(10, 1L << 30, 0), allocator, copies)) {
            source.advance();
            ArrowBuf kept = source.block().fed().getVector("c").getDataBuffer();
            kept.getReferenceManager().retain();
            source.advance();
            ArrowBuf other = source.block().fed().getVector("c").getDataBuffer();
            assertThat(other.memoryAddress()).isNotEqualTo(kept.memoryAddress());
            assertThat(kept.getByte(4)).isEqualTo((byte) '0');
            kept.getReferenceManager().release();
            source.advance();
            // nobody keeps this one, so it is used again
            assertThat(source.block().fed().getVector("c").getDataBuffer().memoryAddress())
                    .isEqualTo(other.memoryAddress());
            assertThat(source.block().columns().get(1).getUTF8String(9)).hasToString("row 29");
        }
    }

    @Test
    void takesStringsWhoseOffsetsBeginAnywhere() {
        byte[] bytes = "skipped".concat("one").concat("three").getBytes(StandardCharsets.UTF_8);
        ColumnVector column;
        try (ArrowBuf data = allocator.buffer(64);
                ArrowBuf offsets = allocator.buffer(64);
                ArrowBuf validity = allocator.buffer(64)) {
            data.setBytes(0, bytes);
            offsets.setInt(0, 7);
            offsets.setInt(4, 10);
            offsets.setInt(8, 15);
            validity.setOne(0, 64L);
            var strings = new VarCharVector("c", allocator);
            strings.loadFieldBuffers(new ArrowFieldNode(2, 0), List.of(validity, offsets, data));
            column = new ArrowColumnVector(strings);
        }
        BlockColumn fed = BlockColumn.variable("c", 0, DataTypes.StringType, NullPolicy.fail());
        try (var source = BlockSource.ofBatches(
                List.of(new ColumnarBatch(new ColumnVector[] {column}, 2)).iterator(),
                List.of(fed),
                BlockSource.Keep.ALL,
                new BlockLimits(1, 1L << 30, 0),
                allocator,
                copies)) {
            assertThat(cellsOf(source)).containsExactly("[one]", "[three]");
        }
        var own = new VarCharVector("c", allocator);
        try (own) {
            own.allocateNew(2);
            own.setSafe(0, new byte[0]);
            own.setSafe(1, new byte[] {(byte) 0xFF, 0});
            own.setValueCount(2);
            var view = new ArrowBackedColumnVector(own);
            assertThat(view.getUTF8String(0)).isEqualTo(UTF8String.EMPTY_UTF8);
            assertThat(view.getUTF8String(1)).isEqualTo(UTF8String.fromBytes(new byte[] {(byte) 0xFF, 0}));
            assertThat(view.getBinary(1)).containsExactly(0xFF, 0);
        }
    }

    @Test
    void saysWhichTypesCanBeFed() {
        for (DataType type : List.of(
                DataTypes.BooleanType,
                DataTypes.ByteType,
                DataTypes.ShortType,
                DataTypes.StringType,
                DataTypes.BinaryType,
                VarcharType.apply(9),
                STRINGS,
                LISTS,
                new ArrayType(DataTypes.BinaryType, true))) {
            assertThat(BlockColumn.canFeed(type)).as(type.catalogString()).isTrue();
        }
        for (DataType type : List.of(
                DataTypes.createDecimalType(9, 2),
                DataTypes.DateType,
                DataTypes.TimestampType,
                DataTypes.NullType,
                DataTypes.CalendarIntervalType,
                DataTypes.VariantType,
                new StructType().add("x", "int"),
                DataTypes.createMapType(DataTypes.StringType, DataTypes.LongType),
                new ArrayType(DataTypes.DateType, true))) {
            assertThat(BlockColumn.canFeed(type)).as(type.catalogString()).isFalse();
        }
        assertThat(BlockColumn.levels(new ArrayType(DataTypes.BinaryType, true)))
                .isEqualTo(1);
        assertThat(BlockColumn.levels(DataTypes.StringType)).isZero();
    }

    @Test
    void refusesArgumentsThatAreWrongByThemselves() {
        assertThatThrownBy(() -> BlockColumn.variable("c", 0, DataTypes.LongType, NullPolicy.fail()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid column 'c': expected cells that can differ in length, found bigint");
        assertThatThrownBy(() -> new BlockColumn("c", 0, DataTypes.BinaryType, List.of(-1), NullPolicy.fail()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid column 'c': a binary's length must be declared");
        assertThatThrownBy(() -> new BlockColumn("c", 0, DataTypes.DateType, List.of(), NullPolicy.fail()))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessage("No block can hold values of type date");
        assertThatThrownBy(() -> BlockColumn.variable("c", 0, STRINGS, NullPolicy.fill(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot fill nulls of column 'c': expected a value that string holds exactly, found 1. Mend onNull(…)");
        assertThatThrownBy(() -> new BlockColumn("c", 0, DataTypes.BooleanType, List.of(), NullPolicy.fill("true")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot fill nulls of column 'c': expected a value that boolean holds exactly, found true. Mend onNull(…)");
        assertThatThrownBy(() -> new BlockColumn("c", 0, DataTypes.ByteType, List.of(), NullPolicy.fill(128)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot fill nulls of column 'c': expected a value that tinyint holds exactly, found 128. Mend onNull(…)");
        assertThatThrownBy(() -> new BlockColumn("c", 0, DataTypes.IntegerType, List.of(), NullPolicy.fill(true)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot fill nulls of column 'c': expected a value that int holds exactly, found true. Mend onNull(…)");
        assertThat(NullPolicy.fill("a")).hasToString("fill with 'a'");
        assertThat(NullPolicy.fill(true)).hasToString("fill with true");
    }
}
