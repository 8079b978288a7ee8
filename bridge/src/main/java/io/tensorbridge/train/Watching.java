package io.tensorbridge.train;

import io.tensorbridge.train.TrainingListener.Ending;
import io.tensorbridge.train.worker.WorkerEvent;
import io.tensorbridge.train.worker.WorkerEvent.Epoch;
import io.tensorbridge.train.worker.WorkerEvent.Progress;
import io.tensorbridge.train.worker.WorkerEvent.Ready;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands on to listeners what the first worker says, and holds all of them to the same weights. Listens on one thread; the verdict may
 * be asked for by another when that is done.
 */
final class Watching implements BiConsumer<Integer, WorkerEvent> {

    private static final Logger LOG = LoggerFactory.getLogger(Watching.class);

    private final List<TrainingListener> listeners;
    private final Map<Integer, String> weights = new HashMap<>(); // by epochs, since the stage was started
    private volatile @Nullable String difference;

    Watching(List<TrainingListener> listeners) {
        this.listeners = listeners;
    }

    void begin(TrainingListener.Start start) {
        tell(listener -> listener.begin(start));
    }

    @Override
    public void accept(Integer rank, WorkerEvent event) {
        if (event instanceof Ready) { // again, after a restart, whose sums may differ in their last bits
            weights.clear();
        } else if (event instanceof Epoch epoch) {
            compare(rank, epoch);
        }
        if (rank != 0) {
            return;
        }
        if (event instanceof Progress progress) {
            tell(listener -> listener.progress(progress));
        } else if (event instanceof Epoch epoch) {
            tell(listener -> listener.epoch(epoch.result(), epoch.histograms()));
        }
    }

    private void compare(int rank, Epoch epoch) {
        int number = epoch.result().epoch();
        String first = weights.putIfAbsent(number, epoch.weights());
        if (first != null && !first.equals(epoch.weights())) {
            difference =
                    "Training went wrong: expected all workers to have the same weights after epoch %d, found that worker %d has others (%s and %s). Train again; if it happens again, this is an error of the library"
                            .formatted(number, rank, first, epoch.weights());
        }
    }

    void end(Ending ending) {
        tell(listener -> listener.end(ending));
    }

    private void tell(Consumer<TrainingListener> what) {
        for (TrainingListener listener : listeners) {
            try {
                what.accept(listener);
            } catch (RuntimeException e) { // watching harms nothing
                LOG.warn("A listener of a training has failed", e);
            }
        }
    }

    /** Makes sure that the workers had the same weights after each epoch. */
    void check() {
        String found = difference;
        if (found != null) {
            throw new TrainingException(found);
        }
    }
}
