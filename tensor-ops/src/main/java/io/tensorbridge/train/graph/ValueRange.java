package io.tensorbridge.train.graph;

import java.io.Serializable;

/**
 * The whole numbers that an input may have: labels.
 *
 * @param input the name of the input, of whole numbers
 * @param least the smallest
 * @param bound one more than the largest
 */
public record ValueRange(String input, long least, long bound) implements Serializable {}
