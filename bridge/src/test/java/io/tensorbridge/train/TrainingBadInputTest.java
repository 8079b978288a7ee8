package io.tensorbridge.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.tensorbridge.SparkExtension;
import io.tensorbridge.arrow.NullPolicy;
import io.tensorbridge.tensor.SignatureMismatchException;
import io.tensorbridge.train.graph.Initialiser;
import io.tensorbridge.train.graph.TrainingProgram;
import io.tensorbridge.train.worker.EpochResult;
import io.tensorbridge.train.worker.TrainingSettings.Better;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

@ExtendWith(SparkExtension.class)
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TrainingBadInputTest {

    @TempDir
    private Path directory;

    @AfterEach
    void nothingIsLeft() throws IOException, InterruptedException {
        Lines.assertNothingIsLeft();
    }

    /** Tells three classes apart, by two numbers. */
    private static TrainingProgram classes() {
        return TrainingProgram.build(t -> {
            var tf = t.ops();
            var x = t.input("x", TFloat32.class, 2);
            var label = t.label("label", TInt32.class, 3);
            var scores = tf.linalg.matMul(x, t.variable("kernel", Initialiser.glorot(), 2, 3));
            var oneHot = tf.oneHot(label, tf.constant(3), tf.constant(1f), tf.constant(0f));
            t.loss(tf.math.mean(
                    tf.nn.softmaxCrossEntropyWithLogits(scores, oneHot).loss(), tf.constant(0)));
            t.output("guess", tf.math.argMax(scores, tf.constant(1), TInt32.class));
        });
    }

    private static Dataset<Row> rows(SparkSession spark, int count) {
        return spark.range(0, count, 1, 2)
                .selectExpr("array(cast(id as float), 1f) as x", "cast(id % 3 as int) as label");
    }

    private static Trainer trainer() {
        return Trainer.of(classes()).shape("x", 2).workers(2).batchRows(4).learningRate(0.01);
    }

    @Test
    void refusesADataFrameWithoutRows(SparkSession spark) {
        assertThatThrownBy(() -> trainer().fit(rows(spark, 0)))
                .isInstanceOf(TrainingException.class)
                .hasMessage("Cannot train: expected rows to train on, found none");
    }

    @Test
    void trainsWhereAWorkerHasNoRows(SparkSession spark) {
        TrainedProgram trained = trainer().epochs(3).fit(rows(spark, 10).limit(1));

        assertThat(trained.epochs()).extracting(EpochResult::rows).containsExactly(1L, 1L, 1L);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 3, Integer.MAX_VALUE})
    void namesTheColumnOfALabelThatIsOutOfItsRange(int label, SparkSession spark) {
        Dataset<Row> bad =
                rows(spark, 40).selectExpr("x", "case when x[0] = 27 then %d else label end as digit".formatted(label));

        assertThatThrownBy(() -> trainer().feed("label", "digit").fit(bad))
                .isInstanceOf(TrainingException.class)
                .hasMessage(
                        "Cannot train: expected values from 0 to 2 for input 'label', found %d in column 'digit'. Leave such rows out, or give the program more classes",
                        label);
    }

    @Test
    void doesWithNullsWhatItIsTold(SparkSession spark) {
        Dataset<Row> nulls =
                rows(spark, 40).selectExpr("x", "case when x[0] in (7, 30) then null else label end as label");

        assertThatThrownBy(() -> trainer().fit(nulls))
                .isInstanceOf(TrainingException.class)
                .hasMessageContaining("label")
                .hasMessageContaining("null");
        assertThat(trainer().onNull(NullPolicy.dropRow()).fit(nulls).epochs())
                .extracting(EpochResult::rows)
                .containsExactly(38L);
    }

    @Test
    void refusesColumnsThatDoNotFitBeforeAnyJob(SparkSession spark) {
        Dataset<Row> wrong =
                spark.range(4).selectExpr("raise_error('a job has begun') as x", "cast(id as double) as label");

        Throwable thrown = catchThrowable(
                () -> Trainer.of(classes()).workers(2).fit(wrong.selectExpr("cast(x as double) as x", "label")));

        assertThat(thrown).isInstanceOf(SignatureMismatchException.class);
        assertThat(thrown.getMessage()).contains("- input 'x': ", "- input 'label': ");
    }

    @Test
    void refusesMoreWorkersThanThereAreSlots(SparkSession spark) {
        assertThatThrownBy(() -> trainer().workers(3).fit(rows(spark, 10)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot train: expected a slot for each of 3 workers, found 2. Lower workers(…), or give Spark more cores");
    }

    @Test
    void refusesToWatchWhatIsNoMetric(SparkSession spark) {
        assertThatThrownBy(() -> trainer().watch("accuracy", Better.HIGHER).fit(rows(spark, 10)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot watch 'accuracy': expected loss or one of the metrics []. Add it to the program with metric(…)");
    }

    @Test
    void stopsWhenTheLossIsNoNumberAnyMore(SparkSession spark) {
        Dataset<Row> bad = rows(spark, 40)
                .selectExpr("array(case when x[0] = 27 then float('NaN') else x[0] end, 1f) as x", "label");

        assertThatThrownBy(() -> trainer().fit(bad))
                .isInstanceOf(TrainingException.class)
                .hasMessageMatching(
                        "Cannot train on: expected a finite loss, found NaN in step [1-5]; no checkpoint was written\\. Lower the learningRate\\(…\\), set a clipNorm\\(…\\), or look for what the program divides by or takes the logarithm or the root of");
    }

    @ParameterizedTest
    @CsvSource({"1, 3", "2, 1", "2, 7"})
    void givesTheSameCurveForASeed(int workers, int partitions, SparkSession spark) {
        Trainer trainer = Lines.trainer(5).workers(workers).seed(11);

        TrainedProgram first = trainer.fit(TrainerTest.points(spark, 97, partitions));
        TrainedProgram second = trainer.fit(TrainerTest.points(spark, 97, partitions));

        Lines.assertSameCurve(second, first);
        assertThat(Lines.losses(first)).hasSize(5);
    }

    @Test
    void refusesACheckpointOfAnotherTrainingBeforeAnyJob(SparkSession spark) {
        String uri = directory.toUri().toString();
        Lines.fit(Lines.trainer(1).checkpoints(uri, 5), spark);

        assertThatThrownBy(() -> trainer().checkpoints(uri, 5).fit(rows(spark, 40)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("Cannot go on from checkpoint '" + uri)
                .hasMessageContaining("checkpoint-10': expected program of SHA-256 ")
                .hasMessageEndingWith(". Name another directory for checkpoints, or remove this one");
    }

    @Test
    void refusesACheckpointOfOtherRows(SparkSession spark) {
        String uri = directory.toUri().toString();
        Lines.fit(Lines.trainer(1).checkpoints(uri, 5), spark);

        assertThatThrownBy(() -> Lines.trainer(2).checkpoints(uri, 5).fit(TrainerTest.points(spark, 40, 3)))
                .isInstanceOf(TrainingException.class)
                .hasMessageMatching(
                        "Cannot go on from checkpoint '.*/checkpoint-10': expected rows of workers \\[20, 20], found rows of workers \\[100, 100]\\. Name another directory for checkpoints, or remove this one");
    }

    @Test
    void refusesACheckpointThatIsNotAsItWasWritten(SparkSession spark) throws IOException {
        String uri = directory.toUri().toString();
        Lines.fit(Lines.trainer(1).checkpoints(uri, 5), spark);
        Path newest = directory.resolve("checkpoint-10");
        Files.write(newest.resolve("all.index"), new byte[] {1, 2, 3});

        assertThatThrownBy(() -> Lines.fit(Lines.trainer(2).checkpoints(uri, 5), spark))
                .isInstanceOf(TrainingException.class)
                .hasMessageMatching(
                        "Cannot go on from checkpoint '.*/checkpoint-10': expected file 'all.index' to be as it was written, found that it is not\\. Remove the checkpoint to go on from the one before, or name another directory with checkpoints\\(…\\)");
        io.tensorbridge.model.internal.PrivateDirectory.delete(newest);
        assertThat(Lines.losses(Lines.fit(Lines.trainer(2).checkpoints(uri, 5), spark)))
                .hasSize(2);
    }

    @Test
    void refusesPlacesWhereNoCheckpointCanBeKept(SparkSession spark) {
        List<String> messages = List.of("nowhere://here", "memory-of-nobody:/x").stream()
                .map(uri -> catchThrowable(() -> Lines.fit(Lines.trainer(1).checkpoints(uri, 5), spark))
                        .getMessage())
                .toList();

        assertThat(messages)
                .containsExactly(
                        "Cannot keep checkpoints at 'nowhere://here': expected a scheme that Hadoop has a file system for, found 'nowhere'. Add its connector to Spark's class path",
                        "Cannot keep checkpoints at 'memory-of-nobody:/x': expected a scheme that Hadoop has a file system for, found 'memory-of-nobody'. Add its connector to Spark's class path");
    }
}
