package io.tensorbridge.train.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.train.graph.Initialiser;
import io.tensorbridge.train.graph.Optimizer;
import io.tensorbridge.train.graph.TrainingProgram;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

@ExtendWith(NativeMemoryExtension.class)
class RandomnessTest {

    /** The loss is a 16th of the number of cells that are not dropped, of the 32 of two batches. */
    private static TrainingProgram counting() {
        return TrainingProgram.build(t -> {
            var tf = t.ops();
            var x = t.input("x", TFloat32.class, 4);
            t.label("label", TInt32.class, Workers.CLASSES);
            var ones = tf.math.mul(tf.onesLike(x), t.variable("one", Initialiser.ones()));
            t.loss(tf.math.mean(tf.reshape(t.dropout(ones, 0.5), tf.constant(new int[] {-1})), tf.constant(0)));
            t.output("x", x);
        });
    }

    @Test
    void isAnotherInEachBatchOfAStepAndInEachStep(@TempDir Path directory) throws IOException {
        var choices = new Choices();
        choices.optimizer = Optimizer.sgd();
        choices.rate = 1e-30;
        choices.accumulate = 2;
        choices.batchRows = 4;
        choices.epochs = 20;
        try (var workers = new Workers(directory, counting())) {
            double[] kept = Arrays.stream(Workers.losses(Workers.finished(workers.alone("run", choices, null, 8))))
                    .map(loss -> loss * 16)
                    .toArray();
            // it would always be even if both batches had dropped the same cells
            assertThat(Arrays.stream(kept)).anyMatch(cells -> Math.rint(cells) % 2 == 1);
            assertThat(Arrays.stream(kept).distinct().count()).isGreaterThan(5);
        }
    }
}
