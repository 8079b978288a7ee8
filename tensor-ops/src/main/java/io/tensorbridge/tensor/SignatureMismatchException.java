package io.tensorbridge.tensor;

/** A program and the data it is to run on are each sound, but do not fit; the message names every mismatch found. */
public final class SignatureMismatchException extends IllegalArgumentException {

    public SignatureMismatchException(String message) {
        super(message);
    }

    public SignatureMismatchException(String message, Throwable cause) {
        super(message, cause);
    }
}
