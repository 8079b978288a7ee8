package io.tensorbridge;

import static io.tensorbridge.BadData.PLUS;
import static io.tensorbridge.BadInput.driver;
import static io.tensorbridge.BadInput.mismatch;
import static io.tensorbridge.BadInput.result;
import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static io.tensorbridge.TensorFrames.reduceBlocks;
import static io.tensorbridge.TensorFrames.reduceRows;
import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.arrow.NullPolicy;
import io.tensorbridge.tensor.Program;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat64;

/** Names that are missing, or there twice. */
final class BadNames {

    private static final Program TWO = Program.build(tf -> {
                var x = placeholder(tf, "x", TFloat64.class, Shape.of(-1));
                placeholder(tf, "unused", TFloat64.class, Shape.of(-1));
                return outputs("a", tf.math.neg(x)).and("b", tf.math.abs(x));
            })
            .named("two");
    private static final Program SCALED = Program.build(tf -> {
                var x = placeholder(tf, "x", TFloat64.class, Shape.of(-1));
                var by = placeholder(tf, "by", TFloat64.class, Shape.scalar());
                return outputs("y", tf.math.mul(x, by));
            })
            .named("scaled");

    private BadNames() {}

    private static Program reduction(String input) {
        return Program.build(tf -> outputs(
                        "x", tf.reduceSum(placeholder(tf, input, TFloat64.class, Shape.of(-1)), tf.constant(0))))
                .named("sum");
    }

    private static Dataset<Row> columns(SparkSession spark) {
        return spark.range(0, 3, 1, 1).selectExpr("double(id) as x", "id as other");
    }

    private static BadInput.Attempt caseSensitive(BadInput.Attempt attempt) {
        return spark -> {
            spark.conf().set("spark.sql.caseSensitive", "true");
            try {
                attempt.run(spark);
            } finally {
                spark.conf().unset("spark.sql.caseSensitive");
            }
        };
    }

    static List<BadInput> cases() {
        return List.of(
                mismatch(
                        29,
                        "a column that is not there",
                        spark -> mapBlocks(PLUS).apply(columns(spark).drop("x")),
                        "plus",
                        "input 'x': expected a column 'x', found columns [other]. Bind one with feed(\"x\", \"…\")"),
                mismatch(
                        29,
                        "a column that is fed and not there",
                        spark -> mapBlocks(PLUS).feed("x", "y").apply(columns(spark)),
                        "plus",
                        "input 'x': expected a column 'y', found columns [x, other]. Bind one with feed(\"x\", \"…\")"),
                mismatch(
                        30,
                        "a column that is there twice, after a join",
                        spark -> mapBlocks(PLUS)
                                .apply(columns(spark).join(columns(spark).withColumnRenamed("other", "more"))),
                        "plus",
                        "input 'x': expected one column 'x', found 2. Rename all but one"),
                mismatch(
                        31,
                        "an output named like a column",
                        spark -> mapBlocks(PLUS).apply(columns(spark).withColumnRenamed("other", "z")),
                        "plus",
                        "output 'z': expected a new column, found 'z' among those of the DataFrame. Rename it with fetch(\"z\", \"…\")"),
                mismatch(
                        31,
                        "an output that is fetched as its input's column",
                        spark -> mapBlocks(PLUS).fetch("z", "x").apply(columns(spark)),
                        "plus",
                        "output 'z': expected a new column, found 'x' among those of the DataFrame. Rename it with fetch(\"z\", \"…\")"),
                mismatch(
                        32,
                        "two outputs that are fetched as one column",
                        spark -> mapBlocks(TWO).fetch("a", "y").fetch("b", "y").apply(columns(spark)),
                        "two",
                        "output 'b': expected a column of its own, found 'y' to be that of output 'a'. Rename it with fetch(\"b\", \"…\")"),
                driver(
                        32,
                        "an output that is fetched twice",
                        spark -> mapBlocks(TWO).fetch("a", "y").fetch("a", "w"),
                        "Cannot set 'a' to 'w': expected it to be set once, found it set to 'y' before. Leave out one of the two"),
                mismatch(
                        33,
                        "columns whose names differ in case alone",
                        spark -> mapBlocks(PLUS).apply(columns(spark).withColumnRenamed("other", "X")),
                        "plus",
                        "input 'x': expected one column 'x', found 2. Rename all but one"),
                mismatch(
                        33,
                        "an output whose name differs from a column's in case alone",
                        spark -> mapBlocks(PLUS).apply(columns(spark).withColumnRenamed("other", "Z")),
                        "plus",
                        "output 'z': expected a new column, found 'Z' among those of the DataFrame. Rename it with fetch(\"z\", \"…\")"),
                result(
                        33,
                        "the same, where case matters",
                        caseSensitive(spark -> assertThat(mapBlocks(PLUS)
                                        .apply(columns(spark)
                                                .withColumnRenamed("other", "X")
                                                .selectExpr("x", "X", "X as Z"))
                                        .selectExpr("x + 3 = z")
                                        .distinct()
                                        .collectAsList())
                                .extracting(row -> row.getBoolean(0))
                                .containsExactly(true))),
                mismatch(
                        33,
                        "a column in another case, where case matters",
                        caseSensitive(spark -> mapBlocks(PLUS).feed("x", "X").apply(columns(spark))),
                        "plus",
                        "input 'x': expected a column 'X', found columns [x, other]. Bind one with feed(\"x\", \"…\")"),
                result(34, "names with dots, spaces, backticks and letters of any kind", spark -> {
                    for (String name : List.of("a.b", "a b", "a`b`", "größe", "x.y `z` \uD83D\uDE00")) {
                        assertThat(mapBlocks(PLUS)
                                        .feed("x", name)
                                        .fetch("z", name + "!")
                                        .apply(columns(spark).withColumnRenamed("x", name))
                                        .collectAsList())
                                .extracting(row -> row.<Double>getAs(name + "!"))
                                .containsExactly(3.0, 4.0, 5.0);
                    }
                }),
                mismatch(
                        35,
                        "a feed of what is no input",
                        spark -> mapBlocks(PLUS).feed("z", "x").apply(columns(spark)),
                        "plus",
                        "input 'z': expected one of the inputs [x], found no input of that name. Mend feed(\"z\", \"x\")"),
                mismatch(
                        35,
                        "a fetch of what is no output",
                        spark -> mapBlocks(PLUS).fetch("y").apply(columns(spark)),
                        "plus",
                        "output 'y': expected one of the outputs [z], found no output of that name. Mend fetch(\"y\", \"y\")"),
                mismatch(
                        35,
                        "a policy for a column that is not fed",
                        spark -> mapBlocks(PLUS)
                                .onNull("other", NullPolicy.dropRow())
                                .apply(columns(spark)),
                        "plus",
                        "onNull(\"other\", …): expected one of the columns [x], which are fed, found 'other'. Mend the name, or leave it out"),
                mismatch(
                        35,
                        "a shape for a column that is neither fed nor new",
                        spark -> mapBlocks(PLUS).shape("y", 2).apply(columns(spark)),
                        "plus",
                        "shape(\"y\", …): expected a column that is fed or new, found 'y' to be neither. Mend the name, or leave it out"),
                result(
                        36,
                        "a placeholder that no output needs",
                        spark -> assertThat(mapBlocks(TWO).apply(columns(spark)).collectAsList())
                                .hasSize(3)),
                mismatch(
                        36,
                        "a placeholder that is not fed",
                        spark -> mapBlocks(SCALED).apply(columns(spark)),
                        "scaled",
                        "input 'by': expected a column 'by', found columns [x, other]. Bind one with feed(\"by\", \"…\")"),
                mismatch(
                        37,
                        "a reduction of blocks without the suffix",
                        spark -> reduceBlocks(reduction("y")).apply(columns(spark)),
                        "sum",
                        "output 'x': expected an input 'x_input' to reduce it from, found inputs [y]. Name them so in the program",
                        "input 'y': expected the name of an output and _input, found outputs [x]. Name it so in the program"),
                mismatch(
                        37,
                        "a reduction of rows without one of the suffixes",
                        spark -> reduceRows(reduction("x_1")).apply(columns(spark)),
                        "sum",
                        "output 'x': expected inputs 'x_1' and 'x_2' to reduce it from, found inputs [x_1]. Name them so in the program"));
    }
}
