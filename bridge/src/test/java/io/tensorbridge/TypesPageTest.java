package io.tensorbridge;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static org.apache.spark.sql.functions.expr;
import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.tensor.ElementType;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.spark.ml.linalg.Matrices;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.tensorflow.ndarray.Shape;

/** Holds the page on types against the code: a row of the page for each that is fed, and the reverse. */
@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class TypesPageTest {

    private static final Map<String, DataType> VALUES = new LinkedHashMap<>();
    private static String page = "";

    @BeforeAll
    static void read() throws IOException {
        page = Files.readString(Path.of("..", "docs", "types.md"));
        Stream.of(
                        DataTypes.BooleanType,
                        DataTypes.ByteType,
                        DataTypes.ShortType,
                        DataTypes.IntegerType,
                        DataTypes.LongType,
                        DataTypes.FloatType,
                        DataTypes.DoubleType,
                        DataTypes.StringType,
                        DataTypes.BinaryType,
                        SQLDataTypes.VectorType(),
                        SQLDataTypes.MatrixType())
                .forEach(type -> VALUES.put(TensorForm.nameOf(type), type));
    }

    /** Returns the cells of a table's rows, the table being that whose heading is given. */
    private static List<List<String>> table(String heading) {
        List<List<String>> rows = new ArrayList<>();
        String rest = page.substring(page.indexOf(heading) + heading.length());
        rest.lines()
                .skip(2)
                .takeWhile(line -> line.startsWith("|"))
                .forEach(line -> rows.add(Arrays.stream(line.substring(1).split("\\|", -1))
                        .map(String::strip)
                        .toList()));
        assertThat(rows).isNotEmpty();
        return rows;
    }

    private static List<List<String>> types() {
        return table("| Spark | Arrow | TensorFlow | copies in | copies out | notes |");
    }

    private static String code(String cell) {
        return cell.replace("`", "");
    }

    private static DataType spark(List<String> row) {
        return Optional.ofNullable(VALUES.get(code(row.get(0)))).orElseThrow();
    }

    private static ElementType elements(List<String> row) {
        return Arrays.stream(ElementType.values())
                .filter(type -> type.dataType().name().equals(code(row.get(2))))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void hasARowForEachTypeThatFeedsAnInputAndNoOther() {
        Set<String> fed = new TreeSet<>();
        for (DataType type : VALUES.values()) {
            for (ElementType wanted : ElementType.values()) {
                TensorForm.of(type, Optional.of(wanted))
                        .filter(form -> form.elements() == wanted)
                        .ifPresent(form -> fed.add(TensorForm.nameOf(type) + " " + wanted.dataType()));
            }
        }
        assertThat(types())
                .extracting(row -> code(row.get(0)) + " " + code(row.get(2)))
                .containsExactlyInAnyOrderElementsOf(fed);
        assertThat(types()).extracting(TypesPageTest::elements).containsAll(List.of(ElementType.values()));
    }

    @Test
    void namesTheArrowTypes() {
        for (List<String> row : types()) {
            DataType type = spark(row);
            ElementType elements = elements(row);
            String expected = switch (code(row.get(0))) {
                case "vector" -> "list<float64>";
                case "matrix" -> "list<list<float64>>";
                default ->
                    type.equals(DataTypes.BinaryType)
                            ? nameOf(ArrowType.Binary.INSTANCE)
                            : nameOf(elements.field("x", 0));
            };
            assertThat(code(row.get(1))).isEqualTo(expected);
        }
    }

    private static String nameOf(Field field) {
        String extension = field.getMetadata().get(ArrowType.ExtensionType.EXTENSION_METADATA_KEY_NAME);
        return nameOf(field.getType()) + (extension == null ? "" : ", " + extension);
    }

    private static String nameOf(ArrowType type) {
        if (type instanceof ArrowType.Int number) {
            return "int" + number.getBitWidth();
        }
        if (type instanceof ArrowType.FloatingPoint number) {
            return switch (number.getPrecision()) {
                case HALF -> "float16";
                case SINGLE -> "float32";
                case DOUBLE -> "float64";
            };
        }
        return type.toString().toLowerCase(java.util.Locale.ROOT);
    }

    /** One row of one cell, and the shape that a cell has. */
    private static Dataset<Row> cells(SparkSession spark, DataType type) {
        Object cell = switch (TensorForm.nameOf(type)) {
            case "binary" -> new byte[] {5};
            case "vector" -> Vectors.sparse(2, new int[] {1}, new double[] {3});
            case "matrix" -> Matrices.dense(1, 2, new double[] {1, 2});
            default -> spark.range(1).select(expr("5").cast(type)).first().get(0);
        };
        return spark.createDataFrame(
                List.of(RowFactory.create(cell)),
                DataTypes.createStructType(List.of(DataTypes.createStructField("x", type, /* nullable= */ true))));
    }

    @Test
    void countsTheCopies(SparkSession spark) {
        for (List<String> row : types()) {
            ElementType elements = elements(row);
            int rank = switch (code(row.get(0))) {
                case "vector" -> 1;
                case "matrix" -> 2;
                default -> elements == ElementType.UINT8 ? 1 : 0;
            };
            long[] unknown = new long[rank + 1];
            Arrays.fill(unknown, Shape.UNKNOWN_SIZE);
            var operation =
                    mapBlocks(Programs.identity(elements, Shape.of(unknown))).trim();
            if (elements == ElementType.UINT8) {
                operation = operation.shape("x", 1);
            }
            if (elements == ElementType.FLOAT16) {
                operation = operation.narrow("x");
            }
            Dataset<Row> result = operation.apply(cells(spark, spark(row)));
            assertThat(result.collectAsList()).hasSize(1);
            Set<String> counted = RunMetrics.of(result).bytesCopied().entrySet().stream()
                    .filter(entry -> entry.getValue() > 0 && !entry.getKey().equals("rows"))
                    .map(Map.Entry::getKey)
                    .collect(Collectors.toSet());
            Set<String> said = Stream.of(row.get(3), row.get(4))
                    .flatMap(cell -> Pattern.compile("`([a-z]+)`").matcher(cell).results())
                    .map(match -> match.group(1))
                    .collect(Collectors.toSet());
            assertThat(counted).as(row.toString()).isEqualTo(said);
            assertThat(List.of(row.get(3), row.get(4)))
                    .allSatisfy(copies -> assertThat(copies).startsWith(said.isEmpty() ? "0" : "1"));
        }
    }

    @Test
    void listsTypesThatAreRefusedAndCuresThatAreNot(SparkSession spark) {
        for (List<String> row : table("| Spark | as a column of numbers or strings |")) {
            Dataset<Row> refused = spark.sql("select cast(null as %s) as x".formatted(code(row.get(0))));
            assertThat(TensorForm.of(refused.schema().apply("x").dataType()))
                    .as(row.toString())
                    .isEmpty();
            DataType cured =
                    refused.selectExpr(code(row.get(1))).schema().apply(0).dataType();
            assertThat(TensorForm.of(cured)).as(row.toString()).isPresent();
        }
    }
}
