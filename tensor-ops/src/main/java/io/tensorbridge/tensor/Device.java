package io.tensorbridge.tensor;

/** Where a program is to run. */
public enum Device {
    /** On a GPU if TensorFlow finds one, else on the CPU. */
    AUTO,
    /** On the CPU, whatever else there is. */
    CPU,
    /** On a GPU; where there is none it is an error. What has no GPU kernel runs on the CPU. */
    GPU
}
