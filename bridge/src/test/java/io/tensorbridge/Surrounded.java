package io.tensorbridge;

import static io.tensorbridge.TensorFrames.aggregate;
import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.mapRows;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static io.tensorbridge.TensorFrames.reduceBlocks;
import static io.tensorbridge.TensorFrames.reduceRows;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.sum;

import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.Programs;
import java.util.List;
import java.util.function.UnaryOperator;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TString;

/** Operations to be set among Spark's own, each with Spark's own way to the same rows. All give a column {@code z}. */
@SuppressWarnings("ImmutableEnumChecker") // the functions have no state
enum Surrounded {
    MAP_BLOCKS(df -> mapBlocks(Programs.plusThree()).blockRows(70).apply(df), Surrounded::plusThree),
    MAP_BLOCKS_TRIMMED(
            df -> mapBlocks(twice()).blockRows(70).trim().apply(df), df -> df.selectExpr("explode(array(x, x)) as z")),
    MAP_ROWS_TRIMMED(
            df -> mapRows(rowPlusThree()).blockRows(70).trim().apply(df),
            df -> plusThree(df).select("z")),
    MAP_ROWS_RAGGED(
            df -> mapRows(total()).feed("x", "v").blockRows(70).apply(df),
            df -> df.withColumn("z", expr("aggregate(v, 0D, (a, b) -> a + b)"))),
    MAP_BLOCKS_WITH_REASONS(
            df -> mapBlocks(number())
                    .feed("text", "text")
                    .blockRows(70)
                    .reasons("why")
                    .apply(df.withColumn("text", expr("if(x % 9 = 2, 'none', if(x % 9 = 4, null, s))"))),
            df -> df.withColumn("text", expr("if(x % 9 = 2, 'none', if(x % 9 = 4, null, s))"))
                    .withColumn("z", expr("if(x % 9 in (2, 4), null, x)"))
                    .withColumn(
                            "why",
                            expr(
                                    "case x % 9 when 2 then 'StringToNumberOp could not correctly convert string: none' when 4 then \"Expected a value in column 'text', found null\" end"))),
    REDUCE_BLOCKS(
            df -> reduceBlocks(Reductions.sum(TFloat64.class))
                    .fetch("x", "z")
                    .blockRows(70)
                    .lazily(df),
            df -> df.agg(sum("x").as("z"))),
    REDUCE_ROWS(
            df -> reduceRows(Reductions.add(TFloat64.class, Shape.scalar()))
                    .fetch("x", "z")
                    .blockRows(70)
                    .lazily(df),
            df -> df.agg(sum("x").as("z"))),
    AGGREGATE(
            df -> aggregate(Reductions.sum(TFloat64.class))
                    .by("k")
                    .fetch("x", "z")
                    .blockRows(70)
                    .apply(df),
            df -> df.groupBy("k").agg(sum("x").as("z")));

    private static final int ROWS = 600;

    private final UnaryOperator<Dataset<Row>> ours;
    private final UnaryOperator<Dataset<Row>> sparks;

    Surrounded(UnaryOperator<Dataset<Row>> ours, UnaryOperator<Dataset<Row>> sparks) {
        this.ours = ours;
        this.sparks = sparks;
    }

    /** Runs it as a program. */
    UnaryOperator<Dataset<Row>> ours() {
        return ours;
    }

    /** Has Spark do the same. */
    UnaryOperator<Dataset<Row>> sparks() {
        return sparks;
    }

    /** Returns whether it makes rows of rows, one by one, and so takes a stream. */
    boolean maps() {
        return name().startsWith("MAP");
    }

    /** Rows for all of them: a number, a key, an array of up to three numbers, a string. */
    static Dataset<Row> numbers(SparkSession spark) {
        return spark.range(0, ROWS, 1, 3)
                .selectExpr(
                        "cast(id as double) as x",
                        "id % 7 as k",
                        "array_repeat(cast(id as double), cast(id % 4 as int)) as v",
                        "cast(id as string) as s");
    }

    private static Dataset<Row> plusThree(Dataset<Row> df) {
        return df.withColumn("z", expr("x + 3"));
    }

    private static Program rowPlusThree() {
        return Program.build(tf ->
                outputs("z", tf.math.add(placeholder(tf, "x", TFloat64.class, Shape.scalar()), tf.constant(3.0))));
    }

    private static Program number() {
        return Program.build(tf -> {
            var text = placeholder(tf, "text", TString.class, Shape.of(-1));
            return outputs("z", tf.strings.toNumber(text, TFloat64.class));
        });
    }

    private static Program total() {
        return Program.build(tf ->
                outputs("z", tf.sum(placeholder(tf, "x", TFloat64.class, Shape.of(-1)), tf.constant(0))));
    }

    private static Program twice() {
        return Program.build(tf -> {
            var x = placeholder(tf, "x", TFloat64.class, Shape.of(-1));
            return outputs("z", tf.concat(List.of(x, x), tf.constant(0)));
        });
    }
}
