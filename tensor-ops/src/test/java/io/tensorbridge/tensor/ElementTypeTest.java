package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.TinyIntVector;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.internal.c_api.global.tensorflow;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;

/** Every type, in and out: a new row of the table is tested without a new test. */
@ExtendWith(NativeMemoryExtension.class)
class ElementTypeTest {

    private static final List<Integer> SIZES = List.of(0, 1, 7, 8, 9, 1_000);
    private static final List<int[]> CELLS =
            List.of(new int[] {}, new int[] {3}, new int[] {2, 5}, new int[] {2, 1, 4});

    private final TransferLedger ledger = new TransferLedger();

    /** What a program does to the memory of its input. */
    enum Use {
        ALIASES_IT {
            @Override
            Program program(ElementType type, Shape block) {
                return Programs.identity(type, block);
            }
        },
        KEEPS_IT {
            @Override
            Program program(ElementType type, Shape block) {
                return Programs.kept(type, block);
            }
        };

        abstract Program program(ElementType type, Shape block);
    }

    static Stream<Arguments> typesCellsAndRows() {
        return Stream.of(ElementType.values())
                .flatMap(type -> CELLS.stream()
                        .flatMap(cell -> SIZES.stream()
                                .flatMap(rows ->
                                        Stream.of(Use.values()).map(use -> Arguments.of(type, cell, rows, use)))));
    }

    @ParameterizedTest(name = "{0} {1} {2} rows, {3}")
    @MethodSource("typesCellsAndRows")
    void goesInAndComesOutAsItWas(ElementType type, int[] cell, int rows, Use use, BufferAllocator allocator) {
        Program program = use.program(type, block(cell));
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1));
                var runner = session.runner(
                        program, List.of(feed(type, cell)), List.of(fetch(type, cell)), allocator, ledger);
                var x = Vectors.counting(type, rows, cell, allocator);
                var out = runner.run(List.of(x))) {
            FieldVector y = out.getVector("y");
            assertThat(out.getRowCount()).isEqualTo(rows);
            assertSameValues(x, y);
            assertThat(y.getNullCount()).isZero();
            assertThat(leaf(y).getField().getType()).isEqualTo(type.arrowType());
            assertThat(leaf(y).getField().getMetadata())
                    .isEqualTo(leaf(x).getField().getMetadata());
            assertThat(y.getField().isNullable()).isFalse();

            long values = (long) rows * Arrays.stream(cell).reduce(1, (a, b) -> a * b);
            boolean copied = use == Use.KEEPS_IT;
            switch (type.transfer()) {
                case ALIAS -> {
                    long bytes = values * type.bytes();
                    assertLedger(copied ? bytes : 2 * bytes, Map.of(CopyReason.PROGRAM, copied ? bytes : 0));
                    if (values
                            > 0) { // an identity's output is its input: one address proves that neither way was a copy
                        assertThat(Vectors.values(y).memoryAddress()
                                        == Vectors.values(x).memoryAddress())
                                .isEqualTo(!copied);
                    }
                }
                case HALF -> assertLedger(0, Map.of(CopyReason.HALF, values * (Short.BYTES + Float.BYTES)));
                case STRING -> {
                    assertThat(ledger.aliasedBytes()).isZero();
                    assertThat(ledger.copiedBytes(CopyReason.STRING))
                            .isGreaterThanOrEqualTo(values * StringTensors.HEADER_BYTES);
                }
            }
        }
    }

    static Stream<Arguments> typesCellsAndUses() {
        return Stream.of(ElementType.values())
                .flatMap(type -> CELLS.stream()
                        .flatMap(cell -> Stream.of(Use.values()).map(use -> Arguments.of(type, cell, use))));
    }

    @ParameterizedTest(name = "{0} {1}, {2}")
    @MethodSource("typesCellsAndUses")
    void beginsAtTheFirstRowOfASlice(ElementType type, int[] cell, Use use, BufferAllocator allocator) {
        Program program = use.program(type, block(cell));
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1));
                var runner = session.runner(
                        program, List.of(feed(type, cell)), List.of(fetch(type, cell)), allocator, ledger);
                var whole = Vectors.counting(type, 100, cell, allocator);
                var x = Vectors.window(whole, 3, 90, allocator)) {
            assertThat(x.getObject(0)).isEqualTo(whole.getObject(3));
            try (var out = runner.run(List.of(x))) {
                assertSameValues(x, out.getVector("y"));
            }
        }
    }

    private static Shape block(int[] cell) {
        long[] dims = new long[cell.length + 1];
        Arrays.fill(dims, -1);
        return Shape.of(dims);
    }

    private static Feed feed(ElementType type, int[] cell) {
        Shape shape = Shape.of(Arrays.stream(cell).asLongStream().toArray());
        return type.isBinary() ? new Feed.Dense("x", Feed.Column.of(0, "x"), Optional.of(shape)) : Feed.of("x", "x");
    }

    private static Fetch fetch(ElementType type, int[] cell) {
        return Fetch.of("y", type.field("y", cell.length));
    }

    private static FieldVector leaf(FieldVector vector) {
        return vector.getChildrenFromFields().isEmpty()
                ? vector
                : leaf(vector.getChildrenFromFields().get(0));
    }

    private static void assertSameValues(FieldVector expected, FieldVector found) {
        assertThat(found.getValueCount()).isEqualTo(expected.getValueCount());
        for (int row = 0; row < expected.getValueCount(); row++) {
            assertThat(found.getObject(row)).isEqualTo(expected.getObject(row));
        }
    }

    private void assertLedger(long aliased, Map<CopyReason, Long> copied) {
        assertThat(ledger.aliasedBytes()).isEqualTo(aliased);
        for (CopyReason reason : CopyReason.values()) {
            assertThat(ledger.copiedBytes(reason)).as(reason.name()).isEqualTo(copied.getOrDefault(reason, 0L));
        }
    }

    @Test
    void aScalarOfUint8IsABinaryOfOneByte(BufferAllocator allocator) {
        Program program = Programs.identity(ElementType.UINT8, Shape.of(-1));
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1));
                var runner = session.runner(
                        program,
                        List.of(feed(ElementType.UINT8, new int[] {})),
                        List.of(fetch(ElementType.UINT8, new int[] {})),
                        allocator,
                        ledger);
                var x = Vectors.counting(ElementType.UINT8, 3, new int[] {}, allocator);
                var out = runner.run(List.of(x))) {
            assertThat(out.getVector("y").getObject(2)).isEqualTo(new byte[] {2});
        }
    }

    @Test
    void refusesBytesThatAreNoBooleans(BufferAllocator allocator) {
        assertRefused(
                ElementType.BOOL,
                ElementType.BOOL.field("x", 0),
                "Cannot feed column 'flag': expected booleans of 0 or 1, found others",
                allocator);
    }

    @Test
    void tellsBooleansFromBytesByTheirExtension(BufferAllocator allocator) {
        assertRefused(
                ElementType.BOOL,
                new Field("x", FieldType.notNullable(ElementType.INT8.arrowType()), List.of()),
                "Cannot feed column 'flag': expected DT_BOOL, found Arrow type Int(8, true)",
                allocator);
        assertRefused(
                ElementType.INT8,
                ElementType.BOOL.field("x", 0),
                "Cannot feed column 'flag': expected DT_INT8, found Arrow type Int(8, true) with extension 'arrow.bool8'",
                allocator);
    }

    /** Feeds nine bytes, the last of which is 2. */
    private void assertRefused(ElementType type, Field field, String message, BufferAllocator allocator) {
        Program program = Programs.identity(type, Shape.of(-1));
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1));
                var runner = session.runner(
                        program, List.of(Feed.of("x", "flag")), List.of(fetch(type, new int[] {})), allocator, ledger);
                var x = (TinyIntVector) field.createVector(allocator)) {
            for (int row = 0; row < 9; row++) {
                x.setSafe(row, row == 8 ? 2 : 1);
            }
            x.setValueCount(9);
            assertThatThrownBy(() -> runner.run(List.of(x)))
                    .isInstanceOf(SignatureMismatchException.class)
                    .hasMessage(message);
        }
    }

    @Test
    void marksBooleansWithArrowsExtension() {
        Map<String, String> bool8 = Map.of("ARROW:extension:name", "arrow.bool8", "ARROW:extension:metadata", "");
        assertThat(ElementType.BOOL.field("x", 0).getMetadata()).isEqualTo(bool8);
        Field list = ElementType.BOOL.field("x", 1);
        assertThat(list.getMetadata()).isEmpty();
        assertThat(list.getChildren().get(0).getMetadata()).isEqualTo(bool8);
    }

    @Test
    void takesCellsOfAsManyDimensionsAsTensorFlowAndNoMore(BufferAllocator allocator) {
        try (var x = Vectors.counting(ElementType.FLOAT64, 2, new int[] {1}, allocator)) {
            assertThat(LAYOUT.dense(x, deep(253)).dims()).hasSize(254);
            assertThatThrownBy(() -> LAYOUT.dense(x, deep(254)))
                    .isInstanceOf(SignatureMismatchException.class)
                    .hasMessage("Cannot feed column 'x': expected at most 254 dimensions, found 255");
        }
    }

    private static final ColumnLayout LAYOUT =
            new ColumnLayout(Feed.Column.of(0, "x"), ElementType.FLOAT64, Shape.unknown());

    private static Optional<Shape> deep(int rank) {
        long[] ones = new long[rank];
        Arrays.fill(ones, 1);
        return Optional.of(Shape.of(ones));
    }

    @ParameterizedTest
    @EnumSource(ElementType.class)
    void hasTheBytesThatTensorFlowGivesIt(ElementType type) {
        if (type != ElementType.STRING) { // which TensorFlow says nothing of
            assertThat(tensorflow.TF_DataTypeSize(type.dataType().getNumber())).isEqualTo(type.bytes());
        }
        assertThat(ElementType.of(type.dataType())).contains(type);
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {
                "DT_COMPLEX64",
                "DT_COMPLEX128",
                "DT_QINT8",
                "DT_QUINT8",
                "DT_QINT32",
                "DT_UINT16",
                "DT_UINT32",
                "DT_UINT64",
                "DT_BFLOAT16",
                "DT_RESOURCE",
                "DT_VARIANT",
                "DT_INVALID",
                "DT_STRING_REF"
            })
    void hasNoRowForOtherTypes(DataType type) {
        assertThat(ElementType.of(type)).isEmpty();
    }
}
