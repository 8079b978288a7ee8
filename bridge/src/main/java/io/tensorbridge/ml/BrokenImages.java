package io.tensorbridge.ml;

/** What becomes of a row whose picture is missing, or is none, or is cut short, or is too large. */
public enum BrokenImages {
    /** The job fails, and says why. */
    ERROR,
    /** The row has nulls in the new columns, and why in the reason column, if there is one. */
    NULL,
    /** The row is left out. */
    DROP
}
