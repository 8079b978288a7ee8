package io.tensorbridge.tensor;

/** Why bytes had to be copied between Arrow and TensorFlow. What is counted is the bytes written. */
public enum CopyReason {
    /** The column does not begin at a multiple of 64 bytes, which is all that TensorFlow aliases. */
    MISALIGNED,
    /** The program writes to its inputs or keeps them beyond the run, so it is given tensors of its own. */
    PROGRAM,
    /** The program computes in halves, which are floats in a column. */
    HALF,
    /** Strings lie otherwise in a tensor than in a column. */
    STRING
}
