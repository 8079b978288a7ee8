package io.tensorbridge.train.graph;

import java.util.List;

/**
 * The placeholders of a step's graph.
 *
 * @param inputs those of the program's inputs, in its order
 * @param weight a micro-batch's share in the rows of a step: float32, a scalar
 * @param rate the rate: float32, a scalar
 * @param count how many steps have been taken before: int64, a scalar
 * @param random what random numbers come of: int64 {@code [2]}; the same on all workers to begin, another on each in a step
 * @param file the prefix of the files that are saved to and restored from: a string, a scalar
 */
public record Feeds(List<String> inputs, String weight, String rate, String count, String random, String file) {}
