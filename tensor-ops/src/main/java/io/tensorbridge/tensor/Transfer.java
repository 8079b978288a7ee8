package io.tensorbridge.tensor;

/** How the values of an element type get from a column into a tensor, and from a tensor into a column. */
enum Transfer {
    /** They are the same bytes on both sides, so a tensor lies over a column's memory and a column over a tensor's. */
    ALIAS,
    /** They are floats in a column and half as wide in a tensor; {@link HalfTensors}. */
    HALF,
    /** They are offsets and bytes in a column, TensorFlow's strings in a tensor; {@link StringTensors}. */
    STRING
}
