package io.tensorbridge.train;

/** Training has failed, and would fail again: by its program, its rows or its settings. */
public final class TrainingException extends RuntimeException {

    TrainingException(String message) {
        super(message);
    }

    TrainingException(String message, Throwable cause) {
        super(message, cause);
    }
}
