package io.tensorbridge.train.graph;

/** What the signatures and collections of a saved model are called that is to be trained on. */
final class TrainingSignatures {

    /** Inputs to the outputs of the program in use. */
    static final String SERVING_DEFAULT = "serving_default";

    /** Inputs to {@link #LOSS} and metrics, as they are trained on. */
    static final String TRAIN = "train";

    /** The same as {@link #TRAIN}, and a gradient of each trained variable: {@link #GRADIENT} and its name. */
    static final String GRADIENTS = "gradients";

    /** Inputs to {@link #LOSS} and metrics, as they are validated; if that differs from {@link #TRAIN}. */
    static final String EVALUATE = "evaluate";

    /** Inputs to the new values of variables that have no gradient, by their names: moving averages. */
    static final String UPDATES = "updates";

    static final String LOSS = "loss";
    static final String GRADIENT = "gradient/";

    /** TensorFlow's own collections of variables. */
    static final String TRAINABLE_VARIABLES = "trainable_variables";

    static final String VARIABLES = "variables";

    // orders, which signatures have none of, and what they have no place for
    static final String INPUTS = "tensorbridge_inputs";
    static final String METRICS = "tensorbridge_metrics";
    static final String OUTPUTS = "tensorbridge_outputs";
    static final String VARIABLE_NAMES = "tensorbridge_variables";
    static final String RANGES = "tensorbridge_ranges";

    private TrainingSignatures() {}
}
