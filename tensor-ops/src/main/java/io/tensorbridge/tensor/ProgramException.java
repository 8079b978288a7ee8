package io.tensorbridge.tensor;

/** A program could not be loaded, or failed while it ran. */
public final class ProgramException extends RuntimeException {

    private final String reason;
    private final boolean ofInput;

    /**
     * Creates the exception.
     *
     * @param what what failed, such as {@code Program 'iris' failed on 10 rows}
     * @param reason why, in TensorFlow's words or in ours
     */
    public ProgramException(String what, String reason) {
        super(what + ": " + reason);
        this.reason = reason;
        this.ofInput = false;
    }

    public ProgramException(String what, String reason, Throwable cause) {
        super(what + ": " + reason, cause);
        this.reason = reason;
        this.ofInput = false;
    }

    private ProgramException(String what, String reason, boolean ofInput) {
        super(what + ": " + reason);
        this.reason = reason;
        this.ofInput = ofInput;
    }

    /** Returns the failure of a run that does not take what it is fed with. */
    static ProgramException ofInput(String what, String reason) {
        return new ProgramException(what, reason, /* ofInput= */ true);
    }

    /** Returns why it failed, without what. */
    public String reason() {
        return reason;
    }

    /**
     * Returns whether what was fed is to blame, so that other rows may do better: a check of an input refused a value, or
     * TensorFlow an argument.
     */
    public boolean isOfInput() {
        return ofInput;
    }
}
