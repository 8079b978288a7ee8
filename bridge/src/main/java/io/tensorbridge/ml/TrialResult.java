package io.tensorbridge.ml;

import java.util.Map;

/**
 * What came of a trial.
 *
 * @param params its params as strings, by name
 * @param metric the mean over the folds
 * @param seconds fitting and judging, over all folds
 * @param featureSeconds what the transformers took, once for all trials that share them
 */
record TrialResult(Map<String, String> params, double metric, double seconds, double featureSeconds) {}
