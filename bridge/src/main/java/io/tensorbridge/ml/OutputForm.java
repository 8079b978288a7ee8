package io.tensorbridge.ml;

/** How features are given. */
public enum OutputForm {
    /** As Spark ML's dense vectors, for its estimators. */
    VECTOR,
    /** As the program gives them: arrays of floats, say, nested where cells have several dimensions. */
    ARRAY
}
