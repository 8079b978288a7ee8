package io.tensorbridge.model.internal;

/**
 * Something that a model may not have.
 *
 * @param where what has it, such as {@code operation 'write' of function 'f'}
 * @param expected what there should be
 * @param found what there is
 * @param cure what mends it: a sentence without its dot
 */
public record Finding(String where, String expected, String found, String cure) {

    /** Returns the finding as a line of a message. */
    @Override
    public String toString() {
        return "%s: expected %s, found %s. %s".formatted(where, expected, found, cure);
    }
}
