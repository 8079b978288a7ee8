package io.tensorbridge.tensor;

import java.time.Duration;
import java.util.Optional;
import org.tensorflow.proto.ConfigProto;

/**
 * How TensorFlow uses threads, and how long a run may take.
 *
 * <p>Its pools of threads belong to the process, and the first session decides their size.
 *
 * @param interOpThreads threads that run operations beside each other; -1 runs them on the calling thread, 0 leaves it to
 *     TensorFlow
 * @param intraOpThreads threads that share one operation; 0 leaves it to TensorFlow
 * @param runLimit how long one run may take, if there is a limit. A loop or a wait is cut short then, an operation that
 *     computes is not: it fails when it has ended. Either way the session is {@link ProgramSession#isSpoiled spoiled}
 */
public record SessionOptions(int interOpThreads, int intraOpThreads, Optional<Duration> runLimit) {

    private static final Duration SHORTEST_LIMIT = Duration.ofMillis(1);

    public SessionOptions {
        if (interOpThreads < -1) {
            throw new IllegalArgumentException(
                    "Invalid inter-op threads: must be -1 or more, found %d".formatted(interOpThreads));
        }
        if (intraOpThreads < 0) {
            throw new IllegalArgumentException(
                    "Invalid intra-op threads: must not be negative, found %d".formatted(intraOpThreads));
        }
        if (runLimit.isPresent() && runLimit.get().compareTo(SHORTEST_LIMIT) < 0) {
            throw new IllegalArgumentException(
                    "Invalid limit of a run: must be 1 ms or more, found %s".formatted(runLimit.get()));
        }
    }

    /** Operations run on the calling thread, each on so many threads: what a Spark task with as many CPUs wants. */
    public static SessionOptions onCallingThread(int intraOpThreads) {
        return new SessionOptions(-1, intraOpThreads, Optional.empty());
    }

    /** Returns these options with a limit to the time that one run may take. */
    public SessionOptions runLimit(Duration limit) {
        return new SessionOptions(interOpThreads, intraOpThreads, Optional.of(limit));
    }

    byte[] toConfig() {
        return ConfigProto.newBuilder()
                .setInterOpParallelismThreads(interOpThreads)
                .setIntraOpParallelismThreads(intraOpThreads)
                .build()
                .toByteArray();
    }
}
