package io.tensorbridge.tensor;

import org.tensorflow.TensorFlow;

/** Loads TensorFlow's native libraries, once, the way this library needs them. */
final class TensorFlowRuntime {

    private static final String MEMORY_GUARD = "org.bytedeco.javacpp.maxPhysicalBytes";

    private static final String VERSION = load0();

    private TensorFlowRuntime() {}

    /** Loads TensorFlow if this process has not done so yet. */
    static void load() {
        version();
    }

    /** Returns the version of the TensorFlow that runs. */
    static String version() {
        return VERSION;
    }

    private static String load0() {
        // JavaCPP throws an OutOfMemoryError when the process grows beyond four times the heap, which costs a Spark
        // executor its life; and it reads the process's size at every pointer. What a user has set stays.
        if (System.getProperty(MEMORY_GUARD) == null) {
            System.setProperty(MEMORY_GUARD, "0");
        }
        return TensorFlow.version();
    }
}
