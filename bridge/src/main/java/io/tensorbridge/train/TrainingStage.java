package io.tensorbridge.train;

import io.tensorbridge.train.graph.TrainingProgram;
import io.tensorbridge.train.worker.TrainingSettings;
import java.io.Serializable;
import java.util.List;
import org.apache.spark.broadcast.Broadcast;
import scala.Tuple2;
import scala.collection.Iterator;
import scala.jdk.javaapi.CollectionConverters;
import scala.runtime.AbstractFunction1;

/**
 * What every task of the barrier stage does: trains as one worker.
 *
 * @see BarrierTask
 */
final class TrainingStage extends AbstractFunction1<Iterator<Tuple2<SliceKey, Slice>>, Iterator<TaskResult>>
        implements Serializable {

    private final Broadcast<TrainingProgram> program;
    private final TrainingSettings settings;
    private final List<Integer> cellBytes;
    private final int heapMiB;

    TrainingStage(Broadcast<TrainingProgram> program, TrainingSettings settings, List<Integer> cellBytes, int heapMiB) {
        this.program = program;
        this.settings = settings;
        this.cellBytes = cellBytes;
        this.heapMiB = heapMiB;
    }

    TrainingProgram program() {
        return program.value();
    }

    TrainingSettings settings() {
        return settings;
    }

    List<Integer> cellBytes() {
        return cellBytes;
    }

    int heapMiB() {
        return heapMiB;
    }

    @Override
    public Iterator<TaskResult> apply(Iterator<Tuple2<SliceKey, Slice>> slices) {
        TaskResult result = BarrierTask.run(this, CollectionConverters.asJava(slices));
        return CollectionConverters.asScala(List.of(result).iterator());
    }
}
