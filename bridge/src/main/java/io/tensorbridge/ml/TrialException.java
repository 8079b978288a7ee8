package io.tensorbridge.ml;

/** A trial of a tuning failed; says which. What it failed of is the cause. */
public final class TrialException extends RuntimeException {

    TrialException(String message, Throwable cause) {
        super(message, cause);
    }
}
