package io.tensorbridge.tensor;

/** A program could not be loaded, or failed while it ran. */
public final class ProgramException extends RuntimeException {

    private final String reason;

    /**
     * Creates the exception.
     *
     * @param what what failed, such as {@code Program 'iris' failed on 10 rows}
     * @param reason why, in TensorFlow's words or in ours
     */
    public ProgramException(String what, String reason) {
        super(what + ": " + reason);
        this.reason = reason;
    }

    public ProgramException(String what, String reason, Throwable cause) {
        super(what + ": " + reason, cause);
        this.reason = reason;
    }

    /** Returns why it failed, without what. */
    public String reason() {
        return reason;
    }
}
