package io.tensorbridge.internal.bind;

/** In which form a reduction is run over many groups at once. */
public enum GroupForm {
    /** Every output is a plain sum, product, minimum or maximum: one run takes all rows, each with its group's number. */
    SEGMENTED,
    /** Any other: one run for all groups of a block that have equally many rows. */
    STACKED
}
