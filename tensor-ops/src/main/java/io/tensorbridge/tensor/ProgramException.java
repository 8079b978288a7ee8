package io.tensorbridge.tensor;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A program could not be loaded, or failed while it ran. */
public final class ProgramException extends RuntimeException {

    private final String reason;
    private final @Nullable String refusal;

    /**
     * Creates the exception.
     *
     * @param what what failed, such as {@code Program 'iris' failed on 10 rows}
     * @param reason why, in TensorFlow's words or in ours
     */
    public ProgramException(String what, String reason) {
        super(what + ": " + reason);
        this.reason = reason;
        this.refusal = null;
    }

    public ProgramException(String what, String reason, Throwable cause) {
        super(what + ": " + reason, cause);
        this.reason = reason;
        this.refusal = null;
    }

    private ProgramException(String what, String reason, String refusal) {
        super(what + ": " + reason);
        this.reason = reason;
        this.refusal = refusal;
    }

    /**
     * Returns the failure of a run for the sake of what was fed.
     *
     * @param refusal what is wrong with it
     */
    static ProgramException ofInput(String what, String reason, String refusal) {
        return new ProgramException(what, reason, refusal);
    }

    /** Returns why it failed, without what. */
    public String reason() {
        return reason;
    }

    /**
     * Returns what is wrong with what was fed, in one sentence, if that is why the run failed: a check refused a value, or
     * TensorFlow an argument. Then other rows may do better.
     */
    public Optional<String> refusal() {
        return Optional.ofNullable(refusal);
    }
}
