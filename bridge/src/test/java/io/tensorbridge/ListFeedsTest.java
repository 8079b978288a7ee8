package io.tensorbridge;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static java.util.Collections.nCopies;
import static org.apache.spark.sql.functions.col;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.SignatureMismatchException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TString;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/** Arrays of any length, fed to blocks: as values and row splits, as lengths, padded, and with what is padding marked. */
@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class ListFeedsTest {

    private static final int ROWS = 100;
    private static final int BLOCK_ROWS = 7;
    private static final int LONGEST = 4;

    enum Values {
        INT(id -> id, -7, 0),
        FLOAT(id -> id / 2f, 0.5f, 0f),
        STRING(id -> "value " + id, "none", "");

        @SuppressWarnings("ImmutableEnumChecker") // a function that holds nothing
        private final IntFunction<Object> values;

        @SuppressWarnings("ImmutableEnumChecker") // boxed values and strings
        private final Object padding;

        @SuppressWarnings("ImmutableEnumChecker") // boxed values and strings
        private final Object zero;

        Values(IntFunction<Object> values, Object padding, Object zero) {
            this.values = values;
            this.padding = padding;
            this.zero = zero;
        }

        /** Returns a row's list: none to four values. */
        List<Object> list(int id) {
            return IntStream.range(id, id + id % (LONGEST + 1)).mapToObj(values).toList();
        }

        Dataset<Row> column(SparkSession spark, int partitions) {
            String value = switch (this) {
                case INT -> "cast(v as int)";
                case FLOAT -> "cast(v / 2 as float)";
                case STRING -> "concat('value ', v)";
            };
            return spark.range(0, ROWS, 1, partitions)
                    .selectExpr(
                            "id",
                            "transform(slice(sequence(id, id + %d), 1, cast(id %% %d as int)), v -> %s) as x"
                                    .formatted(LONGEST, LONGEST + 1, value));
        }
    }

    /** Makes lists of ragged values, six wide, and gives all else back as it came. */
    private static <T extends TType, S extends TNumber> Program everyForm(
            Class<T> type, Class<S> counts, Function<Ops, Operand<T>> zero) {
        return Program.build(tf -> {
                    var values = placeholder(tf, "values", type, Shape.of(-1));
                    var splits = placeholder(tf, "splits", counts, Shape.of(-1));
                    var lengths = placeholder(tf, "lengths", counts, Shape.of(-1));
                    var mask = placeholder(tf, "mask", TInt32.class, Shape.of(-1, -1));
                    var padded = placeholder(tf, "padded", type, Shape.of(-1, -1));
                    var lists = tf.ragged.raggedTensorToTensor(
                            tf.constant(new long[] {-1, 6}),
                            values,
                            zero.apply(tf),
                            List.of(splits),
                            List.of("ROW_SPLITS"));
                    return outputs("lists", lists)
                            .and("length", tf.identity(lengths))
                            .and("marks", tf.identity(mask))
                            .and("wide", tf.identity(padded));
                })
                .named("forms");
    }

    private static <S extends TNumber> MapBlocks everyForm(Values values, Class<S> counts) {
        Program program = switch (values) {
            case INT -> everyForm(TInt32.class, counts, tf -> tf.constant(0));
            case FLOAT -> everyForm(TFloat32.class, counts, tf -> tf.constant(0f));
            case STRING -> everyForm(TString.class, counts, tf -> tf.constant(""));
        };
        return mapBlocks(program)
                .blockRows(BLOCK_ROWS)
                .feedRagged("values", "splits", "x")
                .feedLengths("lengths", "x")
                .feedMask("mask", "x")
                .feed("padded", "x");
    }

    private static List<Object> padded(List<Object> list, int width, Object padding) {
        return Stream.concat(list.stream(), nCopies(width - list.size(), padding).stream())
                .toList();
    }

    private static void assertEveryForm(Dataset<Row> result, Values values, Object padding) {
        List<Row> rows = result.select("id", "x", "lists", "length", "marks", "wide")
                .orderBy("id")
                .collectAsList();
        assertThat(rows).hasSize(ROWS);
        for (int id = 0; id < ROWS; id++) {
            Row row = rows.get(id);
            List<Object> list = values.list(id);
            assertThat(row.getList(1)).isEqualTo(list);
            assertThat(row.getList(2)).isEqualTo(padded(list, 6, values.zero));
            assertThat(((Number) row.get(3)).intValue()).isEqualTo(list.size());
            int width = row.getList(4).size();
            assertThat(width).isBetween(list.size(), LONGEST);
            assertThat(row.getList(4)).isEqualTo(padded(nCopies(list.size(), 1), width, 0));
            assertThat(row.getList(5)).isEqualTo(padded(list, width, padding));
        }
    }

    static Stream<Arguments> everyKindFromEverywhere() {
        return Arrays.stream(Values.values())
                .flatMap(values -> Arrays.stream(CellSource.values()).map(source -> Arguments.of(values, source)));
    }

    @ParameterizedTest
    @MethodSource("everyKindFromEverywhere")
    void feedsListsInEveryForm(Values values, CellSource source, SparkSession spark, @TempDir Path directory) {
        CellSource.readSmallBatches(spark);
        Dataset<Row> df = source.of(values.column(spark, 3), directory);
        try {
            assertEveryForm(everyForm(values, TInt32.class).pad("x").apply(df), values, values.zero);
            assertEveryForm(
                    everyForm(values, TInt64.class).pad("x", values.padding).apply(df), values, values.padding);
        } finally {
            CellSource.readUsualBatches(spark);
            df.unpersist(/* blocking= */ true);
        }
    }

    @ParameterizedTest
    @EnumSource
    void padsToTheLongestOfABlock(Values values, SparkSession spark) {
        List<Row> rows = everyForm(values, TInt32.class)
                .pad("x")
                .blockRows(2)
                .apply(values.column(spark, 1))
                .select("marks", "wide")
                .collectAsList();
        for (int id = 0; id < ROWS; id++) {
            int first = id / 2 * 2;
            int longest = Math.max(first % 5, (first + 1) % 5);
            assertThat(rows.get(id).getList(0)).hasSize(longest);
            assertThat(rows.get(id).getList(1)).hasSize(longest);
        }
    }

    /** Of numbers neither values nor 32-bit row splits are copied beyond the block; wider ones and padding are. */
    @ParameterizedTest
    @EnumSource
    void countsWhatIsCopied(Values values, SparkSession spark) {
        Dataset<Row> df = values.column(spark, 3);
        long total = IntStream.range(0, ROWS).map(id -> values.list(id).size()).sum();
        Dataset<Row> narrow = everyForm(values, TInt32.class).fetch("lists").apply(df);
        narrow.collectAsList();
        RunMetrics metrics = RunMetrics.of(narrow);
        assertThat(metrics.bytesCopied())
                .containsEntry("misaligned", 0L)
                .containsEntry("program", 0L)
                .containsEntry("padded", 0L)
                .containsEntry("row_splits", 0L)
                .containsEntry("grouped", 0L);
        if (values != Values.STRING) {
            assertThat(metrics.bytesCopied()).containsEntry("string", 0L);
            assertThat(metrics.bytesAliased()).isEqualTo(Integer.BYTES * (total + ROWS + metrics.blocks() + ROWS * 6));
        }

        Dataset<Row> wide = everyForm(values, TInt64.class).fetch("lists").apply(df);
        wide.collectAsList();
        assertThat(RunMetrics.of(wide).bytesCopied())
                .containsEntry("row_splits", Long.BYTES * (ROWS + metrics.blocks()))
                .containsEntry("padded", 0L);

        Dataset<Row> marks =
                everyForm(values, TInt32.class).pad("x").fetch("marks").apply(df);
        long widths = marks.select("marks").collectAsList().stream()
                .mapToLong(row -> row.getList(0).size())
                .sum();
        marks.collectAsList();
        assertThat(RunMetrics.of(marks).bytesCopied()).containsEntry("padded", Integer.BYTES * widths);
    }

    /** Pads, or takes, arrays of pairs. */
    private static final Program PAIRS = Program.build(tf -> {
                var values = placeholder(tf, "values", TInt32.class, Shape.of(-1, 2));
                var splits = placeholder(tf, "splits", TInt64.class, Shape.of(-1));
                var padded = placeholder(tf, "padded", TInt32.class, Shape.of(-1, 4, 2));
                return outputs("total", tf.sum(padded, tf.constant(new int[] {1, 2})))
                        .and("padded_pairs", tf.identity(padded))
                        .and(
                                "pairs",
                                tf.ragged.raggedTensorToTensor(
                                        tf.constant(new long[] {-1, 4, 2}),
                                        values,
                                        tf.constant(-1),
                                        List.of(splits),
                                        List.of("ROW_SPLITS")));
            })
            .named("pairs");

    @Test
    void feedsListsOfLists(SparkSession spark) {
        Dataset<Row> df = Values.INT.column(spark, 2).selectExpr("id", "transform(x, v -> array(v, 2 * v)) as x");
        List<Row> rows = mapBlocks(PAIRS)
                .blockRows(BLOCK_ROWS)
                .feedRagged("values", "splits", "x")
                .feed("padded", "x")
                .pad("x", -1)
                .apply(df)
                .selectExpr("total", "flatten(padded_pairs)", "flatten(pairs)")
                .collectAsList();
        for (int id = 0; id < ROWS; id++) {
            List<Object> pairs = Values.INT.list(id).stream()
                    .flatMap(v -> Stream.<Object>of(v, 2 * (Integer) v))
                    .toList();
            int sum = pairs.stream().mapToInt(v -> (Integer) v).sum();
            assertThat(rows.get(id).getInt(0)).isEqualTo(sum - (8 - pairs.size()));
            assertThat(rows.get(id).getList(1)).isEqualTo(padded(pairs, 8, -1));
            assertThat(rows.get(id).getList(2)).isEqualTo(padded(pairs, 8, -1));
        }
    }

    private static Program ofWidth(int width) {
        return Program.build(tf -> {
                    var x = placeholder(tf, "x", TInt32.class, Shape.of(-1, width));
                    return outputs("y", tf.math.neg(x));
                })
                .named("wide");
    }

    @Test
    void padsToTheWidthOfTheInput(SparkSession spark) {
        List<Row> rows = mapBlocks(ofWidth(9))
                .pad("x", 5)
                .blockRows(BLOCK_ROWS)
                .apply(Values.INT.column(spark, 2))
                .collectAsList();
        for (int id = 0; id < ROWS; id++) {
            List<Object> negated =
                    Values.INT.list(id).stream().<Object>map(v -> -(Integer) v).toList();
            assertThat(rows.get(id).getList(2)).isEqualTo(padded(negated, 9, -5));
        }
    }

    @Test
    void failsWhereAListIsLongerThanTheInput(SparkSession spark) {
        Dataset<Row> result = mapBlocks(ofWidth(3)).pad("x").apply(Values.INT.column(spark, 1));
        assertThatThrownBy(result::collectAsList)
                .hasRootCauseInstanceOf(SignatureMismatchException.class)
                .rootCause()
                .hasMessage("Cannot feed column 'x': expected at most 3 values in row 4, found 4");
    }

    @Test
    void refusesAllThatDoesNotFitAtOnce(SparkSession spark) {
        Program program = Program.build(tf -> {
                    var values = placeholder(tf, "values", TFloat32.class, Shape.of(-1));
                    var splits = placeholder(tf, "splits", TFloat32.class, Shape.of(-1));
                    var lengths = placeholder(tf, "lengths", TInt32.class, Shape.of(-1, -1));
                    var mask = placeholder(tf, "mask", TInt32.class, Shape.of(-1));
                    var padded = placeholder(tf, "padded", TInt32.class, Shape.of(-1, 2, 2));
                    var one = placeholder(tf, "one", TInt32.class, Shape.of(-1, 2));
                    var two = placeholder(tf, "two", TInt32.class, Shape.of(-1, 2));
                    return outputs("a", tf.identity(values))
                            .and("b", tf.identity(splits))
                            .and("c", tf.identity(lengths))
                            .and("d", tf.identity(mask))
                            .and("e", tf.identity(padded))
                            .and("f", tf.identity(one))
                            .and("g", tf.identity(two));
                })
                .named("odd");
        Dataset<Row> df = Values.INT.column(spark, 1).withColumn("z", col("x"));
        assertThatThrownBy(() -> mapBlocks(program)
                        .feedRagged("values", "splits", "x")
                        .feedLengths("lengths", "x")
                        .feedMask("mask", "x")
                        .feed("padded", "x")
                        .pad("x")
                        .feed("one", "id")
                        .pad("id")
                        .feed("two", "z")
                        .pad("z", 0.5)
                        .pad("other")
                        .feedLengths("none", "x")
                        .apply(df))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot run program 'odd' on this DataFrame:
                          - input 'none': expected one of the inputs [values, splits, lengths, mask, padded, one, two], found no input of that name. Mend feedLengths("none", "x")
                          - input 'values': expected DT_FLOAT[?], found column 'x' of DT_INT32[?]. Cast it: col("x").cast("array<float>")
                          - input 'splits': expected DT_INT32[?] or DT_INT64[?] for the row splits of column 'x', found DT_FLOAT[?]. Give the program such an input
                          - input 'lengths': expected DT_INT32[?] or DT_INT64[?] for the lengths of column 'x', found DT_INT32[?, ?]. Give the program such an input
                          - input 'mask': expected DT_BOOL[?, ?], DT_FLOAT[?, ?], DT_DOUBLE[?, ?], DT_INT32[?, ?] or DT_INT64[?, ?] for the mask of column 'x', found DT_INT32[?]. Give the program such an input
                          - input 'padded': expected DT_INT32[?, 2, 2], found DT_INT32[?, ?] of column 'x'. Feed a column of lists nested as deep
                          - input 'one': expected a column of arrays, found column 'id' of type bigint. Leave out pad("id")
                          - input 'two': expected to pad column 'z' with a value of DT_INT32, found 0.5. Mend pad("z", …)
                          - pad("other", …): expected one of the columns [x, id, z], which are fed, found 'other'. Mend the name, or leave it out""");
    }
}
