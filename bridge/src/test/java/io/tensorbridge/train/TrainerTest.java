package io.tensorbridge.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tensorbridge.SparkExtension;
import io.tensorbridge.train.graph.Initialiser;
import io.tensorbridge.train.graph.TrainingProgram;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

@ExtendWith(SparkExtension.class)
class TrainerTest {

    /** Finds a and b of y = a x + b. */
    static TrainingProgram line() {
        return TrainingProgram.build(t -> {
            var tf = t.ops();
            var x = tf.dtypes.cast(t.input("x", TFloat64.class), TFloat32.class);
            var y = tf.dtypes.cast(t.input("y", TFloat64.class), TFloat32.class);
            var a = t.variable("a", Initialiser.zeros());
            var b = t.variable("b", Initialiser.zeros());
            var guess = tf.math.add(tf.math.mul(x, a), b);
            t.loss(tf.math.mean(tf.math.squaredDifference(guess, y), tf.constant(0)));
            t.output("guess", guess);
        });
    }

    static Dataset<Row> points(SparkSession spark, int rows, int partitions) {
        return spark.range(0, rows, 1, partitions)
                .selectExpr("id / %d.0D as x".formatted(rows), "3 * id / %d.0D - 1 as y".formatted(rows));
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "1, 3", "2, 1", "2, 2", "2, 5"})
    void findsALine(int workers, int partitions, SparkSession spark) {
        TrainedProgram trained = Trainer.of(line())
                .workers(workers)
                .epochs(60)
                .batchRows(20)
                .learningRate(0.05)
                .fit(points(spark, 200, partitions));
        assertThat(trained.workers()).isEqualTo(workers);
        assertThat(trained.epochs()).hasSize(60);
        assertThat(trained.epochs().get(59).loss()).isCloseTo(0, within(1e-3));
    }
}
