package io.tensorbridge.arrow;

import static org.apache.spark.sql.functions.col;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Spark's own ways of reading columns, over those of blocks: generated code and none, the cache, Parquet, copies. */
class SparkReadsBlocksTest {

    private static @Nullable SparkSession session;

    @TempDir
    Path directory;

    @BeforeAll
    static void start() {
        session = SparkSession.builder()
                .master("local[1]")
                .config("spark.ui.enabled", false)
                .getOrCreate();
    }

    @AfterAll
    static void stop() {
        spark().stop();
    }

    private static SparkSession spark() {
        SparkSession open = session;
        if (open == null) {
            throw new IllegalStateException("No session");
        }
        return open;
    }

    private static Dataset<Row> blocks() {
        return spark().read().format(BlocksProvider.class.getName()).load();
    }

    /** Compares all cells; strings go through binaries, for Java's cannot hold all that Spark's can. */
    private static void assertHasAllCells(Dataset<Row> df) {
        List<CellTable> cells = BlocksProvider.cells();
        List<Column> columns = new ArrayList<>();
        for (int i = 0; i < cells.size(); i++) {
            columns.add(col("c" + i).cast(binaries(cells.get(i).type())));
        }
        List<Row> rows = df.select(columns.toArray(Column[]::new)).collectAsList();
        assertThat(rows).hasSize(BlocksProvider.ROWS);
        for (int i = 0; i < cells.size(); i++) {
            int at = i;
            assertThat(rows.stream().map(row -> plain(row.get(at))).toList())
                    .as(cells.get(i).toString())
                    .isEqualTo(IntStream.range(0, BlocksProvider.ROWS)
                            .mapToObj(cells.get(i)::cellWithNulls)
                            .toList());
        }
    }

    private static DataType binaries(DataType type) {
        if (type instanceof ArrayType array) {
            return new ArrayType(binaries(array.elementType()), array.containsNull());
        }
        return type instanceof StringType ? DataTypes.BinaryType : type;
    }

    private static @Nullable Object plain(@Nullable Object value) {
        if (value instanceof scala.collection.Seq<?> elements) {
            List<@Nullable Object> plain = new ArrayList<>();
            scala.jdk.javaapi.CollectionConverters.asJava(elements).forEach(element -> plain.add(plain(element)));
            return plain;
        }
        return value instanceof byte[] bytes ? new String(bytes, StandardCharsets.ISO_8859_1) : value;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void toRows(boolean generatesCode) {
        var conf = spark().conf();
        conf.set("spark.sql.codegen.wholeStage", generatesCode);
        conf.set("spark.sql.codegen.factoryMode", generatesCode ? "CODEGEN_ONLY" : "NO_CODEGEN");
        try {
            assertHasAllCells(blocks());
        } finally {
            conf.unset("spark.sql.codegen.wholeStage");
            conf.unset("spark.sql.codegen.factoryMode");
        }
    }

    @Test
    void intoTheCache() {
        Dataset<Row> cached = blocks().cache();
        try {
            assertThat(cached.count()).isEqualTo(BlocksProvider.ROWS);
            assertHasAllCells(cached);
        } finally {
            cached.unpersist(true);
        }
    }

    @Test
    void intoParquet() {
        String path = directory.resolve("blocks").toString();
        blocks().write().parquet(path);
        assertHasAllCells(spark().read().parquet(path));
    }

    @Test
    void intoCopiesOfArrays() {
        for (CellTable cells : BlocksProvider.cells()) {
            if (cells.shape().levels != 1) {
                continue;
            }
            List<Object> all = IntStream.range(0, 9).mapToObj(cells::cell).toList();
            try (BufferAllocator allocator = new RootAllocator();
                    var source = Partitions.ROWS.open(
                            all,
                            cells.column(1, NullPolicy.fail()),
                            new BlockLimits(10, 1L << 30, 0),
                            allocator,
                            new BlockCopies())) {
                source.advance();
                ColumnVector column = source.block().columns().get(1);
                var elements = ((ArrayType) cells.type()).elementType();
                assertThat(column.dataType()).isEqualTo(cells.type());
                for (int row = 0; row < 9; row++) {
                    var copy = column.getArray(row).copy();
                    List<@Nullable Object> found = new ArrayList<>();
                    for (int i = 0; i < copy.numElements(); i++) {
                        found.add(CellTable.ofSpark(copy, i, elements));
                    }
                    assertThat(found).as(cells.toString()).isEqualTo(all.get(row));
                }
            }
        }
    }
}
