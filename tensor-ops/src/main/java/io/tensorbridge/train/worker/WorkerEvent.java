package io.tensorbridge.train.worker;

import com.google.protobuf.ByteString;
import java.io.Serializable;
import java.util.List;

/**
 * What a worker says while it trains, in this order: ready, steps and epochs and checkpoints, and at last one of the ends. A worker
 * that says nothing for longer than a step may take is in trouble.
 */
public sealed interface WorkerEvent extends Serializable {

    /** The session is open and the first values are there. */
    record Ready() implements WorkerEvent {}

    /**
     * Steps have been taken: said several times a second, and not of every step.
     *
     * @param epoch which epoch, from 1
     * @param step how many steps have been taken
     * @param steps how many there will be, if training does not stop before
     * @param loss of the last step
     * @param metrics of the last step, in the program's order
     * @param rate of the last step
     * @param rows how many rows were seen since training began or went on, over all workers
     */
    record Progress(int epoch, long step, long steps, double loss, List<Double> metrics, double rate, long rows)
            implements WorkerEvent {}

    /** Something goes on that is no step: a part of a validation has been done, or files have been written. */
    record Alive() implements WorkerEvent {}

    /**
     * An epoch has ended.
     *
     * @param weights a checksum of all variables, the same on every worker
     * @param histograms of the first worker alone: a serialised {@code Summary} of TensorFlow's, with a histogram of each variable;
     *     else empty
     */
    record Epoch(EpochResult result, String weights, ByteString histograms) implements WorkerEvent {}

    /** The first worker has written a checkpoint, which is the reader's to remove. */
    record Checkpoint(long step, String directory) implements WorkerEvent {}

    /**
     * Training has ended.
     *
     * @param reason why: all epochs, or no better weights
     * @param history all epochs, those before a restart included
     * @param directory of the first worker, where the result is: a checkpoint {@code variables.index}, {@code variables.data-*}
     *     with the program's variables; else empty
     */
    record Finished(Reason reason, List<EpochResult> history, String directory) implements WorkerEvent {

        /** Why training ended. */
        public enum Reason {
            ALL_EPOCHS,
            NO_BETTER
        }
    }

    /**
     * Training has failed.
     *
     * @param kind whose failure it is
     * @param step how many steps had been taken
     * @param message why, a whole sentence with its cure
     */
    record Failed(Kind kind, long step, String message) implements WorkerEvent {

        /** Whose failure it is. */
        public enum Kind {
            /** The program's, the rows' or the settings': another try would fail alike. */
            PROGRAM,
            /** Another worker did not answer in time. */
            PEER,
            /** The machine's: no port, no disk, no memory. */
            MACHINE
        }
    }
}
