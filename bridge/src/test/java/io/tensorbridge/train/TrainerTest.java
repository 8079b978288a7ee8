package io.tensorbridge.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tensorbridge.SparkExtension;
import io.tensorbridge.TensorFrames;
import io.tensorbridge.train.graph.Initialiser;
import io.tensorbridge.train.graph.TrainingProgram;
import io.tensorbridge.train.worker.EpochResult;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
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
    @CsvSource({"1, 3", "2, 1", "2, 5"})
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
        Dataset<Row> guessed = TensorFrames.mapBlocks(trained.program()).apply(points(spark, 7, 2));
        assertThat(guessed.collectAsList())
                .hasSize(7)
                .allSatisfy(
                        row -> assertThat((double) row.<Float>getAs("guess")).isCloseTo(row.getAs("y"), within(0.2)));
        assertThat(trained.history(spark).columns())
                .containsExactly(
                        "epoch", "step", "loss", "validation_loss", "rate", "seconds", "rows", "rows_per_second");
        assertThat(trained.history(spark).collectAsList()).hasSize(60);
    }

    @Test
    void goesOnFromACheckpoint(@TempDir Path directory, SparkSession spark) {
        Trainer trainer =
                Trainer.of(line()).workers(2).batchRows(20).learningRate(0.05).epochs(6);
        TrainedProgram whole = trainer.fit(points(spark, 200, 2));
        Trainer kept = trainer.checkpoints(directory.toUri().toString(), 7);
        kept.epochs(3).fit(points(spark, 200, 2));
        TrainedProgram resumed = kept.fit(points(spark, 200, 2));
        assertThat(losses(resumed)).containsExactlyElementsOf(losses(whole));
    }

    private static List<Double> losses(TrainedProgram trained) {
        return trained.epochs().stream().map(EpochResult::loss).toList();
    }
}
