package io.tensorbridge.train;

import io.tensorbridge.train.graph.TrainingProgram;
import io.tensorbridge.train.worker.TrainingSettings;
import java.io.Serializable;
import java.util.List;
import org.apache.spark.broadcast.Broadcast;
import org.jspecify.annotations.Nullable;
import scala.Tuple2;
import scala.collection.Iterator;
import scala.jdk.javaapi.CollectionConverters;
import scala.runtime.AbstractFunction1;

/**
 * What every task of the barrier stage does: trains as one worker, and gives its {@link TaskResult}, serialised, under its rank.
 *
 * @see BarrierTask
 */
final class TrainingStage
        extends AbstractFunction1<Iterator<Tuple2<SliceKey, Slice>>, Iterator<Tuple2<Integer, byte[]>>>
        implements Serializable {

    private final Broadcast<byte[]> program;
    private final TrainingSettings settings;
    private final List<Integer> cellBytes;
    private final int heapMiB;
    private final @Nullable CheckpointStore checkpoints;
    private final TrainingEvents.Sender events;
    private final TrainingCounts counts;

    TrainingStage(
            Broadcast<byte[]> program,
            TrainingSettings settings,
            List<Integer> cellBytes,
            int heapMiB,
            @Nullable CheckpointStore checkpoints,
            TrainingEvents.Sender events,
            TrainingCounts counts) {
        this.program = program;
        this.settings = settings;
        this.cellBytes = cellBytes;
        this.heapMiB = heapMiB;
        this.checkpoints = checkpoints;
        this.events = events;
        this.counts = counts;
    }

    TrainingProgram program() {
        return Serialized.decode(program.value(), TrainingProgram.class);
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

    /** Returns where checkpoints are kept, if they are. */
    @Nullable
    CheckpointStore checkpoints() {
        return checkpoints;
    }

    TrainingEvents.Sender events() {
        return events;
    }

    TrainingCounts counts() {
        return counts;
    }

    @Override
    public Iterator<Tuple2<Integer, byte[]>> apply(Iterator<Tuple2<SliceKey, Slice>> slices) {
        TaskResult result = BarrierTask.run(this, CollectionConverters.asJava(slices));
        return CollectionConverters.asScala(
                List.of(new Tuple2<>(result.rank(), Serialized.encode(result))).iterator());
    }
}
