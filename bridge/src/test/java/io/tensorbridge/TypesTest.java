package io.tensorbridge;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.mapRows;
import static java.util.Objects.requireNonNull;
import static org.apache.spark.sql.functions.col;
import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.ndarray.Shape;

/** Every type at every rank, from everywhere, through blocks and rows: what comes back is what went in, or twice that. */
@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class TypesTest {

    private static final int ROWS = 40;
    private static final int[] RANKS = {0, 1, 2, 3};
    private static final Map<CellSource, Dataset<Row>> SOURCES = new EnumMap<>(CellSource.class);

    @BeforeAll
    static void readAll(@TempDir Path directory) {
        SparkSession spark = SparkExtension.session();
        CellSource.readSmallBatches(spark);
        Dataset<Row> rows = rows(spark, RANKS, CellKind.values());
        for (CellSource source : CellSource.values()) {
            SOURCES.put(source, source.of(rows, directory));
        }
    }

    @AfterAll
    static void forgetAll() {
        CellSource.readUsualBatches(SparkExtension.session());
        from(CellSource.CACHED).unpersist(/* blocking= */ true);
        SOURCES.clear();
    }

    private static Dataset<Row> from(CellSource source) {
        return requireNonNull(SOURCES.get(source));
    }

    private static Dataset<Row> rows(SparkSession spark, int[] ranks, CellKind... kinds) {
        List<StructField> fields = new ArrayList<>();
        fields.add(DataTypes.createStructField("id", DataTypes.IntegerType, /* nullable= */ false));
        for (CellKind kind : kinds) {
            for (int rank : ranks) {
                fields.add(DataTypes.createStructField(column(kind, rank), kind.type(rank), /* nullable= */ true));
            }
        }
        List<Row> rows = IntStream.range(0, ROWS)
                .mapToObj(n -> {
                    List<Object> cells = new ArrayList<>(List.of(n));
                    for (CellKind kind : kinds) {
                        for (int rank : ranks) {
                            cells.add(CellKind.toSpark(kind.cellOf(rank, n), kind.type(rank)));
                        }
                    }
                    return RowFactory.create(cells.toArray());
                })
                .toList();
        return spark.createDataFrame(rows, DataTypes.createStructType(fields));
    }

    private static String column(CellKind kind, int rank) {
        return kind.name().toLowerCase(Locale.ROOT) + rank;
    }

    /** How a program runs, and whether it knows how long arrays are. */
    enum Run {
        BLOCKS_OF_ONE(1, /* rows= */ false, /* known= */ true),
        BLOCKS_THAT_CUT(7, /* rows= */ false, /* known= */ false),
        BLOCKS_OF_ALL(1_000, /* rows= */ false, /* known= */ true),
        ROWS_OF_ONE_SHAPE(7, /* rows= */ true, /* known= */ true),
        ROWS_OF_ANY_SHAPE(1_000, /* rows= */ true, /* known= */ false);

        private final int blockRows;
        private final boolean rows;
        private final boolean known;

        Run(int blockRows, boolean rows, boolean known) {
            this.blockRows = blockRows;
            this.rows = rows;
            this.known = known;
        }

        /** Returns the operation over columns of these ranks, each fed by its own. */
        MapOperation<?> of(CellKind kind, int... ranks) {
            Program program = CellPrograms.of(
                    kind.elements(), Arrays.stream(ranks).mapToObj(this::input).toList());
            MapOperation<?> operation = rows
                    ? mapRows(program).blockRows(blockRows)
                    : mapBlocks(program).blockRows(blockRows);
            for (int i = 0; i < ranks.length; i++) {
                String column = column(kind, ranks[i]);
                operation = operation.feed("x" + i, column);
                if (kind == CellKind.PIXELS) {
                    operation = operation.shape(column, CellKind.cell(ranks[i]).asArray());
                }
                if (kind == CellKind.HALF) {
                    operation = operation.narrow(column);
                }
            }
            return operation;
        }

        private Shape input(int rank) {
            Shape cell = CellKind.cell(rank);
            if (!known) {
                long[] unknown = new long[rank];
                Arrays.fill(unknown, Shape.UNKNOWN_SIZE);
                cell = Shape.of(unknown);
            }
            return rows ? cell : cell.prepend(Shape.UNKNOWN_SIZE);
        }
    }

    static Stream<Arguments> everyKindFromEverywhere() {
        return Arrays.stream(CellKind.values())
                .flatMap(kind -> Arrays.stream(CellSource.values()).map(source -> Arguments.of(kind, source)));
    }

    @ParameterizedTest
    @MethodSource("everyKindFromEverywhere")
    void isComputedWith(CellKind kind, CellSource source) {
        // the source decides how a block is filled, and no more, so elsewhere one run of each form is enough
        for (Run run : source == CellSource.ROWS
                ? EnumSet.allOf(Run.class)
                : EnumSet.of(Run.BLOCKS_THAT_CUT, Run.ROWS_OF_ANY_SHAPE)) {
            assertComputes(run, kind, from(source), RANKS);
        }
    }

    /** Outputs of an operation are read where they lie. */
    @ParameterizedTest
    @EnumSource
    void isFedAsItWasGiven(CellKind kind) {
        MapOperation<?> before = Run.BLOCKS_OF_ALL.of(kind, RANKS);
        List<Column> columns = new ArrayList<>(List.of(col("id")));
        for (int i = 0; i < RANKS.length; i++) {
            before = before.fetch("same" + i, "given" + i);
            columns.add(col("given" + i).as(column(kind, RANKS[i])));
        }
        Dataset<Row> given = before.apply(from(CellSource.ROWS)).select(columns.toArray(Column[]::new));
        for (Run run : EnumSet.of(Run.BLOCKS_THAT_CUT, Run.BLOCKS_OF_ALL, Run.ROWS_OF_ANY_SHAPE)) {
            assertComputes(run, kind, given, RANKS);
        }
    }

    @ParameterizedTest
    @EnumSource
    void mayHaveManyDimensions(CellKind kind, SparkSession spark) {
        int[] ranks = {4, 5};
        Dataset<Row> rows = rows(spark, ranks, kind);
        assertComputes(Run.BLOCKS_THAT_CUT, kind, rows, ranks);
        assertComputes(Run.ROWS_OF_ONE_SHAPE, kind, rows, ranks);
    }

    private static void assertComputes(Run run, CellKind kind, Dataset<Row> df, int[] ranks) {
        Dataset<Row> result = run.of(kind, ranks).apply(df);
        List<Column> columns = new ArrayList<>(List.of(col("id")));
        for (int i = 0; i < ranks.length; i++) {
            DataType type = result.schema().apply("same" + i).dataType();
            assertThat(type).isEqualTo(SparkTypes.column(kind.elements(), ranks[i]));
            // as binaries, whose bytes Spark leaves alone
            DataType compared = kind == CellKind.BYTES ? kind.type(ranks[i]) : type;
            columns.add(col("same" + i).cast(compared));
            columns.add(col("twice" + i).cast(compared));
            columns.add(col("equal" + i));
        }
        List<Row> rows = result.select(columns.toArray(Column[]::new)).collectAsList();
        assertThat(rows)
                .extracting(row -> row.getInt(0))
                .containsExactlyInAnyOrderElementsOf(
                        IntStream.range(0, ROWS).boxed().toList());
        for (Row row : rows) {
            for (int i = 0; i < ranks.length; i++) {
                Object cell = kind.cellOf(ranks[i], row.getInt(0));
                assertThat(List.of(
                                CellKind.ofSpark(row.get(3 * i + 1)),
                                CellKind.ofSpark(row.get(3 * i + 2)),
                                CellKind.ofSpark(row.get(3 * i + 3))))
                        .as("%s, row %s, rank %d", run, row.get(0), ranks[i])
                        .isEqualTo(List.of(cell, kind.twice(cell), kind.isTwice(cell, ranks[i])));
            }
        }
    }
}
