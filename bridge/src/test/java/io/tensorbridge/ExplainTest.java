package io.tensorbridge;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.mapRows;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static io.tensorbridge.TensorFrames.reduceBlocks;
import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.TensorValue;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TString;

/** What operations say of themselves: what is fed with what, and every copy. */
@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class ExplainTest {

    private static final String LIMITS = """
              block   at most 16384 rows, about 4194304 bytes, 500 ms a run
              copies  into the block: 1 bulk copy from rows or Spark's columns, 0 from aligned Arrow columns
            """;

    private static Dataset<Row> columns(SparkSession spark) {
        return spark.range(3)
                .selectExpr(
                        "cast(id as string) as s",
                        "cast(id as float) as f",
                        "array_repeat(cast(id as float), cast(id as int)) as v",
                        "cast(id as double) as x");
    }

    private static void assertExplained(String explanation, String program, String lines) {
        assertThat(explanation)
                .isEqualTo("MapBlocks " + program + "\n" + lines
                        + "  device  a GPU if TensorFlow finds one, else the CPU");
    }

    @Test
    void stringsAndHalvesAreCopied(SparkSession spark) {
        Program program =
                Program.build(tf -> outputs("t", tf.strings.lower(placeholder(tf, "s", TString.class, Shape.of(-1))))
                        .and("h", tf.math.neg(placeholder(tf, "f", TFloat16.class, Shape.of(-1)))));
        assertExplained(
                mapBlocks(program).narrow("f").explain(columns(spark)),
                program.toString(),
                """
                  feed    s <- column 's': DT_STRING[?], on null fail
                  feed    f <- column 'f': DT_HALF[?], on null fail
                  fetch   t -> column 't': DT_STRING[?]
                  fetch   h -> column 'h': DT_HALF[?]
                  result  all columns and the new ones
                """ + LIMITS + """
                          block to tensors: 0, but 1 of s (string), f (half)
                          tensors to columns: 0, but 1 of t (string), h (half)
                        """.indent(8));
    }

    @Test
    void partsOfListsAndValues(SparkSession spark) {
        Program program = Program.build(tf -> {
            var v = placeholder(tf, "v", TFloat32.class, Shape.of(-1, -1));
            var mask = placeholder(tf, "mask", TFloat32.class, Shape.of(-1, -1));
            var by = placeholder(tf, "by", TFloat32.class, Shape.scalar());
            return outputs("y", tf.math.mul(tf.math.mul(v, mask), by));
        });
        assertExplained(
                mapBlocks(program)
                        .pad("v")
                        .feedMask("mask", "v")
                        .with("by", TensorValue.of(2f))
                        .trim()
                        .explain(columns(spark)),
                program + ", trimmed",
                """
                  feed    v <- padded column 'v': DT_FLOAT[?, ?], on null fail
                  feed    mask <- the mask of column 'v': DT_FLOAT[?, ?], on null fail
                  with    by: DT_FLOAT[]
                  fetch   y -> column 'y': DT_FLOAT[?, ?]
                  result  the new columns alone
                """ + LIMITS + """
                          block to tensors: 0, but 1 of v (padded), mask (padded)
                          tensors to columns: 0
                        """.indent(8));
    }

    @Test
    void rowsOfManyShapesAndReductions(SparkSession spark) {
        Program length = Program.build(tf -> {
            var v = placeholder(tf, "v", TFloat32.class, Shape.of(-1));
            return outputs("y", tf.math.neg(v));
        });
        assertThat(mapRows(length).explain(columns(spark)))
                .contains("feed    v <- column 'v': DT_FLOAT[?], on null fail")
                .contains("block to tensors: 0; 1 of blocks whose rows differ in shape (grouped)")
                .contains("tensors to columns: 0; 1 of blocks whose rows differ in shape (grouped)");
        assertThat(reduceBlocks(Reductions.sum(TFloat64.class)).explain(columns(spark)))
                .contains("feed    x_input <- column 'x': DT_DOUBLE[?], on null fail")
                .contains("fetch   x -> column 'x': DT_DOUBLE[]\n")
                .contains("result  one row\n");
    }
}
