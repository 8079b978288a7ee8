package io.tensorbridge;

import static io.tensorbridge.BadInput.executor;
import static io.tensorbridge.BadInput.result;
import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static io.tensorbridge.TensorFrames.reduceBlocks;
import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.tensor.Loops;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.TensorValue;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TString;

/** Programs that fit as far as can be told, and fail when they run; and some that look as if they would. */
final class BadRuns {

    private BadRuns() {}

    private static Dataset<Row> column(SparkSession spark) {
        return spark.range(0, 10, 1, 1).selectExpr("double(id) as x");
    }

    private static Program named(
            String name, java.util.function.Function<org.tensorflow.op.Ops, Program.Outputs> body) {
        return Program.build(body).named(name);
    }

    static List<BadInput> cases() {
        return List.of(
                executor(
                        44,
                        "tensors whose shapes do not fit each other",
                        spark -> mapBlocks(named("pairs", tf -> {
                                    var x = placeholder(tf, "x", TFloat64.class, Shape.of(-1));
                                    return outputs("z", tf.math.add(x, tf.constant(new double[] {1, 2, 3})));
                                }))
                                .trim()
                                .apply(column(spark))
                                .collectAsList(),
                        "Program 'pairs' failed on block 0 of partition 0 (10 rows): expected TensorFlow to run it, found an error: Incompatible shapes: [10] vs. [3]\n\t [[{{node Add}}]]. Mend the program, or what it is fed with"),
                executor(
                        44,
                        "cells of another shape than was declared",
                        spark -> mapBlocks(named("any", tf -> {
                                    var x = placeholder(tf, "x", TFloat64.class, Shape.unknown());
                                    return outputs("y", tf.math.neg(x));
                                }))
                                .shape("y", 2)
                                .apply(column(spark))
                                .collectAsList(),
                        "Program 'any' failed on block 0 of partition 0 (10 rows): expected output 'y' to have 2 dimensions, rows first, found shape [10]. Mend shape(\"y\", …), or the program"),
                executor(
                        45,
                        "half as many rows",
                        spark -> mapBlocks(half()).apply(column(spark)).collectAsList(),
                        "Program 'half' failed on block 0 of partition 0 (10 rows): expected one row of output 'z' for each input row, found 5. Use trim() if the program changes the number of rows"),
                result(
                        45,
                        "half as many rows, alone",
                        spark -> assertThat(mapBlocks(half())
                                        .trim()
                                        .apply(column(spark))
                                        .collectAsList())
                                .extracting(row -> row.getDouble(0))
                                .containsExactly(1.0, 5.0, 9.0, 13.0, 17.0)),
                executor(
                        46,
                        "a reduction to cells that are longer from block to block",
                        spark -> reduceBlocks(named("distinct", tf -> {
                                    var x = placeholder(tf, "x_input", TInt64.class, Shape.of(-1, -1));
                                    var flat = tf.reshape(x, tf.constant(new int[] {-1}));
                                    return outputs(
                                            "x",
                                            tf.unique(flat, tf.constant(new int[] {0}))
                                                    .y());
                                }))
                                .blockRows(3)
                                .apply(spark.range(0, 6, 1, 1).selectExpr("array(id, id div 4) as x")),
                        "Program 'distinct' failed on block 1 of partition 0 (3 rows): expected output 'x' to give cells of 3 values, as before, found 5. Make the program give cells of one shape"),
                executor(
                        47,
                        "a scalar where rows are mapped, of a rank that was not known",
                        spark -> mapBlocks(named("one", tf -> {
                                    var x = placeholder(tf, "x", TFloat64.class, Shape.unknown());
                                    return outputs(
                                            "y", tf.reduceSum(x, tf.range(tf.constant(0), tf.rank(x), tf.constant(1))));
                                }))
                                .shape("y")
                                .apply(column(spark))
                                .collectAsList(),
                        "Program 'one' failed on block 0 of partition 0 (10 rows): expected output 'y' to have 1 dimensions, rows first, found shape []. Mend shape(\"y\", …), or the program"),
                result(
                        49,
                        "strings of two dimensions",
                        spark -> assertThat(mapBlocks(named("pair", tf -> {
                                            var x = placeholder(tf, "x", TString.class, Shape.of(-1));
                                            return outputs(
                                                    "y",
                                                    tf.stack(List.of(x, x), org.tensorflow.op.core.Stack.axis(1L)));
                                        }))
                                        .apply(spark.range(0, 10, 1, 1).selectExpr("string(id) as x"))
                                        .filter("y = array(x, x)")
                                        .count())
                                .isEqualTo(10)),
                result(51, "an operation that writes to its input, which is fed with a copy", BadRuns::copies),
                executor(
                        54,
                        "a loop without end",
                        spark -> {
                            spark.conf().set(TensorFramesOptions.RUN_TIMEOUT, "1s");
                            try {
                                mapBlocks(Loops.ofFunctions())
                                        .with("x", TensorValue.of(1.0))
                                        .with("step", TensorValue.of(0.0))
                                        .trim()
                                        .apply(column(spark))
                                        .collectAsList();
                            } finally {
                                spark.conf().unset(TensorFramesOptions.RUN_TIMEOUT);
                            }
                        },
                        "Program 'loop' failed on block 0 of partition 0 (10 rows): expected a run to end within 1 s, found it still running. Mend its loop, lower blockRows, or raise spark.tensorbridge.runTimeout"));
    }

    private static Program half() {
        return named("half", tf -> {
            var x = placeholder(tf, "x", TFloat64.class, Shape.of(-1));
            return outputs("z", tf.reduceSum(tf.reshape(x, tf.constant(new int[] {-1, 2})), tf.constant(1)));
        });
    }

    private static void copies(SparkSession spark) {
        Program program = named("inplace", tf -> {
            var x = placeholder(tf, "x", TFloat64.class, Shape.of(-1));
            return outputs("z", tf.inplaceAdd(x, tf.constant(new int[] {0}), tf.constant(new double[] {100})));
        });
        Dataset<Row> df = column(spark);
        assertThat(mapBlocks(program).explain(df))
                .contains("block to tensors: 1, since operation InplaceAdd writes or keeps its inputs");
        assertThat(mapBlocks(program)
                        .apply(df)
                        .filter("z = x + if(x = 0, 100, 0)")
                        .count())
                .isEqualTo(10);
    }
}
