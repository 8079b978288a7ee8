package io.tensorbridge.train;

import io.tensorbridge.train.worker.WorkerEvent.Failed;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How a worker has ended, as the others are told of it.
 *
 * @param failure how it has failed; null if it has not
 */
record RankStatus(int rank, @Nullable Failed failure) {

    private static final String SEPARATOR = "\t";

    /** The failure that the others come of. */
    record Cause(int rank, Failed failure) {

        String message() {
            return switch (failure.kind()) {
                case PEER ->
                    "Training stopped: expected all workers to take part in step %d, found one that did not answer worker %d in time (%s)"
                            .formatted(failure.step() + 1, rank, failure.message());
                case MACHINE, PROGRAM ->
                    "Training stopped: expected worker %d to go on after step %d, found that %s"
                            .formatted(rank, failure.step(), failure.message());
            };
        }
    }

    String encode() {
        if (failure == null) {
            return Integer.toString(rank);
        }
        String message = Base64.getEncoder().encodeToString(failure.message().getBytes(StandardCharsets.UTF_8));
        return String.join(
                SEPARATOR, Integer.toString(rank), failure.kind().name(), Long.toString(failure.step()), message);
    }

    private static RankStatus decode(String line) {
        String[] parts = line.split(SEPARATOR, -1);
        int rank = Integer.parseInt(parts[0]);
        if (parts.length == 1) {
            return new RankStatus(rank, /* failure= */ null);
        }
        String message = new String(Base64.getDecoder().decode(parts[3]), StandardCharsets.UTF_8);
        return new RankStatus(rank, new Failed(Failed.Kind.valueOf(parts[1]), Long.parseLong(parts[2]), message));
    }

    /**
     * Returns the failure that the others come of: that of a program first, then that of a machine; a peer's comes of another's. Its
     * step is the last one that any of them has taken, since one that is silent does not tell its own.
     */
    static Optional<Cause> cause(List<String> all) {
        List<Cause> causes = all.stream()
                .map(RankStatus::decode)
                .flatMap(
                        status -> Stream.ofNullable(status.failure()).map(failure -> new Cause(status.rank(), failure)))
                .toList();
        long step =
                causes.stream().mapToLong(cause -> cause.failure().step()).max().orElse(0);
        return causes.stream()
                .min(Comparator.<Cause>comparingInt(
                                cause -> urgency(cause.failure().kind()))
                        .thenComparingInt(Cause::rank))
                .map(cause -> new Cause(
                        cause.rank(),
                        new Failed(cause.failure().kind(), step, cause.failure().message())));
    }

    private static int urgency(Failed.Kind kind) {
        return switch (kind) {
            case PROGRAM -> 0;
            case MACHINE -> 1;
            case PEER -> 2;
        };
    }
}
