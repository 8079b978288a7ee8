package io.tensorbridge.train;

import io.tensorbridge.train.worker.WorkerEvent.Failed;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** How a worker has failed, as the others are told of it. */
record RankStatus(int rank, Failed failure) {

    private static final String SEPARATOR = "\t";

    String encode() {
        String message = Base64.getEncoder().encodeToString(failure.message().getBytes(StandardCharsets.UTF_8));
        return String.join(
                SEPARATOR, Integer.toString(rank), failure.kind().name(), Long.toString(failure.step()), message);
    }

    private static RankStatus decode(String line) {
        String[] parts = line.split(SEPARATOR, -1);
        String message = new String(Base64.getDecoder().decode(parts[3]), StandardCharsets.UTF_8);
        return new RankStatus(
                Integer.parseInt(parts[0]),
                new Failed(Failed.Kind.valueOf(parts[1]), Long.parseLong(parts[2]), message));
    }

    /** Returns the failure that the others come of: that of a program first, then that of a machine; a peer's comes of another's. */
    static RankStatus cause(RankStatus own, List<String> others) {
        return Stream.concat(Stream.of(own), others.stream().map(RankStatus::decode))
                .min(Comparator.<RankStatus>comparingInt(
                                status -> urgency(status.failure().kind()))
                        .thenComparingInt(RankStatus::rank))
                .orElse(own);
    }

    private static int urgency(Failed.Kind kind) {
        return switch (kind) {
            case PROGRAM -> 0;
            case MACHINE -> 1;
            case PEER -> 2;
        };
    }

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
