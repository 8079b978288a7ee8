package io.tensorbridge.arrow;

/** A cell is not what its column was said to hold; the message names column, row and block. */
public final class BlockException extends IllegalArgumentException {

    public BlockException(String message) {
        super(message);
    }
}
