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
    STRING,
    /** Lists were made equally long, or marked where they are padded. */
    PADDED,
    /** Offsets of lists do not begin at 0, or are not as wide as the program wants them, or it wants lengths. */
    ROW_SPLITS,
    /** Rows of different shapes were put together with those of their shape, and their results back into order. */
    GROUPED
}
