package io.tensorbridge.tensor;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.GPUOptions;

/**
 * How TensorFlow uses threads, how long a run may take, and where it runs.
 *
 * <p>Its pools of threads belong to the process, and the first session decides their size.
 *
 * @param interOpThreads threads that run operations beside each other; -1 runs them on the calling thread, 0 leaves it to
 *     TensorFlow
 * @param intraOpThreads threads that share one operation; 0 leaves it to TensorFlow
 * @param runLimit how long one run may take, if there is a limit. A loop or a wait is cut short then, an operation that
 *     computes is not: it fails when it has ended. Either way the session is {@link ProgramSession#isSpoiled spoiled}
 * @param device on what it runs
 * @param gpu which GPU, if it is one and not the first
 */
public record SessionOptions(
        int interOpThreads, int intraOpThreads, Optional<Duration> runLimit, Device device, OptionalInt gpu) {

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
        if (gpu.isPresent() && (gpu.getAsInt() < 0 || device == Device.CPU)) {
            throw new IllegalArgumentException("Invalid index of a GPU: must not be %s, found %d"
                    .formatted(gpu.getAsInt() < 0 ? "negative" : "there on the CPU", gpu.getAsInt()));
        }
        if (runLimit.isPresent() && runLimit.get().compareTo(SHORTEST_LIMIT) < 0) {
            throw new IllegalArgumentException(
                    "Invalid limit of a run: must be 1 ms or more, found %s".formatted(runLimit.get()));
        }
    }

    /** Leaves it to TensorFlow where it runs. */
    public SessionOptions(int interOpThreads, int intraOpThreads, Optional<Duration> runLimit) {
        this(interOpThreads, intraOpThreads, runLimit, Device.AUTO, OptionalInt.empty());
    }

    /** Operations run on the calling thread, each on so many threads: what a Spark task with as many CPUs wants. */
    public static SessionOptions onCallingThread(int intraOpThreads) {
        return new SessionOptions(-1, intraOpThreads, Optional.empty());
    }

    /** Returns these options with a limit to the time that one run may take. */
    public SessionOptions runLimit(Duration limit) {
        return new SessionOptions(interOpThreads, intraOpThreads, Optional.of(limit), device, gpu);
    }

    /** Returns these options on a device; on the first GPU, if it is one. */
    public SessionOptions device(Device on) {
        return new SessionOptions(interOpThreads, intraOpThreads, runLimit, on, OptionalInt.empty());
    }

    /**
     * Returns these options on one of several GPUs.
     *
     * @param index which, from 0
     */
    public SessionOptions gpu(int index) {
        return new SessionOptions(interOpThreads, intraOpThreads, runLimit, device, OptionalInt.of(index));
    }

    byte[] toConfig() {
        ConfigProto.Builder config = ConfigProto.newBuilder()
                .setInterOpParallelismThreads(interOpThreads)
                .setIntraOpParallelismThreads(intraOpThreads)
                .setAllowSoftPlacement(true) // not every operation has a GPU kernel
                .setGpuOptions(GPUOptions.newBuilder().setAllowGrowth(true)); // it is not this process's alone
        if (device == Device.CPU) {
            config.putDeviceCount("GPU", 0);
        }
        return config.build().toByteArray();
    }
}
