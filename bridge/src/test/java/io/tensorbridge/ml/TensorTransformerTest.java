package io.tensorbridge.ml;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.RunMetrics;
import io.tensorbridge.SparkExtension;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.SignatureMismatchException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class TensorTransformerTest {

    private static Dataset<Row> points(SparkSession spark) {
        return spark.range(0, 10, 1, 2)
                .select(
                        col("id"),
                        array(col("id").cast("double"), col("id").cast("double").plus(0.5))
                                .as("point"));
    }

    private static TensorTransformer stage() {
        return new TensorTransformer()
                .setProgram(SmallModels.ARITHMETIC)
                .feed("x", "point")
                .fetch("z", "moved")
                .fetch("y", "doubled")
                .asVector("moved");
    }

    @Test
    void givesSeveralOutputsOfOneRun(SparkSession spark) {
        Dataset<Row> result = stage().setBlockRows(2).transform(points(spark));
        assertThat(result.columns()).containsExactly("id", "point", "moved", "doubled");
        List<Row> rows = result.collectAsList();
        assertThat(rows).hasSize(10);
        for (Row row : rows) {
            double id = row.getLong(0);
            assertThat(((Vector) row.get(2)).toArray()).containsExactly(id + 3, id + 3.5);
            assertThat(row.<Double>getList(3)).containsExactly(2 * id, 2 * id + 1);
        }
        assertThat(RunMetrics.of(result).blocks()).isEqualTo(6);
    }

    @Test
    void tellsTheSchemaThatItGives(SparkSession spark) {
        TensorTransformer stage = stage();
        Dataset<Row> df = points(spark);
        StructType told = stage.transformSchema(df.schema());
        assertThat(told).isEqualTo(stage.transform(df).schema());
        assertThat(told.simpleString())
                .isEqualTo("struct<id:bigint,point:array<double>,moved:vector,doubled:array<double>>");
    }

    @Test
    void saysAllThatDoesNotFitBeforeAnyJob(SparkSession spark) {
        Dataset<Row> df = points(spark);
        String message = """
                Cannot run program 'arithmetic' on this DataFrame:
                  - output 'w': expected one of the outputs [y, z], found no output of that name. Mend fetch("w", "more")
                  - input 'x': expected a column 'x', found columns [id, point]. Bind one with feed("x", "…")
                  - output 'y': expected a new column, found 'id' among those of the DataFrame. Rename it with fetch("y", "…")""";
        TensorTransformer stage = new TensorTransformer()
                .setProgram(SmallModels.ARITHMETIC)
                .fetch("y", "id")
                .fetch("w", "more");
        assertThatThrownBy(() -> stage.transformSchema(df.schema()))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage(message);
        assertThatThrownBy(() -> stage.transform(df))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage(message);
        assertThatThrownBy(() -> new TensorTransformer("mine").transform(df))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot transform with stage 'mine':
                          - expected a program, found none. Give it with setProgram(…)""");
    }

    @Test
    void refusesValuesThatAreNone() {
        var stage = new TensorTransformer();
        assertThatThrownBy(() -> stage.setBlockRows(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid blockRows: must be positive, found 0");
        assertThatThrownBy(() -> stage.feed(" ", "x"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid feeds: names must not be blank, found ' ' and 'x'");
        assertThatThrownBy(() -> stage.set("onNull", "skip"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid onNull: must be one of fail, drop, fill, found 'skip'");
    }

    @Test
    void isCopiedWithParamsInPlaceOfItsOwn(SparkSession spark) {
        Program other = Program.build(tf -> {
                    var x = Program.placeholder(tf, "x", org.tensorflow.types.TFloat64.class, Shape.of(-1, 2));
                    return Program.outputs("z", tf.math.neg(x)).and("y", tf.identity(x));
                })
                .named("negative");
        TensorTransformer stage = stage();
        TensorTransformer copy = stage.copy(ParamMap.empty().put(stage.program(), other));
        assertThat(copy.uid()).isEqualTo(stage.uid());
        assertThat(copy.getProgram()).isEqualTo(other);
        assertThat(stage.getProgram()).isEqualTo(SmallModels.ARITHMETIC);
        Row first = copy.transform(points(spark)).first();
        assertThat(((Vector) first.get(2)).toArray()).containsExactly(-0.0, -0.5);
        copy.feed("x", "elsewhere");
        assertThat(stage.getOrDefault(stage.feeds())).isEqualTo(Map.of("x", "point"));
    }

    @Test
    void explainsItsParams() {
        assertThat(stage().setBlockRows(7).explainParams().lines().map(line -> line.replaceFirst("@\\w+", "@…")))
                .containsExactly(
                        "blockRows: rows that the program gets at once, at most (current: 7)",
                        "feeds: columns by the inputs that they feed; other inputs are fed by name (default: {}, current: {x=point})",
                        "fetches: new columns by the outputs that they hold; none for all outputs under their own names (default: {}, current: {z=moved, y=doubled})",
                        "fillValue: the number that the program sees for a null (default: 0.0)",
                        "onNull: what becomes of nulls that are fed: one of fail, drop, fill (default: fail)",
                        "program: the program to run (current: arithmetic@…)",
                        "shapes: shapes of cells by column, such as 28,28,1, with -1 where unknown (default: {})",
                        "vectors: new columns that are given as vectors (default: [], current: [moved])");
    }

    @Test
    void treatsNullsAsItIsTold(SparkSession spark) {
        Dataset<Row> df =
                spark.range(0, 4, 1, 1).selectExpr("id", "if(id = 1, null, array(cast(id as double), 0D)) as point");
        TensorTransformer stage = stage();
        assertThatThrownBy(() -> stage.transform(df).collectAsList()).hasMessageContaining("null");
        assertThat(stage.setOnNull(TensorTransformer.OnNull.DROP).transform(df).collectAsList())
                .extracting(row -> row.getLong(0))
                .containsExactly(0L, 2L, 3L);
        assertThat(stage.setFillValue(5).transform(df).collectAsList())
                .extracting(row -> Arrays.toString(((Vector) row.get(2)).toArray()))
                .containsExactly("[3.0, 3.0]", "[8.0, 8.0]", "[5.0, 3.0]", "[6.0, 3.0]");
    }

    @Test
    void givesCellsTheShapeThatItIsTold(SparkSession spark) {
        Program transposed = Program.build(tf -> {
            var m = Program.placeholder(tf, "m", TFloat32.class, Shape.of(-1, 2, 3));
            return Program.outputs("t", tf.linalg.transpose(m, tf.constant(new int[] {0, 2, 1})));
        });
        Dataset<Row> df = spark.sql("select array(1f, 2f, 3f, 4f, 5f, 6f) as m");
        Dataset<Row> result =
                new TensorTransformer().setProgram(transposed).shape("m", 2, 3).transform(df);
        assertThat(result.selectExpr("flatten(t)").first().<Float>getList(0)).containsExactly(1f, 4f, 2f, 5f, 3f, 6f);
    }
}
