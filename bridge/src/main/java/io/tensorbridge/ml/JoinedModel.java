package io.tensorbridge.ml;

import io.tensorbridge.tensor.Program;

/**
 * A model with all that comes before it and after, which is costly to make and the same for all DataFrames.
 *
 * @param key what it was made of
 * @param program the whole
 */
record JoinedModel(Object key, Program program) {}
