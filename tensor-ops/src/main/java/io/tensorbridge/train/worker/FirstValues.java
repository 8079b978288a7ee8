package io.tensorbridge.train.worker;

import io.tensorbridge.tensor.TrainingSession;
import io.tensorbridge.tensor.TrainingSession.Fed;
import io.tensorbridge.train.graph.LearningRate;
import io.tensorbridge.train.graph.Optimizer;
import io.tensorbridge.train.graph.StepGraph;
import io.tensorbridge.train.graph.TrainingProgram;
import io.tensorbridge.train.graph.UpdateRule;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.tensorflow.proto.DataType;

/** The values that the variables of a program begin with. */
public final class FirstValues {

    private FirstValues() {}

    /**
     * Writes them as a checkpoint of TensorFlow's, whose keys are the names of variables: {@code variables.index} and
     * {@code variables.data-*}. TensorFlow runs in this process meanwhile.
     *
     * @param seed what training is seeded with
     * @param directory where to write them, which is there
     */
    public static void write(TrainingProgram program, long seed, Path directory) {
        var rule = new UpdateRule(
                Optimizer.sgd(),
                LearningRate.constant(1),
                /* weightDecay= */ 0,
                Double.POSITIVE_INFINITY,
                Double.POSITIVE_INFINITY,
                /* accumulate= */ 1,
                UpdateRule.Wire.FLOAT);
        StepGraph graph = StepGraph.of(program, rule, /* rank= */ 0, /* workers= */ 1, /* timeoutSeconds= */ 1);
        try (var session = TrainingSession.open(graph.graphDef(), /* rank= */ 0, List.of(), /* threads= */ 1)) {
            TrainingSession.Run initialise = session.prepare(
                    List.of(new Fed(graph.feeds().random(), DataType.DT_INT64)),
                    /* fetch= */ null,
                    graph.targets().initialise());
            ByteBuffer random = initialise.feed(0, 2L * Long.BYTES, 2);
            random.putLong(0, seed);
            random.putLong(Long.BYTES, 0);
            initialise.run();
            TrainingSession.Run save = session.prepare(
                    List.of(new Fed(graph.feeds().file(), DataType.DT_STRING)),
                    /* fetch= */ null,
                    graph.targets().saving().saveWeights());
            save.feed(0, directory.resolve("variables").toString());
            save.run();
        }
    }
}
