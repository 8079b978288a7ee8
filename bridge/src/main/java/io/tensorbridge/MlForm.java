package io.tensorbridge;

/** What of Spark ML's a column of arrays is given as. */
enum MlForm {
    VECTOR,
    MATRIX
}
