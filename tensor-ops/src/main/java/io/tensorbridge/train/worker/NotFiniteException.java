package io.tensorbridge.train.worker;

import java.util.OptionalLong;

/** Training has come to what is no number, from where it does not come back. */
final class NotFiniteException extends RuntimeException {

    private NotFiniteException(String message) {
        super(message);
    }

    /**
     * @param lastCheckpoint after which step there is a checkpoint
     */
    static NotFiniteException ofLoss(float loss, long step, OptionalLong lastCheckpoint) {
        return new NotFiniteException(
                message("expected a finite loss, found %s in step %d".formatted(loss, step), lastCheckpoint));
    }

    static NotFiniteException ofVariable(String variable, long step, OptionalLong lastCheckpoint) {
        return new NotFiniteException(message(
                "expected finite variables, found that '%s' is not after step %d".formatted(variable, step),
                lastCheckpoint));
    }

    private static String message(String found, OptionalLong lastCheckpoint) {
        String checkpoint = lastCheckpoint.isPresent()
                ? "the last checkpoint was written after step %d".formatted(lastCheckpoint.getAsLong())
                : "no checkpoint was written";
        return "Cannot train on: %s; %s. Lower the learningRate(…), set a clipNorm(…), or look for what the program divides by or takes the logarithm or the root of"
                .formatted(found, checkpoint);
    }
}
