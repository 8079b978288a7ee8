package io.tensorbridge.train;

import com.google.protobuf.ByteString;
import io.tensorbridge.train.worker.EpochResult;
import io.tensorbridge.train.worker.WorkerEvent;
import java.util.List;

/**
 * Is told on the driver how training goes.
 *
 * <p>It is called by one thread at a time: {@code begin}, then {@code progress} and {@code epoch} as they come, then {@code end}.
 * When Spark has restarted the stage, training goes on from its last checkpoint, and the steps and epochs since then are told
 * again, with the same numbers. What a listener throws is logged and harms nothing else.
 */
public interface TrainingListener {

    /**
     * Training begins.
     *
     * @param start what is known before the first step
     */
    default void begin(Start start) {}

    /**
     * Steps have been taken.
     *
     * @param progress as the first worker says it, several times a second
     */
    default void progress(WorkerEvent.Progress progress) {}

    /**
     * An epoch has ended.
     *
     * @param result over all workers
     * @param histograms a serialised {@code org.tensorflow.proto.Summary} with a histogram of each variable; may be empty
     */
    default void epoch(EpochResult result, ByteString histograms) {}

    /** Training has ended, in whatever way; nothing is told after this. */
    default void end(Ending ending) {}

    /** How training ended. */
    enum Ending {
        /** After the last epoch. */
        ALL_EPOCHS,
        /** Before it, for nothing got better. */
        NO_BETTER,
        /** By an exception, or because it was cancelled. */
        FAILED
    }

    /**
     * What is known of training before its first step.
     *
     * @param program the SHA-256 of what is trained
     * @param metrics the names of its metrics, in the order of {@link WorkerEvent.Progress#metrics()}
     * @param workers how many workers there are
     * @param epochs how often every row is seen, at most
     * @param batchRows rows of a worker in a step, at most
     * @param rule what a step does with the gradients, as messages show it
     */
    record Start(String program, List<String> metrics, int workers, int epochs, int batchRows, String rule) {

        /** Takes what is known, with a copy of the list. */
        public Start {
            metrics = List.copyOf(metrics);
        }
    }
}
