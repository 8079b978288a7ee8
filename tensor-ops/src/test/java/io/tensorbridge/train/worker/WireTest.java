package io.tensorbridge.train.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.train.graph.UpdateRule.Wire;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(NativeMemoryExtension.class)
class WireTest {

    @Test
    void halvesTrainNearlyAsFloatsDoAndKeepTheWeightsEqual(@TempDir Path directory)
            throws IOException, InterruptedException {
        var choices = new Choices();
        choices.batchRows = 64; // all rows at once, so that their order is of no effect
        try (var workers = new Workers(directory)) {
            double[] exact = Workers.losses(Workers.finished(workers.alone("alone", choices, null, 40)));
            choices.wire = Wire.HALF;
            List<WorkerProcess> two = workers.start("two", choices, null, 32, 8);
            List<WorkerEvent> first = Workers.eventsOf(two.get(0));
            List<WorkerEvent> second = Workers.eventsOf(two.get(1));
            assertThat(Workers.checksums(first)).hasSize(5).isEqualTo(Workers.checksums(second));
            double[] losses = Workers.losses(Workers.finished(first));
            assertThat(losses).containsExactly(exact, within(1e-3));
            assertThat(losses[0]).isCloseTo(exact[0], within(1e-6)); // nothing was learnt yet, and a loss loses nothing
        }
    }
}
