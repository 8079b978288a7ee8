package io.tensorbridge.tensor;

import org.tensorflow.proto.ConfigProto;

/**
 * How TensorFlow uses threads.
 *
 * <p>Its pools belong to the process, and the first session decides their size.
 *
 * @param interOpThreads threads that run operations beside each other; -1 runs them on the calling thread, 0 leaves it to
 *     TensorFlow
 * @param intraOpThreads threads that share one operation; 0 leaves it to TensorFlow
 */
public record SessionOptions(int interOpThreads, int intraOpThreads) {

    public SessionOptions {
        if (interOpThreads < -1) {
            throw new IllegalArgumentException(
                    "Invalid inter-op threads: must be -1 or more, found %d".formatted(interOpThreads));
        }
        if (intraOpThreads < 0) {
            throw new IllegalArgumentException(
                    "Invalid intra-op threads: must not be negative, found %d".formatted(intraOpThreads));
        }
    }

    /** Operations run on the calling thread, each on so many threads: what a Spark task with as many CPUs wants. */
    public static SessionOptions onCallingThread(int intraOpThreads) {
        return new SessionOptions(-1, intraOpThreads);
    }

    byte[] toConfig() {
        return ConfigProto.newBuilder()
                .setInterOpParallelismThreads(interOpThreads)
                .setIntraOpParallelismThreads(intraOpThreads)
                .build()
                .toByteArray();
    }
}
